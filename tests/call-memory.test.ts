// Goal: in a call an update holds at once and the store follows; who the caller is turns up later;
// an anonymous caller leaves nothing, an erased one nothing more.
// Method: CallMemories on the memory store, with identities that a test answers by hand.
import { beforeEach, describe, expect, test } from "bun:test";
import { CallMemories } from "../service/call-memories.ts";
import { createMemoryStore } from "../service/context/memory-store.ts";
import { storeUnavailable } from "../service/context/store-failure.ts";
import { createSteadyStore } from "../service/context/steady-store.ts";
import { createSummaryWriter } from "../service/context/summary-writer.ts";
import type { ContextStore } from "../service/contract/caller-context.ts";
import { type CallerVerdict, NO_IDENTITIES } from "../service/contract/caller-identity.ts";
import { SILENT_LOG } from "../service/contract/log.ts";
import { NO_METRICS } from "../service/contract/metrics.ts";
import { PlayoutLedger } from "../service/conversation/playout-ledger.ts";
import { SUMMARY_TURNS } from "../service/limits.ts";
import { createScriptedModel, NO_NOTES, type ScriptedModel } from "./support/scripted-model.ts";
import { createSeededRandom } from "./support/seeded-random.ts";
import { createSteppedClock, type SteppedClock } from "./support/stepped-clock.ts";

const ANN = "a".repeat(64);
const SETTINGS = { retentionMs: 9e9, historyMs: 9e9, deadlineMs: 1_000 };

/** Everything that promises can do without time is done. */
function turned(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe("CallMemories", () => {
  let clock: SteppedClock;
  let store: ContextStore;
  let isAway: boolean;
  let model: ScriptedModel;
  let memories: CallMemories;
  let verdict: PromiseWithResolvers<CallerVerdict>;
  const refusals: string[] = [];
  beforeEach(() => {
    clock = createSteppedClock();
    isAway = false;
    const inner = createMemoryStore({ settings: SETTINGS, clock });
    const tried = <Answer>(act: () => Promise<Answer>): Promise<Answer> =>
      isAway ? Promise.reject(storeUnavailable("Cannot use store: test")) : act();
    const failing: ContextStore = {
      name: "redis",
      load: (key) => tried(() => inner.load(key)),
      update: (key, update) => tried(() => inner.update(key, update)),
      appendHistory: (key, entries) => tried(() => inner.appendHistory(key, entries)),
      history: (key, entriesMax) => tried(() => inner.history(key, entriesMax)),
      export: (key) => tried(() => inner.export(key)),
      erase: (key) => tried(() => inner.erase(key)),
      cached: (scope, key) => tried(() => inner.cached(scope, key)),
      cache: (scope, key, value, keepMs) => tried(() => inner.cache(scope, key, value, keepMs)),
      close: () => inner.close(),
    };
    const parts = { clock, random: createSeededRandom(1), log: SILENT_LOG, metrics: NO_METRICS };
    store = createSteadyStore({ ...parts, store: failing });
    model = createScriptedModel((_, index) =>
      JSON.stringify({ ...NO_NOTES, summary: `summary ${index}` }),
    );
    verdict = Promise.withResolvers();
    const identities = {
      ...NO_IDENTITIES,
      identify: () => verdict.promise,
      keyOf: (id: string) => (id === "sub:ann" ? ANN : ""),
    };
    const summaries = createSummaryWriter({ ...parts, model });
    memories = new CallMemories({ ...parts, store, identities, summaries });
  });

  const open = (callId: string, callerKey = "") => {
    const onRefused = (message: string) => refusals.push(message);
    const record = memories.open({ callId, callerKey, callerToken: "token", onRefused });
    record.start({ turnId: () => 1, ledger: () => new PlayoutLedger(8_000) }, (act) => act());
    return record;
  };
  const says = (record: ReturnType<typeof open>, text: string, turnId = 1) =>
    record.onNotice({
      ...{ kind: "transcript", speaker: "caller", isFinal: true, item: 0 },
      ...{ turnId, text },
    });

  test("S1-33, S1-34: what one call learns, the next call of the same caller knows", async () => {
    const first = open("call_1", ANN);
    first.memory.update({ preferences: { location: "Kyiv" } });
    expect(first.memory.context().preferences.location).toBe("Kyiv");
    memories.close("call_1");
    await memories.settled();
    clock.advance(1_000);
    const second = open("call_2");
    expect(second.memory.context().preferences.location).toBe("");
    second.memory.update({ factsAdd: ["has a dog"] });
    const heard: string[] = [];
    second.memory.onChange(({ preferences }) => heard.push(preferences.location));
    verdict.resolve({ kind: "known", callerKey: ANN });
    await turned();
    const context = second.memory.context();
    expect(context.preferences.location).toBe("Kyiv");
    expect(context.facts).toEqual(["has a dog"]);
    expect(context.signals).toMatchObject({ callCount: 2, lastActiveMs: clock.wallMs() });
    expect(heard.at(-1)).toBe("Kyiv");
    expect(await store.load(ANN)).toEqual(context);
  });

  test("RT-11: updates at one time lose nothing, here or in the store, and are told once", async () => {
    const { memory } = open("call_1", ANN);
    await turned();
    let told = 0;
    memory.onChange(() => {
      told += 1;
    });
    memory.update({ preferences: { location: "Kyiv" }, topic: "weather" });
    memory.update({ tickersAdd: ["AAPL"], topic: "stocks" });
    expect(told).toBe(0);
    expect(memory.context().signals.topics).toEqual({ weather: 1, stocks: 1 });
    await turned();
    expect(told).toBe(1);
    expect((await store.load(ANN)).signals.topics).toEqual({ weather: 1, stocks: 1 });
    memory.update({ preferences: { location: "Kyiv" } });
    await turned();
    expect(memory.context()).toEqual(await store.load(ANN));
  });

  test("RT-13: an anonymous caller has memory for this call, and leaves none", async () => {
    const record = open("call_1");
    record.memory.update({ factsAdd: ["before"] });
    says(record, "Hello");
    verdict.resolve({ kind: "anonymous" });
    await turned();
    record.memory.update({ factsAdd: ["after"] });
    says(record, "Goodbye");
    expect(record.memory.context().facts).toEqual(["before", "after"]);
    expect(record.memory.cacheScope()).toBe("call_1");
    memories.close("call_1");
    await memories.settled();
    expect(model.requests.length).toBe(0);
    expect(await memories.export("sub:ann")).toBeNull();
  });

  test("T2: a refused token makes the caller anonymous and is said", async () => {
    open("call_1");
    verdict.resolve({ kind: "refused", message: "Cannot use caller_token: test" });
    await turned();
    expect(refusals).toEqual(["Cannot use caller_token: test"]);
  });

  test("RT-10: results are cached under the caller's key, not the call's or everybody's", async () => {
    const { memory } = open("call_1");
    expect(memory.cacheScope()).toBe("call_1");
    verdict.resolve({ kind: "known", callerKey: ANN });
    await turned();
    expect(memory.cacheScope()).toBe(ANN);
  });

  test("a summary is written every ten turns from the one before, and one at the end", async () => {
    const record = open("call_1", ANN);
    for (let turn = 1; turn <= 2 * SUMMARY_TURNS + 1; turn += 1) {
      says(record, `turn ${turn}`, turn);
      await turned();
    }
    expect(model.requests.length).toBe(2);
    expect(record.memory.context().summary).toBe("summary 1");
    const [, second] = model.requests;
    const asked = second?.messages.at(-1)?.text ?? "";
    expect(asked).toContain("summary 0");
    expect(asked).toContain("turn 11");
    expect(asked).not.toContain('"turn 10"');
    memories.close("call_1");
    await memories.settled();
    expect(model.requests.length).toBe(3);
    expect((await store.load(ANN)).summary).toBe("summary 2");
    const history = await store.history(ANN, 100);
    expect(history.map(({ text }) => text)).toEqual(
      Array.from({ length: 2 * SUMMARY_TURNS + 1 }, (_, index) => `turn ${index + 1}`),
    );
    expect(history.map(({ turnId }) => turnId)[4]).toBe(5);
  });

  test("T21: erase() reaches calls that go on: they forget, and write nothing more", async () => {
    const record = open("call_1", ANN);
    record.memory.update({ factsAdd: ["has a dog"] });
    says(record, "I have a dog");
    await turned();
    expect((await memories.export("sub:ann"))?.history.length).toBe(1);
    await memories.erase("sub:ann");
    expect(record.memory.context().facts).toEqual([]);
    record.memory.update({ factsAdd: ["has a cat"] });
    says(record, "And a cat");
    memories.close("call_1");
    await memories.settled();
    expect(await memories.export("sub:ann")).toBeNull();
  });

  test("a store that is away at the start: the call goes on, and knows its caller when it is back", async () => {
    await store.update(ANN, { factsAdd: ["has a dog"] });
    isAway = true;
    const record = open("call_1", ANN);
    record.memory.update({ factsAdd: ["has a cat"] });
    says(record, "Hello");
    await turned();
    expect(record.memory.context().facts).toEqual(["has a cat"]);
    isAway = false;
    for (let passed = 0; passed < 100; passed += 1) {
      clock.advance(100);
      await turned();
    }
    expect(record.memory.context().facts).toEqual(["has a dog", "has a cat"]);
    expect(record.memory.context().signals.callCount).toBe(1);
    expect((await memories.export("sub:ann"))?.history.map(({ text }) => text)).toEqual(["Hello"]);
    memories.close("call_1");
    await memories.settled();
    expect(clock.pendingTimers()).toBe(0);
  });
});
