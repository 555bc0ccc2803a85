// Goal: a store that goes away costs memory and nothing else: reads are refused at once, writes are
// kept in bounds and sent in order when it is back, each once.
// Method: the conformance suite on a store that stays; then a store that a test takes away, on a
// stepped clock; then real ones in steady-store-fault.test.ts.
import { beforeEach, describe, expect, test } from "bun:test";
import { createMemoryStore } from "../../service/context/memory-store.ts";
import { storeUnavailable } from "../../service/context/store-failure.ts";
import { createSteadyStore } from "../../service/context/steady-store.ts";
import type { ContextStore } from "../../service/contract/caller-context.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { STORE_QUEUE_MAX, STORE_QUEUE_MS, STORE_TRIES_MAX } from "../../service/limits.ts";
import {
  createMetricsRegistry,
  type MetricsRegistry,
} from "../../service/telemetry/metrics-registry.ts";
import { contextStoreConformance, HISTORY_MS, RETENTION_MS } from "../conformance/context-store.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";

const SETTINGS = { retentionMs: RETENTION_MS, historyMs: HISTORY_MS, deadlineMs: 1_000 };

function memoryStore(clock: SteppedClock): ContextStore {
  return createMemoryStore({ settings: SETTINGS, clock });
}

contextStoreConformance("steady", async (clock) => {
  const parts = { clock, random: createSeededRandom(1), log: SILENT_LOG, metrics: NO_METRICS };
  const store = createSteadyStore({ ...parts, store: memoryStore(clock) });
  return { store, second: null, close: () => store.close() };
});

describe("a steady store whose store goes away", () => {
  let clock: SteppedClock;
  let metrics: MetricsRegistry;
  let inner: ContextStore;
  let store: ContextStore;
  let acts: string[];
  /** "": it answers; else what it fails at, "all" for everything. */
  let fault: string;
  beforeEach(() => {
    clock = createSteppedClock();
    metrics = createMetricsRegistry();
    inner = memoryStore(clock);
    acts = [];
    fault = "";
    const tried = <Answer>(name: string, act: () => Promise<Answer>): Promise<Answer> => {
      acts.push(name);
      const isFailing = fault === "all" || (fault !== "" && name.includes(fault));
      return isFailing ? Promise.reject(storeUnavailable("Cannot use store: test")) : act();
    };
    const failing: ContextStore = {
      name: "redis",
      load: (caller) => tried("load", () => inner.load(caller)),
      update: (caller, update) => tried(`update ${caller}`, () => inner.update(caller, update)),
      appendHistory: (caller, entries) =>
        tried(`history ${caller}`, () => inner.appendHistory(caller, entries)),
      history: (caller, entriesMax) => tried("read", () => inner.history(caller, entriesMax)),
      export: (caller) => tried("export", () => inner.export(caller)),
      erase: (caller) => tried("erase", () => inner.erase(caller)),
      cached: (scope, key) => tried("cached", () => inner.cached(scope, key)),
      cache: (scope, key, value, keepMs) =>
        tried("cache", () => inner.cache(scope, key, value, keepMs)),
      close: () => inner.close(),
    };
    const random = createSeededRandom(1);
    store = createSteadyStore({ store: failing, clock, random, log: SILENT_LOG, metrics });
  });

  const failed = (act: Promise<unknown>) =>
    act.then(
      () => "",
      (error: unknown) => String(Reflect.get(Object(error), "code")),
    );
  const metric = (name: string) => {
    const line = metrics.print().match(new RegExp(`^voxbridge_store_${name}\\S* (\\d+)$`, "m"));
    return Number(line?.[1]);
  };
  /** Runs timers and lets promises go on, until the store is up again or `ms` have passed. */
  const run = async (ms: number) => {
    for (let passedMs = 0; passedMs < ms; passedMs += 50) {
      clock.advance(50);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  };

  test("says so, refuses reads at once, keeps writes and sends them in order, once", async () => {
    fault = "all";
    expect(await failed(store.update("ann", { factsAdd: ["one"], topic: "news" }))).toBe(
      "store_unavailable",
    );
    expect(metric("up")).toBe(0);
    acts = [];
    expect(await failed(store.load("ann"))).toBe("store_unavailable");
    expect(await failed(store.cached("", "key"))).toBe("store_unavailable");
    expect(await failed(store.update("ann", { factsAdd: ["two"] }))).toBe("store_unavailable");
    const entry = { callId: "c", sequence: 0, turnId: 1, wallMs: clock.wallMs() };
    await failed(store.appendHistory("ann", [{ ...entry, speaker: "caller", text: "Hello" }]));
    expect(acts).toEqual([]);
    expect(metric("queued")).toBe(3);
    expect(metric("refused")).toBe(4);
    fault = "";
    await run(1_000);
    expect(metric("up")).toBe(1);
    expect(acts).toEqual(["cached", "update ann", "update ann", "history ann"]);
    expect(metric("queued")).toBe(0);
    expect(metric("caught_up")).toBe(3);
    const { context, history } = await store.export("ann");
    expect(context.facts).toEqual(["one", "two"]);
    expect(context.signals.topics).toEqual({ news: 1 });
    expect(history.map(({ text }) => text)).toEqual(["Hello"]);
  });

  test("an update that was done although it failed counts once when it is sent again", async () => {
    fault = "all";
    const sent = failed(store.update("ann", { id: "u1", topic: "news" }));
    await inner.update("ann", { id: "u1", topic: "news" });
    await sent;
    fault = "";
    await run(1_000);
    expect((await store.load("ann")).signals.topics).toEqual({ news: 1 });
  });

  test("tries again with growing rests, for ever, and no more than one at a time", async () => {
    fault = "all";
    await failed(store.load("ann"));
    acts = [];
    await run(60_000);
    expect(acts.length).toBeGreaterThan(8);
    expect(acts.length).toBeLessThan(25);
    expect(new Set(acts)).toEqual(new Set(["cached"]));
    fault = "";
    await run(11_000);
    expect(metric("up")).toBe(1);
  });

  test("keeps at most STORE_QUEUE_MAX writes, the newest, and none for longer than its time", async () => {
    fault = "all";
    for (let index = 0; index < STORE_QUEUE_MAX + 5; index += 1) {
      await failed(store.update("ann", { id: `u${index}`, summary: `summary ${index}` }));
    }
    expect(metric("queued")).toBe(STORE_QUEUE_MAX);
    expect(metric("dropped")).toBe(5);
    clock.advance(STORE_QUEUE_MS + 1);
    await failed(store.update("ann", { factsAdd: ["new"] }));
    fault = "";
    await run(11_000);
    expect(metric("dropped")).toBe(5 + STORE_QUEUE_MAX);
    expect(await store.load("ann")).toMatchObject({ facts: ["new"], summary: "" });
  });

  test("one act that it never does blocks nothing: it is given up after three tries", async () => {
    fault = "update bob";
    await failed(store.update("bob", { topic: "news" }));
    await failed(store.update("ann", { topic: "news" }));
    await run(5_000);
    expect(metric("up")).toBe(1);
    expect(acts.filter((act) => act === "update bob").length).toBe(1 + STORE_TRIES_MAX);
    expect(metric("dropped")).toBe(1);
    expect((await store.load("ann")).signals.topics).toEqual({ news: 1 });
  });

  test("an erase drops what waits of that caller, and fails honestly", async () => {
    fault = "all";
    await failed(store.update("ann", { factsAdd: ["erased"] }));
    await failed(store.update("bob", { factsAdd: ["kept"] }));
    expect(await failed(store.erase("ann"))).toBe("store_unavailable");
    fault = "";
    await run(1_000);
    expect((await store.load("ann")).facts).toEqual([]);
    expect((await store.load("bob")).facts).toEqual(["kept"]);
  });

  test("close() ends the tries and counts what was never sent", async () => {
    fault = "all";
    await failed(store.update("ann", { topic: "news" }));
    await store.close();
    expect(metric("dropped")).toBe(1);
    expect(clock.pendingTimers()).toBe(0);
  });
});
