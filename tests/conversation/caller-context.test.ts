// Goal: what an update does to a context, and that no update can make one grow or carry what cannot
// be seen. Method: examples, then random updates (fast-check) against the bounds.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type CallerContext,
  type ContextUpdate,
  EMPTY_CALLER_CONTEXT,
} from "../../service/contract/caller-context.ts";
import {
  applyContextUpdate,
  boundedContext,
  cleanText,
} from "../../service/conversation/caller-context.ts";
import {
  CALLER_FACT_CHARACTERS_MAX,
  CALLER_FACTS_MAX,
  CALLER_NAME_CHARACTERS_MAX,
  CALLER_SUMMARY_CHARACTERS_MAX,
  CALLER_TICKERS_MAX,
  CALLER_TOPICS_MAX,
} from "../../service/limits.ts";

const WALL_MS = 1_800_000_000_000;

function after(...updates: readonly ContextUpdate[]): CallerContext {
  return updates.reduce(
    (context, update) => applyContextUpdate(context, update, WALL_MS),
    EMPTY_CALLER_CONTEXT,
  );
}

describe("applyContextUpdate()", () => {
  test("S1-33: changes what the update names and keeps the rest", () => {
    const context = after(
      { preferences: { name: "Ann", location: "Kyiv" }, factsAdd: ["has a dog"] },
      { preferences: { location: "Lviv" }, topic: "weather", isCallBegun: true },
    );
    expect(context.preferences).toMatchObject({ name: "Ann", location: "Lviv" });
    expect(context.facts).toEqual(["has a dog"]);
    expect(context.signals).toEqual({
      topics: { weather: 1 },
      callCount: 1,
      lastActiveMs: WALL_MS,
    });
  });

  test("facts that differ in case, spaces, width or a full stop are one, in the newest words", () => {
    const context = after(
      { factsAdd: ["Has a  dog", "likes tea"] },
      { factsAdd: [" has A dog. ", "Ｌikes tea"] },
    );
    expect(context.facts).toEqual(["has A dog.", "Ｌikes tea"]);
  });

  test("the oldest facts go when there are more than 20", () => {
    const facts = Array.from({ length: CALLER_FACTS_MAX + 3 }, (_, index) => `fact ${index}`);
    const context = after(...facts.map((fact) => ({ factsAdd: [fact] })));
    expect(context.facts).toEqual(facts.slice(3));
  });

  test("a fact is removed whatever its case", () => {
    expect(after({ factsAdd: ["Has a dog"] }, { factsRemove: ["has a DOG."] }).facts).toEqual([]);
  });

  test("tickers are upper case, once, and nothing that is no ticker becomes one", () => {
    const context = after(
      { tickersAdd: ["aapl", " $msft ", "brk.b", "^GSPC", "not a ticker", "", "A".repeat(40)] },
      { tickersAdd: ["AAPL"], tickersRemove: ["msft"] },
    );
    expect(context.preferences.tickers).toEqual(["BRK.B", "^GSPC", "AAPL"]);
    const many = Array.from({ length: CALLER_TICKERS_MAX + 2 }, (_, index) => `T${index}`);
    expect(after({ tickersAdd: many }).preferences.tickers).toEqual(many.slice(2));
  });

  test("only names of domains are counted as topics, at most 32", () => {
    const names = Array.from({ length: CALLER_TOPICS_MAX + 4 }, (_, index) => `topic_${index}`);
    const hostile = ["__proto__", "constructor", "Weather!", ""];
    const context = after(...[...hostile, ...names].map((topic) => ({ topic })));
    expect(Object.keys(context.signals.topics).length).toBe(CALLER_TOPICS_MAX);
    expect(context.signals.topics).toMatchObject({ constructor: 1, topic_0: 1 });
    expect(Object.hasOwn(context.signals.topics, "__proto__")).toBe(false);
  });

  test("texts are cut and cleaned of what cannot be seen", () => {
    const hidden = "An\u0000n\u202e\n\n\u200b \ufeff\u{e0041}\u{e0042}Lee";
    const context = after({ preferences: { name: hidden }, summary: "s".repeat(99_999) });
    expect(context.preferences.name).toBe("An n Lee");
    expect(context.summary.length).toBe(CALLER_SUMMARY_CHARACTERS_MAX);
    expect(cleanText("می\u200cخواهم", 20)).toBe("می\u200cخواهم");
    expect(cleanText("abc😀", 4)).toBe("abc");
  });

  test("lastActiveMs never goes back", () => {
    const later = applyContextUpdate(EMPTY_CALLER_CONTEXT, {}, WALL_MS);
    expect(applyContextUpdate(later, {}, WALL_MS - 5).signals.lastActiveMs).toBe(WALL_MS);
  });

  test("any updates leave a context within its bounds, and a bounded one as it is", () => {
    const text = fc.string({ unit: "binary", maxLength: 400 });
    const update = fc.record(
      {
        preferences: fc.record({ name: text, location: text }, { requiredKeys: [] }),
        tickersAdd: fc.array(text),
        factsAdd: fc.array(text),
        factsRemove: fc.array(text),
        summary: text,
        topic: text,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(update, { maxLength: 6 }), (updates) => {
        const context = after(...updates);
        expect(context.facts.length).toBeLessThanOrEqual(CALLER_FACTS_MAX);
        for (const fact of context.facts) {
          expect(fact.length).toBeLessThanOrEqual(CALLER_FACT_CHARACTERS_MAX);
          expect(fact).not.toMatch(/[\n\r\u2028]|[\ud800-\udbff]$/);
        }
        expect(context.preferences.name.length).toBeLessThanOrEqual(CALLER_NAME_CHARACTERS_MAX);
        expect(boundedContext(context)).toEqual(context);
      }),
      { numRuns: 300 },
    );
  });
});
