// Goal: a server that stops, dies or comes back in the middle costs memory, never a hang and never
// an update done twice or long after it was given up.
// Method: a real redis-server that is stopped (SIGSTOP) and killed; deadlines pass on a stepped
// clock, so nothing here waits for real time.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { createRedisStore } from "../../service/context/redis-store.ts";
import type { ContextStore } from "../../service/contract/caller-context.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { VoxError } from "../../service/errors.ts";
import { STORE_BACKOFF_MS_MAX } from "../../service/limits.ts";
import { describeWithRedis, type RedisServer, startRedisServer } from "../support/redis-server.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";

const DEADLINE_MS = 60_000;

/** Everything that was asked is on its way: a turn of the event loop later. */
function sentOut(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

async function codeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
    return "";
  } catch (error) {
    return error instanceof VoxError ? error.code : "another error";
  }
}

describeWithRedis("a Redis store whose server fails", () => {
  let server: RedisServer;
  let clock: SteppedClock;
  let store: ContextStore;
  beforeEach(async () => {
    server = await startRedisServer();
    clock = createSteppedClock();
    const settings = { retentionMs: 9e9, historyMs: 9e9, deadlineMs: DEADLINE_MS };
    const random = createSeededRandom(1);
    const parts = { settings, clock, random, metrics: NO_METRICS, url: server.url };
    store = createRedisStore(parts);
  });
  afterEach(async () => {
    await store.close();
    await server.kill();
  });

  const everyAct = (): Promise<unknown>[] => [
    store.load("ann"),
    store.update("ann", { id: "u1", topic: "news" }),
    store.update("ann", { id: "u2", topic: "news" }),
    store.appendHistory("ann", [
      { callId: "c", sequence: 0, turnId: 1, speaker: "caller", text: "Hello", wallMs: 1 },
    ]),
    store.history("ann", 5),
    store.export("ann"),
    store.erase("bob"),
    store.cached("", "key"),
    store.cached("ann", "key"),
    store.cache("", "key", "value", 1_000),
    store.cache("ann", "key", "value", 1_000),
  ];

  test("stopped: every act settles at the deadline; it comes back and counts an update once", async () => {
    await store.update("ann", { topic: "news" });
    server.pause();
    const acts = everyAct().map(codeOf);
    await sentOut();
    clock.advance(DEADLINE_MS);
    const codes = await Promise.all(acts);
    expect(codes).toEqual(codes.map(() => "store_unavailable"));
    expect(clock.pendingTimers()).toBe(0);
    // It rests: the next act is refused at once, by no timer.
    expect(await codeOf(store.load("ann"))).toBe("store_unavailable");
    server.resume();
    clock.advance(STORE_BACKOFF_MS_MAX);
    // Whether the server did u1 when it woke up is its secret; sent again it counts once.
    await store.update("ann", { id: "u1", topic: "news" });
    await store.update("ann", { id: "u1", topic: "news" });
    expect((await store.load("ann")).signals.topics).toEqual({ news: 2 });
  });

  test("killed in the middle of 1,000 updates: all settle; back, it starts empty and works", async () => {
    await store.load("ann");
    const acts = Array.from({ length: 1_000 }, (_, index) =>
      codeOf(store.update(`caller ${index % 7}`, { topic: "news" })),
    );
    await server.kill();
    const codes = new Set(await Promise.all(acts));
    expect([...codes].filter((code) => code !== "" && code !== "store_unavailable")).toEqual([]);
    expect(await codeOf(store.load("ann"))).toBe("store_unavailable");
    await server.startAgain();
    clock.advance(STORE_BACKOFF_MS_MAX);
    expect((await store.update("ann", { factsAdd: ["new"] })).facts).toEqual(["new"]);
  });

  test("not there from the start: refused at once after one dial, and found when it comes", async () => {
    await server.kill();
    expect(await codeOf(store.load("ann"))).toBe("store_unavailable");
    const acts = await Promise.all(everyAct().map(codeOf));
    expect(new Set(acts)).toEqual(new Set(["store_unavailable"]));
    await server.startAgain();
    clock.advance(STORE_BACKOFF_MS_MAX);
    expect((await store.load("ann")).facts).toEqual([]);
  });
});
