// A thinker's module returned `contextUpdate: { factsAdd: 5 }`. The call's memory kept it before it
// could be applied, and from then on each update of that call threw, so that each good answer of
// each thinker was lost with it. And `factsAdd: "likes tea"` made a fact of every letter.
import { expect, test } from "bun:test";
import { CallerMemory } from "../../service/call-memory.ts";
import { createMemoryStore } from "../../service/context/memory-store.ts";
import type { ContextUpdate } from "../../service/contract/caller-context.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { ECHO, question, setUp, type Think, thinkerOf } from "../thinker/desk-fixture.ts";
import { createSeededRandom } from "../support/seeded-random.ts";

const SETTINGS = { retentionMs: 1e9, historyMs: 1e9, deadlineMs: 1_000 };

test.each([
  [{ factsAdd: 5 }],
  [{ factsAdd: "likes tea" }],
  [{ factsAdd: ["likes tea", 7] }],
  [{ preferences: { name: 7 } }],
  [{ preferences: { temperatureUnit: "kelvin" } }],
  [{ summary: null }],
  [{ id: "" }],
  ["likes tea"],
  [null],
] as [unknown][])("the update %j is left out and counted, the answers stand", async (bad) => {
  const think: Think = () =>
    Promise.resolve({ response: "the answer", contextUpdate: bad as ContextUpdate });
  const { clock, deskOf, metrics } = setUp([
    thinkerOf("shop", think, { cacheSeconds: 0 }),
    thinkerOf("knowledge", ECHO),
  ]);
  const store = createMemoryStore({ settings: SETTINGS, clock });
  const random = createSeededRandom(1);
  const memory = new CallerMemory({ callId: "call_1", store, clock, random, log: SILENT_LOG });
  memory.attach("a".repeat(64));
  const { ask } = deskOf("", undefined, { memory });
  expect(await ask(question("x", "shop"))).toEqual({
    state: "done",
    output: '{"answer":"the answer"}',
  });
  expect((await ask(question("x"))).state).toBe("done");
  expect(memory.context()).toMatchObject({
    facts: [],
    preferences: { name: "" },
    signals: { topics: { shop: 1, knowledge: 1 } },
  });
  expect(metrics.print()).toContain('voxbridge_thinker_flaws_total{kind="bad_update"} 1');
  memory.close();
});
