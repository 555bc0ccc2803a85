// Goal: of what a thinker returns only what is as the contract says goes on, and no more of it than
// fits. Method: results as a module of a user's may make them.
import { describe, expect, test } from "bun:test";
import type { ThinkResult } from "../../service/contract/thinker.ts";
import { parsedResult } from "../../service/thinker/thinker-result.ts";

function parsed(result: object) {
  const flaws: string[] = [];
  const given = { response: "yes", ...result } as ThinkResult;
  return { result: parsedResult("shop", given, (flaw) => flaws.push(flaw)), flaws };
}

describe("parsedResult()", () => {
  test("S1-35: an update that is as told goes on, every field of it", () => {
    const contextUpdate = {
      id: "once",
      preferences: { name: "Ann", location: "Bern", temperatureUnit: "celsius" },
      ...{ tickersAdd: ["ABC"], tickersRemove: ["DEF"] },
      ...{ factsAdd: ["has a dog"], factsRemove: ["has a cat"], summary: "Ann has a dog" },
    };
    expect(parsed({ contextUpdate })).toEqual({
      result: { response: "yes", contextUpdate } as ThinkResult,
      flaws: [],
    });
  });

  test("what others say is not taken from a thinker: the topic, and that a call has begun", () => {
    const contextUpdate = { topic: "stocks", isCallBegun: true, factsAdd: ["has a dog"] };
    const { result } = parsed({ contextUpdate });
    expect(result.contextUpdate).toEqual({ factsAdd: ["has a dog"] });
  });

  test("lists and texts of a megabyte are cut before anybody keeps them", () => {
    const factsAdd = Array.from({ length: 1_000 }, () => "x".repeat(10_000));
    const { result } = parsed({ contextUpdate: { factsAdd } });
    expect(result.contextUpdate?.factsAdd).toHaveLength(64);
    expect(result.contextUpdate?.factsAdd?.[0]).toHaveLength(4_000);
  });
});
