// Goal: a caller who is erased through one process is forgotten by the running calls of every process
// that shares the Redis, also by one that could not reach it meanwhile (T21).
// Method: two processes' memories over a real redis-server, on one stepped clock; what a store's
// connection cannot reach is played by a gate in front of it.
import { RedisClient } from "bun";
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { CallMemories } from "../../service/call-memories.ts";
import { createRedisStore } from "../../service/context/redis-store.ts";
import { createSteadyStore } from "../../service/context/steady-store.ts";
import { storeUnavailable } from "../../service/context/store-failure.ts";
import type { ContextStore, ErasureNews } from "../../service/contract/caller-context.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { ERASURES_EVERY_MS } from "../../service/limits.ts";
import { describeWithRedis, type RedisServer, startRedisServer } from "../support/redis-server.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";

const SETTINGS = { retentionMs: 1e9, historyMs: 1e9, deadlineMs: 60_000 };
const ANSWERS_MAX = 400;

interface Process {
  readonly memories: CallMemories;
  readonly store: ContextStore;
  /** The network between it and Redis. */
  cutOff(isCut: boolean): void;
}

describeWithRedis("erasing a caller of several processes", () => {
  let server: RedisServer;
  let client: RedisClient;
  let clock: SteppedClock;
  let open: Process[];
  beforeAll(async () => {
    server = await startRedisServer();
    client = new RedisClient(server.url);
  });
  afterAll(async () => {
    client.close();
    await server.kill();
  });
  beforeEach(async () => {
    await client.send("FLUSHALL", []);
    clock = createSteppedClock();
    open = [];
  });

  function start(): Process {
    const random = createSeededRandom(open.length + 1);
    const redis = createRedisStore({
      ...{ settings: SETTINGS, clock, random, metrics: NO_METRICS, url: server.url },
    });
    let isCut = false;
    const gate = <Act extends (...args: never[]) => Promise<unknown>>(act: Act): Act =>
      ((...args: Parameters<Act>) =>
        isCut ? Promise.reject(storeUnavailable("Cannot use store: test")) : act(...args)) as Act;
    const news = redis.erasures as ErasureNews;
    const gated: ContextStore = {
      name: "redis",
      erasures: { tell: gate((key) => news.tell(key)), since: gate((from) => news.since(from)) },
      load: gate((key) => redis.load(key)),
      update: gate((key, update) => redis.update(key, update)),
      appendHistory: gate((key, entries) => redis.appendHistory(key, entries)),
      history: gate((key, count) => redis.history(key, count)),
      export: gate((key) => redis.export(key)),
      erase: gate((key) => redis.erase(key)),
      cached: gate((scope, key) => redis.cached(scope, key)),
      cache: gate((scope, key, value, ms) => redis.cache(scope, key, value, ms)),
      close: () => redis.close(),
    };
    const parts = { clock, random, log: SILENT_LOG, metrics: NO_METRICS };
    const store = createSteadyStore({ ...parts, store: gated });
    const identities = {
      keyOf: (id: string) => id,
      phoneKey: () => "",
      identify: () => Promise.resolve({ kind: "anonymous" as const }),
    };
    const memories = new CallMemories({ store, identities, summaries: null, ...parts });
    const cutOff = (isNow: boolean) => {
      isCut = isNow;
    };
    const one = { memories, store, cutOff };
    open.push(one);
    return one;
  }

  /** Redis answers in real time, everything else in stepped time. */
  async function until(isReached: () => boolean | Promise<boolean>, stepMs = 0): Promise<void> {
    for (let tries = 0; tries < ANSWERS_MAX; tries += 1) {
      if (await isReached()) return;
      if (stepMs > 0) clock.advance(stepMs);
      await Bun.sleep(2);
    }
    throw new Error("Not reached");
  }

  const memoryOf = (process: Process, callId: string, callerKey: string) => {
    const opening = { callId, callerKey, callerToken: undefined, onRefused: () => undefined };
    return process.memories.open(opening).memory;
  };
  const knows = (fact: string) => (memory: { context(): { facts: readonly string[] } }) => () =>
    memory.context().facts.includes(fact);

  async function annIsKnownToBoth() {
    const [first, second] = [start(), start()];
    await first.store.update("ann", { factsAdd: ["has a dog"] });
    const mine = memoryOf(first, "call_1", "ann");
    const theirs = memoryOf(second, "call_2", "ann");
    const others = memoryOf(second, "call_3", "bob");
    others.update({ factsAdd: ["has a cat"] });
    await until(() => knows("has a dog")(mine)() && knows("has a dog")(theirs)());
    // The second process has heard how many erasures there were by now.
    await until(() => clock.pendingTimers() >= 2);
    return { first, second, mine, theirs, others };
  }

  async function stop(): Promise<void> {
    for (const { memories, store } of open) {
      memories.stop();
      await memories.settled();
      await store.close();
    }
  }

  const isGone = async ({ store }: Process) => {
    const { context, history } = await store.export("ann");
    return context.facts.length === 0 && context.signals.lastActiveMs === 0 && history.length === 0;
  };

  test("T21: the other process's call forgets within its next question, and leaves nothing", async () => {
    const { first, theirs, others } = await annIsKnownToBoth();
    await first.memories.erase("ann");
    // Written by a process that has not heard of it yet.
    theirs.update({ factsAdd: ["moved to Bern"] });
    await until(async () => !(await isGone(first)));
    clock.advance(ERASURES_EVERY_MS);
    await until(() => theirs.context().facts.length === 0);
    await until(() => isGone(first));
    theirs.update({ factsAdd: ["said afterwards"] });
    await Bun.sleep(20);
    expect(await isGone(first)).toBe(true);
    expect(others.context().facts).toEqual(["has a cat"]);
    await stop();
  });

  test("T21: a process that was cut off meanwhile catches up when it is back", async () => {
    const { first, second, theirs } = await annIsKnownToBoth();
    second.cutOff(true);
    clock.advance(ERASURES_EVERY_MS);
    await Bun.sleep(20);
    theirs.update({ factsAdd: ["said while away"] });
    await first.memories.erase("ann");
    clock.advance(10 * ERASURES_EVERY_MS);
    await Bun.sleep(20);
    expect(theirs.context().facts).toContain("has a dog");
    second.cutOff(false);
    await until(() => theirs.context().facts.length === 0, ERASURES_EVERY_MS / 4);
    await until(() => isGone(first), ERASURES_EVERY_MS / 4);
    await stop();
  });

  test("a server that began anew counts from the start again, and is followed", async () => {
    const { first, theirs } = await annIsKnownToBoth();
    for (const caller of ["x", "y", "z"]) await first.memories.erase(caller);
    clock.advance(ERASURES_EVERY_MS);
    await Bun.sleep(30);
    await client.send("FLUSHALL", []);
    await first.memories.erase("ann");
    clock.advance(ERASURES_EVERY_MS);
    await until(() => theirs.context().facts.length === 0);
    await stop();
  });

  test("what is remembered of erasures ends by itself, and is bounded", async () => {
    const { first } = await annIsKnownToBoth();
    await first.memories.erase("ann");
    for (const key of ["voxbridge:{erased}:count", "voxbridge:{erased}:callers"]) {
      expect(Number(await client.send("PTTL", [key]))).toBeGreaterThan(0);
    }
    expect(Number(await client.send("ZCARD", ["voxbridge:{erased}:callers"]))).toBe(1);
    await first.memories.erase("ann");
    expect(Number(await client.send("ZCARD", ["voxbridge:{erased}:callers"]))).toBe(1);
    await stop();
  });
});
