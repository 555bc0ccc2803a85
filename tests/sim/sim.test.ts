// Whole simulated calls (bun run sim): some hundred seeds here, thousands by hand and in CI.
// A failing seed is printed; `bun run sim --seed N --trace` tells it line by line.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CallWorld } from "./call-world.ts";
import { MUTATIONS } from "./mutation-list.ts";

const SEEDS = 500;

describe("a simulated call", () => {
  test(`${SEEDS} seeds hold every rule`, () => {
    const broken: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { brokenRule } = new CallWorld(seed, false).run();
      if (brokenRule !== null) broken.push(`seed ${seed}: ${brokenRule}`);
    }
    expect(broken).toEqual([]);
  }, 120_000);

  test("the same seed is the same call, event for event", () => {
    for (const seed of [7, 77, 777]) {
      const first = new CallWorld(seed, false).run();
      const again = new CallWorld(seed, true).run();
      expect(again.digest).toBe(first.digest);
      expect(again.trace.length).toBeGreaterThan(20);
    }
  });

  test("every planted fault of bun run sim:mutations still applies to the code", () => {
    const gone: string[] = [];
    for (const { rule, file, replacements } of MUTATIONS) {
      const text = readFileSync(join(import.meta.dir, "../..", file), "utf8");
      for (const [from] of replacements) {
        if (text.split(from).length !== 2) gone.push(`${rule}: ${file}`);
      }
    }
    expect(gone).toEqual([]);
  });

  test("different seeds are different calls, with everything in them that can happen", () => {
    const digests = new Set<string>();
    const seen = new Set<string>();
    for (let seed = 1_000; seed < 1_150; seed += 1) {
      const { digest, counts } = new CallWorld(seed, false).run();
      digests.add(digest);
      for (const name of counts.keys()) seen.add(name);
    }
    expect(digests.size).toBe(150);
    for (const name of [
      "barge_in",
      "truncated",
      "item_deleted",
      "response_resync",
      "false_onset",
      ...["prompt", "soon", "slow", "fails", "throws"].map((temper) => `thinker_${temper}`),
      ...["empty", "huge", "deaf", "silent"].map((temper) => `thinker_${temper}`),
    ]) {
      expect(seen.has(name)).toBe(true);
    }
  });
});
