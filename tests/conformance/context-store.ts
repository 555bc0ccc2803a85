// What every ContextStore must do, whatever keeps the data: each store's test file runs this suite
// with its own way of making one (style 47). Time is a stepped clock's: a store that asked another
// clock would fail here.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  type ContextStore,
  EMPTY_CALLER_CONTEXT,
  type HistoryEntry,
} from "../../service/contract/caller-context.ts";
import {
  CACHE_VALUE_CHARACTERS_MAX,
  CALLER_FACTS_MAX,
  HISTORY_ENTRIES_MAX,
  HISTORY_TEXT_CHARACTERS_MAX,
} from "../../service/limits.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";

export const RETENTION_MS = 90_000_000;
export const HISTORY_MS = 30_000_000;

export interface StoreUnderTest {
  readonly store: ContextStore;
  /** Another process's store on the same data; null where that cannot be. */
  readonly second: ContextStore | null;
  close(): Promise<void>;
}

const ANN = "a".repeat(64);
const BOB = "b".repeat(64);

/** The suite. `open`: an empty store on this clock. */
export function contextStoreConformance(
  name: string,
  open: (clock: SteppedClock) => Promise<StoreUnderTest>,
): void {
  describe(`${name}: ContextStore`, () => {
    let clock: SteppedClock;
    let made: StoreUnderTest;
    let store: ContextStore;
    beforeEach(async () => {
      clock = createSteppedClock();
      made = await open(clock);
      store = made.store;
    });
    afterEach(() => made.close());

    const entry = (sequence: number, text: string, callId = "call_1"): HistoryEntry => ({
      callId,
      sequence,
      turnId: sequence + 1,
      speaker: sequence % 2 === 0 ? "caller" : "agent",
      text,
      wallMs: clock.wallMs(),
    });

    test("load() of an unknown caller is the empty context", async () => {
      expect(await store.load(ANN)).toEqual(EMPTY_CALLER_CONTEXT);
      expect(await store.history(ANN, 10)).toEqual([]);
      expect(await store.export(ANN)).toEqual({ context: EMPTY_CALLER_CONTEXT, history: [] });
    });

    test("S1-33: what update() returns is what load() finds, for this caller alone", async () => {
      clock.advance(5_000);
      const updated = await store.update(ANN, {
        preferences: { name: "Ann", location: "Kyiv", temperatureUnit: "celsius" },
        tickersAdd: ["aapl"],
        factsAdd: ["has a dog"],
        summary: "Asked for the weather",
        topic: "weather",
        isCallBegun: true,
      });
      expect(updated).toEqual({
        preferences: {
          name: "Ann",
          location: "Kyiv",
          temperatureUnit: "celsius",
          tickers: ["AAPL"],
        },
        facts: ["has a dog"],
        summary: "Asked for the weather",
        signals: { topics: { weather: 1 }, callCount: 1, lastActiveMs: clock.wallMs() },
      });
      expect(await store.load(ANN)).toEqual(updated);
      expect(await store.load(BOB)).toEqual(EMPTY_CALLER_CONTEXT);
    });

    test("RT-11: 1,000 updates at once, of both stores where there are two, lose nothing", async () => {
      const stores = made.second === null ? [store] : [store, made.second];
      await Promise.all(
        Array.from({ length: 1_000 }, (_, index) =>
          (stores[index % stores.length] ?? store).update(ANN, {
            topic: `topic_${index % 10}`,
            factsAdd: [`fact ${index}`],
            isCallBegun: index % 2 === 0,
          }),
        ),
      );
      const { signals, facts } = await store.load(ANN);
      const topics = Array.from({ length: 10 }, (_, index) => [`topic_${index}`, 100]);
      expect(Object.fromEntries(Object.entries(signals.topics).sort())).toEqual(
        Object.fromEntries(topics),
      );
      expect(signals.callCount).toBe(500);
      expect(new Set(facts).size).toBe(CALLER_FACTS_MAX);
    });

    test("updates asked for one after another are applied in that order", async () => {
      const answers = ["one", "two", "three"].map((name) =>
        store.update(ANN, { preferences: { name }, factsAdd: [name] }),
      );
      const contexts = await Promise.all(answers);
      expect(contexts.map(({ preferences }) => preferences.name)).toEqual(["one", "two", "three"]);
      expect((await store.load(ANN)).facts).toEqual(["one", "two", "three"]);
    });

    test("an update with an id is applied once, however often it arrives", async () => {
      const update = { id: "update_1", topic: "news", isCallBegun: true };
      await Promise.all([store.update(ANN, update), store.update(ANN, update)]);
      await store.update(ANN, { topic: "news" });
      expect((await store.update(ANN, update)).signals).toMatchObject({
        topics: { news: 2 },
        callCount: 1,
      });
    });

    test("a context is forgotten after its retention time, counted from the last update", async () => {
      await store.update(ANN, { factsAdd: ["has a dog"] });
      clock.advance(RETENTION_MS - 1);
      await store.update(ANN, { topic: "news" });
      clock.advance(RETENTION_MS - 1);
      expect((await store.load(ANN)).facts).toEqual(["has a dog"]);
      clock.advance(2);
      expect(await store.load(ANN)).toEqual(EMPTY_CALLER_CONTEXT);
      expect((await store.update(ANN, { topic: "news" })).facts).toEqual([]);
    });

    test("S1-11: history is kept in order, once, and the newest of it is given", async () => {
      await store.appendHistory(ANN, [entry(0, "Hello"), entry(1, "Good day")]);
      clock.advance(1_000);
      await store.appendHistory(ANN, [entry(2, "What is the weather?")]);
      await store.appendHistory(ANN, [entry(2, "What is the weather?")]);
      await store.appendHistory(BOB, [entry(0, "Bob here")]);
      const texts = async (entriesMax: number) =>
        (await store.history(ANN, entriesMax)).map(({ text }) => text);
      expect(await texts(10)).toEqual(["Hello", "Good day", "What is the weather?"]);
      expect(await texts(2)).toEqual(["Good day", "What is the weather?"]);
      expect(await texts(0)).toEqual([]);
      expect((await store.history(ANN, 1))[0]).toEqual(entry(2, "What is the weather?"));
    });

    test("history ends with its time to live, entry by entry", async () => {
      await store.appendHistory(ANN, [entry(0, "old")]);
      clock.advance(HISTORY_MS - 1);
      await store.appendHistory(ANN, [entry(1, "new")]);
      clock.advance(2);
      expect((await store.history(ANN, 10)).map(({ text }) => text)).toEqual(["new"]);
    });

    test("history is bounded: entries by count, an entry by length", async () => {
      await store.appendHistory(ANN, [entry(0, "x".repeat(HISTORY_TEXT_CHARACTERS_MAX + 9))]);
      expect((await store.history(ANN, 1))[0]?.text.length).toBe(HISTORY_TEXT_CHARACTERS_MAX);
      const many = Array.from({ length: HISTORY_ENTRIES_MAX + 5 }, (_, index) =>
        entry(index + 1, `entry ${index}`),
      );
      await store.appendHistory(ANN, many);
      const kept = await store.history(ANN, HISTORY_ENTRIES_MAX + 100);
      expect(kept.length).toBe(HISTORY_ENTRIES_MAX);
      expect(kept.at(-1)?.text).toBe(`entry ${HISTORY_ENTRIES_MAX + 4}`);
    });

    test("RT-10: a cached result is found by its scope alone, until its time", async () => {
      await store.cache("", "weather:kyiv", "sunny", 10_000);
      await store.cache(ANN, "weather:home", "rain at Ann's", 10_000);
      expect(await store.cached("", "weather:kyiv")).toBe("sunny");
      expect(await store.cached(ANN, "weather:home")).toBe("rain at Ann's");
      expect(await store.cached(ANN, "weather:kyiv")).toBeNull();
      expect(await store.cached(BOB, "weather:home")).toBeNull();
      expect(await store.cached("", "weather:home")).toBeNull();
      await store.cache("", "weather:kyiv", "cloudy", 20_000);
      expect(await store.cached("", "weather:kyiv")).toBe("cloudy");
      clock.advance(10_000);
      expect(await store.cached(ANN, "weather:home")).toBeNull();
      expect(await store.cached("", "weather:kyiv")).toBe("cloudy");
      clock.advance(10_000);
      expect(await store.cached("", "weather:kyiv")).toBeNull();
    });

    test("scopes and keys that look alike are not mixed up", async () => {
      await store.cache("a", "b:c", "one", 10_000);
      await store.cache("a:b", "c", "two", 10_000);
      await store.cache("a", 'b"],["c', "three", 10_000);
      expect(await store.cached("a", "b:c")).toBe("one");
      expect(await store.cached("a:b", "c")).toBe("two");
      expect(await store.cached("a", 'b"],["c')).toBe("three");
    });

    test("a result that is too long is not cached", async () => {
      await store.cache("", "long", "x".repeat(CACHE_VALUE_CHARACTERS_MAX + 1), 10_000);
      expect(await store.cached("", "long")).toBeNull();
    });

    test("erase() leaves nothing of the caller and everything of the others", async () => {
      for (const caller of [ANN, BOB]) {
        await store.update(caller, { factsAdd: ["has a dog"] });
        await store.appendHistory(caller, [entry(0, "Hello")]);
        await store.cache(caller, "weather:home", "rain", 10_000);
      }
      await store.cache("", "weather:kyiv", "sunny", 10_000);
      await store.erase(ANN);
      expect(await store.export(ANN)).toEqual({ context: EMPTY_CALLER_CONTEXT, history: [] });
      expect(await store.cached(ANN, "weather:home")).toBeNull();
      const bob = await store.export(BOB);
      expect(bob.context.facts).toEqual(["has a dog"]);
      expect(bob.history).toEqual([entry(0, "Hello")]);
      expect(await store.cached(BOB, "weather:home")).toBe("rain");
      expect(await store.cached("", "weather:kyiv")).toBe("sunny");
      await store.erase("c".repeat(64));
    });

    test("hostile text comes back as it went in", async () => {
      const text = `'; DROP TABLE callers; -- \u0000 {"version":1} \u2028 😀 ${"\\".repeat(9)}`;
      await store.cache("", text, text, 10_000);
      expect(await store.cached("", text)).toBe(text);
      await store.appendHistory(ANN, [entry(0, text)]);
      expect((await store.history(ANN, 1))[0]?.text).toBe(text);
      const updated = await store.update(ANN, { summary: text, topic: "__proto__" });
      expect((await store.load(ANN)).summary).toBe(updated.summary);
      expect((await store.load(ANN)).signals.topics).toEqual({});
    });
  });
}
