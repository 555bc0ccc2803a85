// The ContextStore as calls use it: one that goes away and comes back (decision 0048).
// Station: between a call's memory and the store that keeps it.
//
//   UP --an act fails--> DOWN --backoff--> a probe --it answers--> CATCHING UP --queue empty--> UP
//                         ^__________________| it fails             | an act fails: DOWN
//
// While it is not up, reads are refused at once, so that no call and no thinker waits for a server
// that is known to be away; updates and history are refused too, but kept and sent when it is back,
// in their order. Each carries its id (an entry its call and place), so what had been done before the
// loss after all is done once. An erase drops what waits of that caller.
// Limits: STORE_QUEUE_MAX acts and STORE_QUEUE_MS of age; what is dropped is counted.
import type {
  CallerContext,
  CallerRecord,
  ContextStore,
  ContextUpdate,
  ErasureNews,
  HistoryEntry,
} from "../contract/caller-context.ts";
import type { Clock, Random, TimerHandle } from "../contract/clock.ts";
import type { Log } from "../contract/log.ts";
import type { Counter, Gauge, Metrics } from "../contract/metrics.ts";
import {
  STORE_BACKOFF_MS_MAX,
  STORE_BACKOFF_MS_MIN,
  STORE_QUEUE_MAX,
  STORE_QUEUE_MS,
  STORE_TRIES_MAX,
} from "../limits.ts";
import { storeUnavailable } from "./store-failure.ts";

const ID_BYTES = 12;

type Kept =
  | { readonly kind: "update"; readonly callerKey: string; readonly update: ContextUpdate }
  | {
      readonly kind: "history";
      readonly callerKey: string;
      readonly entries: readonly HistoryEntry[];
    };

interface Queued {
  readonly act: Kept;
  readonly keptMs: number;
  tries: number;
}

export interface SteadyStoreParts {
  readonly store: ContextStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

export function createSteadyStore(parts: SteadyStoreParts): ContextStore {
  return new SteadyStore(parts);
}

class SteadyStore implements ContextStore {
  readonly name: ContextStore["name"];
  readonly erasures?: ErasureNews;
  readonly #parts: SteadyStoreParts;
  readonly #meters: StoreMeters;
  #queue: Queued[] = [];
  #isUp = true;
  #isClosed = false;
  #probes = 0;
  #timer: TimerHandle | null = null;

  constructor(parts: SteadyStoreParts) {
    this.name = parts.store.name;
    this.#parts = parts;
    this.#meters = storeMeters(parts.metrics, this.name);
    const { erasures } = parts.store;
    if (erasures !== undefined) {
      this.erasures = {
        tell: (callerKey) => this.#read(() => erasures.tell(callerKey)),
        since: (number) => this.#read(() => erasures.since(number)),
      };
    }
    this.#meters.up.set(1);
  }

  load(callerKey: string): Promise<CallerContext> {
    return this.#read((store) => store.load(callerKey));
  }

  async update(callerKey: string, given: ContextUpdate): Promise<CallerContext> {
    const update = { ...given, id: given.id ?? this.#parts.random.hex(ID_BYTES) };
    const act: Kept = { kind: "update", callerKey, update };
    return await this.#write(act, (store) => store.update(callerKey, update));
  }

  appendHistory(callerKey: string, entries: readonly HistoryEntry[]): Promise<void> {
    const act: Kept = { kind: "history", callerKey, entries };
    return this.#write(act, (store) => store.appendHistory(callerKey, entries));
  }

  history(callerKey: string, entriesMax: number): Promise<readonly HistoryEntry[]> {
    return this.#read((store) => store.history(callerKey, entriesMax));
  }

  export(callerKey: string): Promise<CallerRecord> {
    return this.#read((store) => store.export(callerKey));
  }

  erase(callerKey: string): Promise<void> {
    this.#keepOnly(({ act }) => act.callerKey !== callerKey);
    return this.#read((store) => store.erase(callerKey));
  }

  cached(scope: string, key: string): Promise<string | null> {
    return this.#read((store) => store.cached(scope, key));
  }

  cache(scope: string, key: string, value: string, keepMs: number): Promise<void> {
    return this.#read((store) => store.cache(scope, key, value, keepMs));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) this.#parts.clock.clearTimer(this.#timer);
    this.#meters.dropped.add(this.#queue.length);
    this.#queue = [];
    await this.#parts.store.close();
  }

  /** Refused at once while the store is away: nothing is kept of it. */
  async #read<Answer>(act: (store: ContextStore) => Promise<Answer>): Promise<Answer> {
    if (!this.#isUp) throw this.#away();
    return await this.#tried(act);
  }

  /** Kept while the store is away, and when this is what it fails at. */
  async #write<Answer>(kept: Kept, act: (store: ContextStore) => Promise<Answer>): Promise<Answer> {
    if (!this.#isUp) {
      this.#keep(kept);
      throw this.#away();
    }
    try {
      return await this.#tried(act);
    } catch (error) {
      this.#keep(kept);
      throw error;
    }
  }

  async #tried<Answer>(act: (store: ContextStore) => Promise<Answer>): Promise<Answer> {
    try {
      return await act(this.#parts.store);
    } catch (error) {
      this.#meters.failures.add(1);
      this.#onFailed(error);
      throw error;
    }
  }

  #away(): Error {
    this.#meters.refused.add(1);
    return storeUnavailable(`Cannot use store ${this.name}: it is away and tried again soon`);
  }

  #keep(act: Kept): void {
    if (this.#isClosed) {
      this.#meters.dropped.add(1);
      return;
    }
    this.#queue.push({ act, keptMs: this.#parts.clock.nowMs(), tries: 0 });
    if (this.#queue.length > STORE_QUEUE_MAX) {
      this.#queue.shift();
      this.#meters.dropped.add(1);
    }
    this.#meters.queued.set(this.#queue.length);
  }

  #keepOnly(isKept: (queued: Queued) => boolean): void {
    this.#queue = this.#queue.filter(isKept);
    this.#meters.queued.set(this.#queue.length);
  }

  #onFailed(error: unknown): void {
    if (!this.#isUp || this.#isClosed) return;
    this.#isUp = false;
    this.#meters.up.set(0);
    const message = error instanceof Error ? error.message : String(error);
    this.#parts.log.warn("store lost, calls go on without memory", { store: this.name, message });
    this.#probes = 0;
    this.#probeLater();
  }

  #probeLater(): void {
    const { clock, random } = this.#parts;
    const backoffMs = Math.min(STORE_BACKOFF_MS_MAX, STORE_BACKOFF_MS_MIN * 2 ** this.#probes);
    this.#probes = Math.min(this.#probes + 1, 16);
    // Between half and all of it more, and never before the connection's own rest is over.
    const delayMs = backoffMs * (1 + random.uint32() / 2 ** 33);
    this.#timer = clock.setTimer(delayMs, () => void this.#probe());
  }

  /** Owned by the timer: never rejects. */
  async #probe(): Promise<void> {
    this.#timer = null;
    try {
      await this.#parts.store.cached("", "voxbridge probe");
      await this.#catchUp();
    } catch {
      this.#meters.failures.add(1);
      if (!this.#isClosed) this.#probeLater();
    }
  }

  /** What was kept goes first; new acts line up behind it meanwhile. */
  async #catchUp(): Promise<void> {
    for (let queued = this.#queue[0]; queued !== undefined; queued = this.#queue[0]) {
      if (this.#isPast(queued)) this.#meters.dropped.add(1);
      else {
        queued.tries += 1;
        await this.#send(queued.act);
        this.#meters.caughtUp.add(1);
      }
      // It may have gone meanwhile, by an erase or a full queue.
      if (this.#queue[0] === queued) this.#queue.shift();
      this.#meters.queued.set(this.#queue.length);
    }
    // In the same moment as the last look at the queue: nothing can line up in between.
    if (this.#isClosed) return;
    this.#isUp = true;
    this.#meters.up.set(1);
    this.#parts.log.info("store is back", { store: this.name });
  }

  #isPast({ keptMs, tries }: Queued): boolean {
    return tries >= STORE_TRIES_MAX || this.#parts.clock.nowMs() - keptMs > STORE_QUEUE_MS;
  }

  async #send(act: Kept): Promise<void> {
    const { store } = this.#parts;
    if (act.kind === "update") await store.update(act.callerKey, act.update);
    else await store.appendHistory(act.callerKey, act.entries);
  }
}

interface StoreMeters {
  readonly up: Gauge;
  readonly queued: Gauge;
  readonly failures: Counter;
  readonly refused: Counter;
  readonly dropped: Counter;
  readonly caughtUp: Counter;
}

function storeMeters(metrics: Metrics, store: string): StoreMeters {
  const labels = { store };
  const counter = (name: string, help: string) => metrics.counter(name, help, labels);
  return {
    up: metrics.gauge("voxbridge_store_up", "1 while callers' memory can be reached", labels),
    queued: metrics.gauge("voxbridge_store_queued", "Writes that wait for the store", labels),
    failures: counter("voxbridge_store_failures_total", "Acts that the store failed at"),
    refused: counter("voxbridge_store_refused_total", "Acts refused while the store was away"),
    dropped: counter("voxbridge_store_dropped_total", "Waiting writes that were given up"),
    caughtUp: counter("voxbridge_store_caught_up_total", "Waiting writes that the store got later"),
  };
}
