// Goal: the bench of the cascade runs, and what it measures on stepped time holds in every run.
import { expect, test } from "bun:test";
import { measureWholeTurn } from "../../bench/cascade.ts";
import { ENGINES_MS, measureStep, STEPS } from "../../bench/cascade-steps.ts";

/** Ours, beside the engines' and the silence. */
const OURS_MS_MAX = 30;

test("S3-01, S3-08, S3-09: every step saves time; the last one the whole silence", async () => {
  const results: number[] = [];
  for (const settings of STEPS) results.push((await measureStep(settings)).firstAudioMs);
  expect(results).toEqual([...results].sort((left, right) => right - left));
  expect(new Set(results).size).toBe(STEPS.length);
  const [inSequence = 0, overlapped = 0] = results.slice(-2);
  // Strictly in sequence: the engines' own sum, the silence, and at most 30 ms of ours.
  expect(inSequence).toBeLessThanOrEqual(ENGINES_MS + 300 + OURS_MS_MAX);
  expect(inSequence - overlapped).toBe(300);
  expect(results[0]).toBeGreaterThan(2_500);
});

test("S2-80, S2-81: through the whole service under 800 ms after the true end of speech", async () => {
  const { endpointMs, perceivedMs } = await measureWholeTurn();
  expect(endpointMs).toBeGreaterThanOrEqual(300);
  expect(perceivedMs).toBeLessThanOrEqual(800);
  // The engines overlap the silence: no more than their sum, a window of 32 ms, the frames' raster.
  expect(perceivedMs).toBeLessThanOrEqual(ENGINES_MS + OURS_MS_MAX + 32 + 2 * 20);
});
