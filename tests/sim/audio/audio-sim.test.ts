// Simulated calls with sound (bun run sim --audio): a few seeds here, more in CI and by hand.
import { describe, expect, test } from "bun:test";
import { AudioWorld } from "./audio-world.ts";
import { loadServiceParts } from "./service-parts.ts";

const SEEDS = 6;
const parts = await loadServiceParts();

describe("a simulated call with sound", () => {
  test(`${SEEDS} seeds hold every rule, and leave no slot behind`, () => {
    const broken: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { brokenRule } = new AudioWorld(parts, seed, false).run();
      if (brokenRule !== null) broken.push(`seed ${seed}: ${brokenRule}`);
    }
    expect(broken).toEqual([]);
    expect(parts.core.slotsOpen()).toBe(0);
  }, 60_000);

  test("the same seed is the same call, frame for frame and bit for bit", () => {
    for (const seed of [7, 23]) {
      const first = new AudioWorld(parts, seed, false).run();
      const again = new AudioWorld(parts, seed, true).run();
      expect(again.digest).toBe(first.digest);
      expect(again.trace.length).toBeGreaterThan(100);
    }
  }, 60_000);
});
