// Goal: the engine bench still runs and compares the same work on both ways; no timing is asserted.
import { expect, test } from "bun:test";
import { measurePlayback } from "../../bench/engine-playback.ts";
import { measureMemory, measureRounds, PHONE, WIDEBAND } from "../../bench/engine-rounds.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { makeCore } from "../core/core-fixture.ts";

test("S4-58, S4-60: the engine bench does the same work on both ways", () => {
  const core = makeCore(8);
  for (const format of [PHONE, WIDEBAND]) {
    const result = measureRounds({ core, metrics: NO_METRICS, format, rounds: 20 });
    expect(result.checksumEngine).toBe(result.checksumStraight);
    expect(result.engine.mean).toBeGreaterThan(0);
    expect(result.worstEngineQuiet).toBeLessThanOrEqual(result.worstEngine);
  }
  expect(core.slotsOpen()).toBe(0);
});

test("S4-58: one call's coordination takes less than 1 MB", () => {
  expect(measureMemory(makeCore(8), NO_METRICS, 8)).toBeLessThan(1_000_000);
});

test("the bench of the way down sends one frame per call and round", () => {
  const core = makeCore(8);
  const options = { core, metrics: NO_METRICS, calls: 4, rounds: 20 };
  // Three frames of lead, then one a round.
  expect(measurePlayback(options).framesSent).toBe(4 * (20 + 3));
  expect(core.slotsOpen()).toBe(0);
});
