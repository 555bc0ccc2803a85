// The ContextStore that lives and dies with the process: the default while nothing is configured to
// remember callers, and the plain model that the other stores are compared with.
// Station: behind the contract; called by calls' memories, thinkers' caches and the operator's API.
// Limits: MEMORY_CALLERS_MAX callers, HISTORY_ENTRIES_MAX entries of each, CACHE_RESULTS_MAX results.
import type {
  CallerContext,
  CallerRecord,
  ContextStore,
  ContextUpdate,
  HistoryEntry,
} from "../contract/caller-context.ts";
import {
  CACHE_RESULTS_MAX,
  CACHE_VALUE_CHARACTERS_MAX,
  HISTORY_ENTRIES_MAX,
  MEMORY_CALLERS_MAX,
} from "../limits.ts";
import { boundedEntry, inOrder } from "./history-entry.ts";
import { EMPTY_STORED_CALLER, type StoredCaller, updatedCaller } from "./stored-caller.ts";
import type { StoreParts } from "./store-settings.ts";

interface Kept {
  stored: StoredCaller;
  history: HistoryEntry[];
}

interface Result {
  readonly scope: string;
  readonly value: string;
  readonly endsMs: number;
}

export function createMemoryStore(parts: Omit<StoreParts, "metrics">): ContextStore {
  return new MemoryStore(parts);
}

/** Every promise is settled when it is returned. */
class MemoryStore implements ContextStore {
  readonly name = "memory";
  readonly #settings: StoreParts["settings"];
  readonly #clock: StoreParts["clock"];
  /** The one seen longest ago first. */
  readonly #callers = new Map<string, Kept>();
  /** The one cached longest ago first. */
  readonly #results = new Map<string, Result>();

  constructor({ settings, clock }: Omit<StoreParts, "metrics">) {
    this.#settings = settings;
    this.#clock = clock;
  }

  async load(callerKey: string): Promise<CallerContext> {
    return this.#stored(callerKey).context;
  }

  async update(callerKey: string, update: ContextUpdate): Promise<CallerContext> {
    const stored = updatedCaller(this.#stored(callerKey), update, this.#clock.wallMs());
    this.#kept(callerKey).stored = stored;
    return stored.context;
  }

  async appendHistory(callerKey: string, entries: readonly HistoryEntry[]): Promise<void> {
    const kept = this.#kept(callerKey);
    const isNew = (entry: HistoryEntry) =>
      !kept.history.some(
        ({ callId, sequence }) => callId === entry.callId && sequence === entry.sequence,
      );
    for (const entry of entries) if (isNew(entry)) kept.history.push(boundedEntry(entry));
    kept.history = this.#fresh(inOrder(kept.history)).slice(-HISTORY_ENTRIES_MAX);
  }

  async history(callerKey: string, entriesMax: number): Promise<readonly HistoryEntry[]> {
    const history = this.#fresh(this.#callers.get(callerKey)?.history ?? []);
    return history.slice(Math.max(0, history.length - entriesMax));
  }

  async export(callerKey: string): Promise<CallerRecord> {
    const history = await this.history(callerKey, HISTORY_ENTRIES_MAX);
    return { context: this.#stored(callerKey).context, history };
  }

  async erase(callerKey: string): Promise<void> {
    this.#callers.delete(callerKey);
    for (const [name, { scope }] of this.#results) {
      if (scope === callerKey) this.#results.delete(name);
    }
  }

  async cached(scope: string, key: string): Promise<string | null> {
    const result = this.#results.get(resultName(scope, key));
    return result === undefined || result.endsMs <= this.#clock.wallMs() ? null : result.value;
  }

  async cache(scope: string, key: string, value: string, keepMs: number): Promise<void> {
    if (value.length > CACHE_VALUE_CHARACTERS_MAX) return;
    const name = resultName(scope, key);
    this.#results.delete(name);
    dropOldest(this.#results, CACHE_RESULTS_MAX - 1);
    this.#results.set(name, { scope, value, endsMs: this.#clock.wallMs() + keepMs });
  }

  async close(): Promise<void> {
    this.#callers.clear();
    this.#results.clear();
  }

  #stored(callerKey: string): StoredCaller {
    const stored = this.#callers.get(callerKey)?.stored ?? EMPTY_STORED_CALLER;
    const endsMs = stored.context.signals.lastActiveMs + this.#settings.retentionMs;
    return endsMs > this.#clock.wallMs() ? stored : EMPTY_STORED_CALLER;
  }

  /** The caller's place, the newest one now; made when there is none. */
  #kept(callerKey: string): Kept {
    const kept = this.#callers.get(callerKey) ?? { stored: EMPTY_STORED_CALLER, history: [] };
    this.#callers.delete(callerKey);
    dropOldest(this.#callers, MEMORY_CALLERS_MAX - 1);
    this.#callers.set(callerKey, kept);
    return kept;
  }

  #fresh(history: readonly HistoryEntry[]): HistoryEntry[] {
    const sinceMs = this.#clock.wallMs() - this.#settings.historyMs;
    return history.filter(({ wallMs }) => wallMs > sinceMs);
  }
}

function resultName(scope: string, key: string): string {
  return JSON.stringify([scope, key]);
}

/** A map remembers the order of insertion: drops from its front until `countMax` are left. */
function dropOldest(map: Map<string, unknown>, countMax: number): void {
  for (const key of map.keys()) {
    if (map.size <= countMax) return;
    map.delete(key);
  }
}
