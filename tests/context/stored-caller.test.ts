// Goal: a stored caller comes back as it was; what is not one is nothing, and never a throw.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  EMPTY_STORED_CALLER,
  parseStoredCaller,
  printStoredCaller,
  updatedCaller,
} from "../../service/context/stored-caller.ts";
import { UPDATE_IDS_MAX } from "../../service/limits.ts";

const WALL_MS = 1_800_000_000_000;

describe("stored caller", () => {
  test("printed and parsed it is the same", () => {
    const update = { id: "u1", factsAdd: ["has a dog"], topic: "news", summary: "s" };
    const stored = updatedCaller(EMPTY_STORED_CALLER, update, WALL_MS);
    expect(parseStoredCaller(printStoredCaller(stored))).toEqual(stored);
  });

  test("what is no stored caller is null", () => {
    const printed = printStoredCaller(EMPTY_STORED_CALLER);
    const broken = [
      "",
      "null",
      "[]",
      "{}",
      "<html>",
      printed.slice(0, -1),
      printed.replace('"version":1', '"version":2'),
      printed.replace('"facts":[]', '"facts":[7]'),
      printed.replace('"temperatureUnit":""', '"temperatureUnit":"kelvin"'),
    ];
    for (const text of broken) expect(parseStoredCaller(text)).toBeNull();
    fc.assert(fc.property(fc.json(), (text) => parseStoredCaller(text) === null));
  });

  test("what breaks a bound is cut to it", () => {
    const printed = printStoredCaller({
      context: {
        preferences: { name: "n".repeat(999), location: "", temperatureUnit: "", tickers: ["?"] },
        facts: Array.from({ length: 99 }, (_, index) => `fact ${index}`),
        summary: "s".repeat(9_999),
        signals: { topics: { news: -1, "No!": 3 }, callCount: 1.5, lastActiveMs: 1e300 },
      },
      updateIds: Array.from({ length: 999 }, (_, index) => `id ${index}`),
    });
    const stored = parseStoredCaller(printed);
    expect(stored?.context.facts.length).toBe(20);
    expect(stored?.context.preferences).toMatchObject({ name: "n".repeat(80), tickers: [] });
    expect(stored?.context.signals).toEqual({ topics: {}, callCount: 1, lastActiveMs: 0 });
    expect(stored?.updateIds.length).toBe(UPDATE_IDS_MAX);
  });

  test("an id is remembered for 64 updates", () => {
    let stored = updatedCaller(EMPTY_STORED_CALLER, { id: "first", topic: "news" }, WALL_MS);
    for (let index = 1; index < UPDATE_IDS_MAX; index += 1) {
      stored = updatedCaller(stored, { id: `update ${index}` }, WALL_MS);
    }
    expect(updatedCaller(stored, { id: "first", topic: "news" }, WALL_MS)).toBe(stored);
    stored = updatedCaller(stored, { id: "one more" }, WALL_MS);
    const again = updatedCaller(stored, { id: "first", topic: "news" }, WALL_MS);
    expect(again.context.signals.topics).toEqual({ news: 2 });
  });
});
