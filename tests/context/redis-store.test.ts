// Goal: the store on a real server is a ContextStore like the others, also when two processes share
// their callers, and reads what is none of its own as nothing.
import { RedisClient } from "bun";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createRedisStore } from "../../service/context/redis-store.ts";
import { CACHE_PERSONAL_MAX } from "../../service/limits.ts";
import { createMetricsRegistry } from "../../service/telemetry/metrics-registry.ts";
import { EMPTY_CALLER_CONTEXT } from "../../service/contract/caller-context.ts";
import type { Clock } from "../../service/contract/clock.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { contextStoreConformance, HISTORY_MS, RETENTION_MS } from "../conformance/context-store.ts";
import { describeWithRedis, type RedisServer, startRedisServer } from "../support/redis-server.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

describeWithRedis("the Redis store", () => {
  let server: RedisServer;
  let client: RedisClient;
  beforeAll(async () => {
    server = await startRedisServer();
    client = new RedisClient(server.url);
  });
  afterAll(async () => {
    client.close();
    await server.kill();
  });

  const open = (clock: Clock, metrics = NO_METRICS) => {
    const settings = { retentionMs: RETENTION_MS, historyMs: HISTORY_MS, deadlineMs: 60_000 };
    const random = createSeededRandom(1);
    return createRedisStore({ settings, clock, random, metrics, url: server.url });
  };

  contextStoreConformance("redis", async (clock) => {
    await client.send("FLUSHALL", []);
    const store = open(clock);
    const second = open(clock);
    return {
      store,
      second,
      async close() {
        await store.close();
        await second.close();
      },
    };
  });

  test("every key that it writes ends by itself", async () => {
    await client.send("FLUSHALL", []);
    const clock = createSteppedClock();
    const store = open(clock);
    await store.update("ann", { topic: "news" });
    const entry = { callId: "call_1", sequence: 0, turnId: 1, wallMs: clock.wallMs() };
    await store.appendHistory("ann", [{ ...entry, speaker: "caller", text: "Hello" }]);
    await store.cache("ann", "home", "rain", 5_000);
    await store.cache("", "kyiv", "sunny", 5_000);
    const keys = (await client.send("KEYS", ["*"])) as string[];
    expect(keys.length).toBe(4);
    for (const key of keys) {
      expect(Number(await client.send("PTTL", [key]))).toBeGreaterThan(0);
    }
    await store.close();
  });

  test("one caller's results are bounded", async () => {
    await client.send("FLUSHALL", []);
    const store = open(createSteppedClock());
    for (let index = 0; index < CACHE_PERSONAL_MAX + 5; index += 1) {
      await store.cache("ann", `key ${index}`, "result", 5_000);
    }
    expect(Number(await client.send("HLEN", ["voxbridge:{ann}:results"]))).toBeLessThanOrEqual(
      CACHE_PERSONAL_MAX,
    );
    expect(await store.cached("ann", `key ${CACHE_PERSONAL_MAX + 4}`)).toBe("result");
    await store.close();
  });

  test("records that are none of ours count as nothing, and are counted", async () => {
    await client.send("FLUSHALL", []);
    const metrics = createMetricsRegistry();
    const clock = createSteppedClock();
    const store = open(clock, metrics);
    await client.send("SET", ["voxbridge:{ann}:context", "<html>"]);
    await client.send("ZADD", ["voxbridge:{ann}:history", `${clock.wallMs()}`, "no entry at all"]);
    await client.send("SET", ["voxbridge:{bob}:history", "a text, no set"]);
    expect(await store.load("ann")).toEqual(EMPTY_CALLER_CONTEXT);
    expect(await store.history("ann", 9)).toEqual([]);
    expect(metrics.print()).toContain("voxbridge_store_records_unreadable_total 2");
    expect((await store.update("ann", { factsAdd: ["new"] })).facts).toEqual(["new"]);
    const failure = await store.history("bob", 9).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "store_unavailable",
      message: "Cannot ZRANGE in store: WRONGTYPE",
    });
    await store.close();
  });
});
