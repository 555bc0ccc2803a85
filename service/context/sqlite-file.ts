// The database file of the sqlite store: its tables, and every act on them in one transaction.
// Station: inside the store's Worker, the only thread that waits for the disk.
//
//   callers   caller_key -> the stored caller as JSON, when it ends
//   history   caller_key, call_id, sequence -> one entry as JSON, its time
//   results   scope, hash of the key -> a cached result as JSON, when it ends
//
// WAL with synchronous NORMAL: a crash of the process loses nothing, one of the machine at most the
// newest moments. secure_delete, and a truncated log after an erase: what is erased is overwritten.
// The file is its owner's alone (0600). A file that was moved away or deleted is noticed before the
// next act, and a new one is made in its place.
// Source: sqlite.org, "Write-Ahead Logging", "Result Codes", pragma pages.
import { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import { closeSync, openSync, statSync } from "node:fs";
import type { CallerContext, ContextUpdate, HistoryEntry } from "../contract/caller-context.ts";
import { CACHE_RESULTS_MAX, HISTORY_ENTRIES_MAX, STORE_SWEEP_MS } from "../limits.ts";
import { boundedEntry, parseHistoryEntry } from "./history-entry.ts";
import type { SqliteWorkerData, StoreAnswer, StoreRequest } from "./sqlite-messages.ts";
import {
  EMPTY_STORED_CALLER,
  parseStoredCaller,
  printStoredCaller,
  type StoredCaller,
  updatedCaller,
} from "./stored-caller.ts";

const VERSION = 1;
const TABLES = `
  CREATE TABLE callers (
    caller_key TEXT PRIMARY KEY, stored TEXT NOT NULL, ends_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX callers_end ON callers (ends_ms);
  CREATE TABLE history (
    caller_key TEXT NOT NULL, call_id TEXT NOT NULL, sequence INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL, entry TEXT NOT NULL,
    PRIMARY KEY (caller_key, call_id, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX history_order ON history (caller_key, wall_ms, sequence);
  CREATE INDEX history_end ON history (wall_ms);
  CREATE TABLE results (
    scope TEXT NOT NULL, key_hash TEXT NOT NULL, value TEXT NOT NULL, ends_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, key_hash)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX results_end ON results (ends_ms);
  PRAGMA user_version = ${VERSION};
`;

export class SqliteFile {
  readonly #settings: SqliteWorkerData;
  #database: Database | null = null;
  #identity = "";
  #sweptMs = Number.NEGATIVE_INFINITY;
  #unreadable = 0;

  constructor(settings: SqliteWorkerData) {
    this.#settings = settings;
  }

  /** Does one act. Throws what sqlite throws; the next act tries to open the file again. */
  act(request: StoreRequest): StoreAnswer {
    const database = this.#opened();
    if (request.wallMs - this.#sweptMs >= STORE_SWEEP_MS) this.#sweep(database, request.wallMs);
    return database.transaction(() => this.#acted(database, request)).immediate();
  }

  /** Records that did not parse since the last call. */
  takeUnreadable(): number {
    const unreadable = this.#unreadable;
    this.#unreadable = 0;
    return unreadable;
  }

  /** After an erase: what was overwritten leaves the log too. */
  emptyLog(): void {
    this.#database?.run("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  close(): void {
    const database = this.#database;
    this.#database = null;
    database?.close();
  }

  #acted(database: Database, request: StoreRequest): StoreAnswer {
    switch (request.kind) {
      case "load":
        return this.#stored(database, request.caller, request.wallMs).context;
      case "update":
        return this.#update(database, request.caller, request.update, request.wallMs);
      case "append":
        this.#append(database, request.caller, request.entries, request.wallMs);
        return null;
      case "history":
        return this.#history(database, request.caller, request.entriesMax, request.wallMs);
      case "erase":
        for (const table of ["callers", "history"]) {
          database.run(`DELETE FROM ${table} WHERE caller_key = ?`, [request.caller]);
        }
        database.run("DELETE FROM results WHERE scope = ?", [request.caller]);
        return null;
      case "cached":
        return cachedValue(database, request.scope, request.key, request.wallMs);
      case "cache":
        database.run("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", [
          request.scope,
          hashOf(request.key),
          JSON.stringify(request.value),
          Math.floor(request.endsMs),
        ]);
        return null;
    }
  }

  #stored(database: Database, caller: string, wallMs: number): StoredCaller {
    const row = database
      .query<{ stored: string }, [string, number]>(
        "SELECT stored FROM callers WHERE caller_key = ? AND ends_ms > ?",
      )
      .get(caller, wallMs);
    if (row === null) return EMPTY_STORED_CALLER;
    const stored = parseStoredCaller(row.stored);
    if (stored === null) this.#unreadable += 1;
    return stored ?? EMPTY_STORED_CALLER;
  }

  #update(
    database: Database,
    caller: string,
    update: ContextUpdate,
    wallMs: number,
  ): CallerContext {
    const stored = updatedCaller(this.#stored(database, caller, wallMs), update, wallMs);
    const endsMs = stored.context.signals.lastActiveMs + this.#settings.retentionMs;
    database
      .query("INSERT OR REPLACE INTO callers VALUES (?, ?, ?)")
      .run(caller, printStoredCaller(stored), endsMs);
    return stored.context;
  }

  #append(
    database: Database,
    caller: string,
    entries: readonly HistoryEntry[],
    wallMs: number,
  ): void {
    const insert = database.query("INSERT OR IGNORE INTO history VALUES (?, ?, ?, ?, ?)");
    for (const given of entries) {
      const entry = boundedEntry(given);
      insert.run(caller, entry.callId, entry.sequence, entry.wallMs, JSON.stringify(entry));
    }
    database.run("DELETE FROM history WHERE caller_key = ? AND wall_ms <= ?", [
      caller,
      Math.floor(wallMs - this.#settings.historyMs),
    ]);
    database.run(
      `DELETE FROM history WHERE (caller_key, call_id, sequence) IN (
         SELECT caller_key, call_id, sequence FROM history WHERE caller_key = ?
         ORDER BY wall_ms DESC, sequence DESC LIMIT -1 OFFSET ?)`,
      [caller, HISTORY_ENTRIES_MAX],
    );
  }

  #history(
    database: Database,
    caller: string,
    entriesMax: number,
    wallMs: number,
  ): readonly HistoryEntry[] {
    const rows = database
      .query<{ entry: string }, [string, number, number]>(
        `SELECT entry FROM history WHERE caller_key = ? AND wall_ms > ?
         ORDER BY wall_ms DESC, sequence DESC LIMIT ?`,
      )
      .all(caller, wallMs - this.#settings.historyMs, entriesMax);
    const entries = rows.map(({ entry }) => parseHistoryEntry(entry));
    const readable = entries.filter((entry) => entry !== null);
    this.#unreadable += entries.length - readable.length;
    return readable.reverse();
  }

  /** The database, opened again when its file is not the one that was opened. */
  #opened(): Database {
    const { path } = this.#settings;
    if (this.#database !== null && identityOf(path) === this.#identity) return this.#database;
    this.close();
    closeSync(openSync(path, "a", 0o600));
    this.#identity = identityOf(path);
    this.#database = openDatabase(path, this.#settings.busyMs);
    this.#sweptMs = Number.NEGATIVE_INFINITY;
    return this.#database;
  }

  #sweep(database: Database, wallMs: number): void {
    database.run("DELETE FROM callers WHERE ends_ms <= ?", [wallMs]);
    database.run("DELETE FROM history WHERE wall_ms <= ?", [wallMs - this.#settings.historyMs]);
    database.run("DELETE FROM results WHERE ends_ms <= ?", [wallMs]);
    database.run(
      `DELETE FROM results WHERE (scope, key_hash) IN (
         SELECT scope, key_hash FROM results ORDER BY ends_ms DESC LIMIT -1 OFFSET ?)`,
      [CACHE_RESULTS_MAX],
    );
    this.#sweptMs = wallMs;
  }
}

/** Another file at the same path is another one, though it may get the old one's number. */
function identityOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "" : `${found.dev} ${found.ino} ${found.birthtimeMs}`;
}

function openDatabase(path: string, busyMs: number): Database {
  const database = new Database(path, { create: true });
  try {
    database.run(`PRAGMA busy_timeout = ${busyMs}`);
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA synchronous = NORMAL");
    database.run("PRAGMA secure_delete = ON");
    database.transaction(() => makeTables(database)).immediate();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function makeTables(database: Database): void {
  const row = database.query<{ user_version: number }, []>("PRAGMA user_version").get();
  const version = row?.user_version ?? 0;
  if (version === 0) database.run(TABLES);
  else if (version !== VERSION) {
    throw new Error(`Cannot use database: its version is ${version}, must be ${VERSION}`);
  }
}

function cachedValue(
  database: Database,
  scope: string,
  key: string,
  wallMs: number,
): string | null {
  const row = database
    .query<{ value: string }, [string, string, number]>(
      "SELECT value FROM results WHERE scope = ? AND key_hash = ? AND ends_ms > ?",
    )
    .get(scope, hashOf(key), wallMs);
  if (row === null) return null;
  const value: unknown = JSON.parse(row.value);
  return typeof value === "string" ? value : null;
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
