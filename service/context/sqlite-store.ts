// The ContextStore in one file on this machine, the default where callers are remembered.
// Station: behind the contract; the database itself lives in a Worker (sqlite-worker.ts).
// Source: decision 0046, with the numbers.
// Limits: STORE_REQUESTS_MAX acts asked and not answered; each settles within deadlineMs, though the
// Worker may do it later: updates carry ids, so that doing one twice changes nothing. A Worker that
// dies is made anew, at most once per STORE_BACKOFF_MS_MAX.
import { Worker } from "node:worker_threads";
import type {
  CallerContext,
  CallerRecord,
  ContextStore,
  ContextUpdate,
  HistoryEntry,
} from "../contract/caller-context.ts";
import type { Counter } from "../contract/metrics.ts";
import {
  CACHE_VALUE_CHARACTERS_MAX,
  HISTORY_ENTRIES_MAX,
  STORE_BACKOFF_MS_MAX,
  STORE_REQUESTS_MAX,
} from "../limits.ts";
import type {
  FromSqliteWorker,
  SqliteWorkerData,
  StoreAnswer,
  StoreRequest,
  ToSqliteWorker,
} from "./sqlite-messages.ts";
import { storeUnavailable, withDeadline } from "./store-failure.ts";
import { type StoreParts, unreadableCounter } from "./store-settings.ts";

interface Waiting {
  readonly resolve: (answer: StoreAnswer) => void;
  readonly reject: (error: Error) => void;
}

export interface SqliteStoreParts extends StoreParts {
  /** The database's file; its folder must be there. */
  readonly path: string;
}

export function createSqliteStore(parts: SqliteStoreParts): ContextStore {
  return new SqliteStore(parts);
}

class SqliteStore implements ContextStore {
  readonly name = "sqlite";
  readonly #parts: SqliteStoreParts;
  readonly #unreadable: Counter;
  /** In the Worker, whether or not somebody still waits for it. */
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #workerMadeMs = Number.NEGATIVE_INFINITY;
  #requestLast = 0;
  #isClosed = false;

  constructor(parts: SqliteStoreParts) {
    this.#parts = parts;
    this.#unreadable = unreadableCounter(parts.metrics);
  }

  async load(callerKey: string): Promise<CallerContext> {
    const answer = await this.#ask({ kind: "load", caller: callerKey, wallMs: this.#wallMs() });
    return answer as CallerContext;
  }

  async update(callerKey: string, update: ContextUpdate): Promise<CallerContext> {
    const act = { kind: "update", caller: callerKey, update, wallMs: this.#wallMs() } as const;
    return (await this.#ask(act)) as CallerContext;
  }

  async appendHistory(callerKey: string, entries: readonly HistoryEntry[]): Promise<void> {
    await this.#ask({ kind: "append", caller: callerKey, entries, wallMs: this.#wallMs() });
  }

  async history(callerKey: string, entriesMax: number): Promise<readonly HistoryEntry[]> {
    const wallMs = this.#wallMs();
    const answer = await this.#ask({ kind: "history", caller: callerKey, entriesMax, wallMs });
    return answer as readonly HistoryEntry[];
  }

  async export(callerKey: string): Promise<CallerRecord> {
    const [context, history] = await Promise.all([
      this.load(callerKey),
      this.history(callerKey, HISTORY_ENTRIES_MAX),
    ]);
    return { context, history };
  }

  async erase(callerKey: string): Promise<void> {
    await this.#ask({ kind: "erase", caller: callerKey, wallMs: this.#wallMs() });
  }

  async cached(scope: string, key: string): Promise<string | null> {
    return (await this.#ask({ kind: "cached", scope, key, wallMs: this.#wallMs() })) as
      | string
      | null;
  }

  async cache(scope: string, key: string, value: string, keepMs: number): Promise<void> {
    if (value.length > CACHE_VALUE_CHARACTERS_MAX) return;
    const wallMs = this.#wallMs();
    await this.#ask({ kind: "cache", scope, key, value, endsMs: wallMs + keepMs, wallMs });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    if (worker === null) return;
    const { clock, settings } = this.#parts;
    const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    worker.postMessage("close");
    try {
      await withDeadline({ clock, deadlineMs: settings.deadlineMs, answer: exited });
    } catch {
      // It waits for a disk or a lock: what it has not done by now it will not do.
      await worker.terminate();
    }
  }

  #wallMs(): number {
    return this.#parts.clock.wallMs();
  }

  #ask(act: StoreRequest): Promise<StoreAnswer> {
    const { clock, settings } = this.#parts;
    if (this.#waiting.size >= STORE_REQUESTS_MAX) {
      return Promise.reject(
        storeUnavailable(`Cannot use store: ${STORE_REQUESTS_MAX} acts wait for it`),
      );
    }
    const worker = this.#workerNow();
    if (worker === null) {
      return Promise.reject(storeUnavailable("Cannot use store: its worker is gone"));
    }
    this.#requestLast += 1;
    const request = this.#requestLast;
    const answer = new Promise<StoreAnswer>((resolve, reject) => {
      this.#waiting.set(request, { resolve, reject });
    });
    const message: ToSqliteWorker = { request, act };
    worker.postMessage(message);
    return withDeadline({ clock, deadlineMs: settings.deadlineMs, answer });
  }

  /** -> null after close, and while a Worker that died may not be made again. */
  #workerNow(): Worker | null {
    if (this.#worker !== null || this.#isClosed) return this.#worker;
    const { clock, settings, path } = this.#parts;
    if (clock.nowMs() - this.#workerMadeMs < STORE_BACKOFF_MS_MAX) return null;
    this.#workerMadeMs = clock.nowMs();
    const { retentionMs, historyMs, deadlineMs } = settings;
    const workerData: SqliteWorkerData = {
      path,
      retentionMs,
      historyMs,
      busyMs: Math.floor(deadlineMs / 2),
    };
    const worker = new Worker(new URL("./sqlite-worker.ts", import.meta.url), { workerData });
    worker.on("message", (message: FromSqliteWorker) => this.#onAnswer(message));
    worker.on("error", () => this.#onWorkerGone(worker));
    worker.on("exit", () => this.#onWorkerGone(worker));
    this.#worker = worker;
    return worker;
  }

  #onAnswer({ request, answer, failure, unreadable }: FromSqliteWorker): void {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    this.#unreadable.add(unreadable);
    if (failure === "") waiting?.resolve(answer);
    else waiting?.reject(storeUnavailable(`Cannot use store: sqlite says ${failure}`));
  }

  #onWorkerGone(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of lost) reject(storeUnavailable("Cannot use store: its worker died"));
  }
}
