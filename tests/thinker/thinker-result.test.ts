// Goal: of what a thinker returns only what is as the contract says goes on, and no more of it than
// fits. Method: results as a module of a user's may make them.
import { describe, expect, test } from "bun:test";
import type { ThinkResult } from "../../service/contract/thinker.ts";
import { UPSTREAM_COMMAND_RESERVE_BYTES } from "../../service/limits.ts";
import { outputOf, parsedResult } from "../../service/thinker/thinker-result.ts";

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

  test("titles are cut, a source that is none is left out and counted, the others stay", () => {
    const good = { title: "t".repeat(201), url: "https://shop.example" };
    const sources = [
      good,
      { title: "far", url: `https://${"x".repeat(2_000)}` },
      { title: 7 },
      null,
    ];
    expect(parsed({ sources })).toEqual({
      result: { response: "yes", sources: [{ ...good, title: "t".repeat(200) }] },
      flaws: ["bad_sources"],
    });
    expect(parsed({ sources: "shop.example" }).flaws).toEqual(["bad_sources"]);
    expect(parsed({ sources: Array(9).fill(good) }).result.sources).toHaveLength(5);
  });

  test("RT-09: the longest output fits what a full socket keeps free for commands", () => {
    // Six characters each in JSON, and the output is a text within JSON again.
    const source = { title: "\u0001".repeat(200), url: "\u0001".repeat(2_000) };
    const { result } = parsed({ response: "\u0001".repeat(9_000), sources: Array(5).fill(source) });
    expect(JSON.stringify(outputOf(result)).length).toBeLessThan(UPSTREAM_COMMAND_RESERVE_BYTES);
  });
});
