// The ContextStore in Redis or Valkey, for several processes that share their callers.
// Station: behind the contract, over one connection (redis-line.ts).
//
//   voxbridge:{<caller>}:context   the stored caller as JSON        ends retention after its update
//   voxbridge:{<caller>}:history   sorted set, time -> entry        ends with its newest entry
//   voxbridge:{<scope>}:results    hash, hash of the key -> result  ends with its longest result
//   voxbridge:result:<hash>        a result that everybody shares   ends by itself
//
// The braces keep one caller's keys on one node of a cluster, where a script may touch them all.
// An update is optimistic: read, apply, and a script that writes only if nobody wrote in between;
// so the rules of an update are written once, in TypeScript, and not again in Lua (decision 0047).
// Times to live are the service's clock's, in the data; Redis' own only clear away.
import { createHash } from "node:crypto";
import type { Random } from "../contract/clock.ts";
import type {
  CallerContext,
  CallerRecord,
  ContextStore,
  ContextUpdate,
  ErasureNews,
  HistoryEntry,
} from "../contract/caller-context.ts";
import type { Counter } from "../contract/metrics.ts";
import { CACHE_PERSONAL_MAX, CACHE_VALUE_CHARACTERS_MAX, HISTORY_ENTRIES_MAX } from "../limits.ts";
import { boundedEntry, inOrder, parseHistoryEntry } from "./history-entry.ts";
import { createRedisErasures } from "./redis-erasures.ts";
import { RedisLine } from "./redis-line.ts";
import { parseResult, printResult } from "./stored-result.ts";
import { storeUnavailable, withDeadline } from "./store-failure.ts";
import { type StoreParts, unreadableCounter } from "./store-settings.ts";
import {
  EMPTY_STORED_CALLER,
  parseStoredCaller,
  printStoredCaller,
  type StoredCaller,
  updatedCaller,
} from "./stored-caller.ts";
import { UpdateLine } from "./update-line.ts";

/** Writes if the key still holds what was read ("": nothing). -> null when written, else what is there. */
const WRITE_IF_SAME = `
  local found = redis.call('GET', KEYS[1]) or ''
  if found ~= ARGV[1] then return found end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return false`;

/** ARGV: the time before which entries end, the most entries, the longest life, then time and entry. */
const APPEND = `
  for index = 4, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[index], ARGV[index + 1]) end
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return false`;

/** ARGV: the result's name, the result, the most results, its life. */
const CACHE_PERSONAL = `
  if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then redis.call('DEL', KEYS[1]) end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then
    redis.call('PEXPIRE', KEYS[1], ARGV[4])
  end
  return false`;

/** Each try that fails means that another process got its update in. */
const WRITE_TRIES_MAX = 64;
/** A script's arguments in one command. */
const APPEND_ENTRIES_MAX = 500;
const SEQUENCE_DIGITS = 12;

export interface RedisStoreParts extends StoreParts {
  readonly url: string;
  readonly random: Random;
}

export function createRedisStore(parts: RedisStoreParts): ContextStore {
  return new RedisStore(parts);
}

class RedisStore implements ContextStore {
  readonly name = "redis";
  readonly erasures: ErasureNews;
  readonly #parts: RedisStoreParts;
  readonly #line: RedisLine;
  readonly #updates: UpdateLine;
  readonly #unreadable: Counter;

  constructor(parts: RedisStoreParts) {
    const { url, clock, random, settings } = parts;
    this.#parts = parts;
    this.#line = new RedisLine({ url, clock, random, deadlineMs: settings.deadlineMs });
    this.erasures = createRedisErasures(this.#line);
    this.#updates = new UpdateLine((callerKey, updates) => this.#apply(callerKey, updates));
    this.#unreadable = unreadableCounter(parts.metrics);
  }

  async load(callerKey: string): Promise<CallerContext> {
    const text = textOf(await this.#line.send("GET", [contextKey(callerKey)]));
    return this.#stored(text).context;
  }

  update(callerKey: string, update: ContextUpdate): Promise<CallerContext> {
    const { clock, settings } = this.#parts;
    const { answer, giveUp } = this.#updates.ask(callerKey, update);
    const { deadlineMs } = settings;
    return withDeadline({ clock, deadlineMs, answer, onPassed: giveUp });
  }

  async appendHistory(callerKey: string, entries: readonly HistoryEntry[]): Promise<void> {
    const { historyMs } = this.#parts.settings;
    const bounds = [`(${this.#wallMs() - historyMs + 1}`, `${HISTORY_ENTRIES_MAX}`, `${historyMs}`];
    for (let first = 0; first < entries.length; first += APPEND_ENTRIES_MAX) {
      const members = entries.slice(first, first + APPEND_ENTRIES_MAX).flatMap((given) => {
        const entry = boundedEntry(given);
        // Entries of one moment keep their order: a sorted set puts equal scores in text order.
        const place = String(entry.sequence).padStart(SEQUENCE_DIGITS, "0");
        return [String(entry.wallMs), place + JSON.stringify(entry)];
      });
      await this.#run(APPEND, historyKey(callerKey), [...bounds, ...members]);
    }
  }

  async history(callerKey: string, entriesMax: number): Promise<readonly HistoryEntry[]> {
    if (entriesMax <= 0) return [];
    const args = [historyKey(callerKey), String(-entriesMax), "-1"];
    const reply = await this.#line.send("ZRANGE", args);
    const members = Array.isArray(reply) ? reply : [];
    const entries = members.map((member) =>
      parseHistoryEntry(textOf(member).slice(SEQUENCE_DIGITS)),
    );
    const readable = entries.filter((entry) => entry !== null);
    this.#unreadable.add(entries.length - readable.length);
    const sinceMs = this.#wallMs() - this.#parts.settings.historyMs;
    return inOrder(readable.filter(({ wallMs }) => wallMs > sinceMs));
  }

  async export(callerKey: string): Promise<CallerRecord> {
    const [context, history] = await Promise.all([
      this.load(callerKey),
      this.history(callerKey, HISTORY_ENTRIES_MAX),
    ]);
    return { context, history };
  }

  async erase(callerKey: string): Promise<void> {
    await this.#line.send("DEL", [
      contextKey(callerKey),
      historyKey(callerKey),
      resultsKey(callerKey),
    ]);
  }

  async cached(scope: string, key: string): Promise<string | null> {
    const hash = hashOf(key);
    const reply =
      scope === ""
        ? await this.#line.send("GET", [sharedKey(hash)])
        : await this.#line.send("HGET", [resultsKey(scope), hash]);
    return parseResult(textOf(reply), this.#wallMs());
  }

  async cache(scope: string, key: string, value: string, keepMs: number): Promise<void> {
    if (value.length > CACHE_VALUE_CHARACTERS_MAX || keepMs < 1) return;
    const hash = hashOf(key);
    const result = printResult(value, this.#wallMs() + keepMs);
    const life = String(Math.ceil(keepMs));
    if (scope === "") await this.#line.send("SET", [sharedKey(hash), result, "PX", life]);
    else {
      const args = [hash, result, String(CACHE_PERSONAL_MAX), life];
      await this.#run(CACHE_PERSONAL, resultsKey(scope), args);
    }
  }

  async close(): Promise<void> {
    this.#line.close();
  }

  async #apply(
    callerKey: string,
    updates: readonly ContextUpdate[],
  ): Promise<readonly CallerContext[]> {
    const key = contextKey(callerKey);
    const life = String(this.#parts.settings.retentionMs);
    let found = textOf(await this.#line.send("GET", [key]));
    for (let tries = 0; tries < WRITE_TRIES_MAX; tries += 1) {
      let stored = this.#stored(found);
      const contexts = updates.map((update) => {
        stored = updatedCaller(stored, update, this.#wallMs());
        return stored.context;
      });
      const reply = await this.#run(WRITE_IF_SAME, key, [found, printStoredCaller(stored), life]);
      if (reply === null) return contexts;
      found = textOf(reply);
    }
    throw storeUnavailable(`Cannot update caller: others wrote first, ${WRITE_TRIES_MAX} times`);
  }

  #stored(text: string): StoredCaller {
    if (text === "") return EMPTY_STORED_CALLER;
    const stored = parseStoredCaller(text);
    if (stored === null) this.#unreadable.add(1);
    const endsMs = (stored?.context.signals.lastActiveMs ?? 0) + this.#parts.settings.retentionMs;
    return stored !== null && endsMs > this.#wallMs() ? stored : EMPTY_STORED_CALLER;
  }

  #run(script: string, key: string, args: readonly string[]): Promise<unknown> {
    return this.#line.send("EVAL", [script, "1", key, ...args]);
  }

  #wallMs(): number {
    return Math.floor(this.#parts.clock.wallMs());
  }
}

function contextKey(callerKey: string): string {
  return `voxbridge:{${callerKey}}:context`;
}

function historyKey(callerKey: string): string {
  return `voxbridge:{${callerKey}}:history`;
}

function resultsKey(scope: string): string {
  return `voxbridge:{${scope}}:results`;
}

function sharedKey(hash: string): string {
  return `voxbridge:result:${hash}`;
}

function textOf(reply: unknown): string {
  return typeof reply === "string" ? reply : "";
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
