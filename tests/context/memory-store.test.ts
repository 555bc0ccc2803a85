// Goal: the store without a disk is a ContextStore like the others, and is bounded.
// Method: the conformance suite; then its own limits.
import { expect, test } from "bun:test";
import { createMemoryStore } from "../../service/context/memory-store.ts";
import { EMPTY_CALLER_CONTEXT } from "../../service/contract/caller-context.ts";
import { CACHE_RESULTS_MAX, MEMORY_CALLERS_MAX } from "../../service/limits.ts";
import { contextStoreConformance, HISTORY_MS, RETENTION_MS } from "../conformance/context-store.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";

function open(clock: SteppedClock) {
  const settings = { retentionMs: RETENTION_MS, historyMs: HISTORY_MS, deadlineMs: 1_000 };
  return createMemoryStore({ settings, clock });
}

contextStoreConformance("memory", async (clock) => {
  const store = open(clock);
  return { store, second: null, close: () => store.close() };
});

test("the memory store forgets the caller seen longest ago when it is full", async () => {
  const store = open(createSteppedClock());
  for (let index = 0; index < MEMORY_CALLERS_MAX; index += 1) {
    await store.update(`caller ${index}`, { factsAdd: ["was here"] });
  }
  await store.update("caller 0", { topic: "news" });
  await store.update("one more", { topic: "news" });
  expect((await store.load("caller 0")).facts).toEqual(["was here"]);
  expect(await store.load("caller 1")).toEqual(EMPTY_CALLER_CONTEXT);
});

test("the memory store forgets the result cached longest ago when it is full", async () => {
  const store = open(createSteppedClock());
  for (let index = 0; index <= CACHE_RESULTS_MAX; index += 1) {
    await store.cache("", `key ${index}`, "result", 1_000);
  }
  expect(await store.cached("", "key 0")).toBeNull();
  expect(await store.cached("", "key 1")).toBe("result");
});
