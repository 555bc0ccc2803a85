// Goal: quiet callers are heard like loud ones, and silence is not paid for (D-29, D-06, S2-16).
// Method: our own speech through slots at three levels; the numbers on labelled recordings are in
// docs/vad.md, these hold on any machine.
import { describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { HARNESS_SETTINGS, loadHarnessCore, windowFacts } from "../../bench/vad-engines.ts";
import { readSpeechFolder } from "../../bench/vad-speech.ts";
import { atGain, normalRandom, toHalfRate } from "../../bench/vad-variants.ts";
import type { VadSettings } from "../../service/contract/core.ts";
import { openSlot } from "../core/core-fixture.ts";

const core = await loadHarnessCore();
const recordings = await readSpeechFolder(fileURLToPath(new URL("../speech", import.meta.url)));

function scoresOf(samples: Float32Array, settings: Partial<VadSettings>): number[] {
  const run = { core, source: "core", settings: { ...HARNESS_SETTINGS, ...settings } } as const;
  return windowFacts(run, samples, 16000).map((fact) => fact.score);
}

function speechWindows(gainDb: number, settings: Partial<VadSettings>): number {
  let count = 0;
  for (const { samples } of recordings) {
    const scores = scoresOf(atGain(samples, gainDb), settings);
    count += scores.filter((score) => score >= 0.5).length;
  }
  return count;
}

/** 5 s of line noise, then a recording, then 5 s of noise. */
function withPauses(samples: Float32Array): Float32Array {
  const random = normalRandom(11);
  const pause = 5 * 16000;
  const joined = Float32Array.from({ length: samples.length + 2 * pause }, () => 3e-4 * random());
  for (const [index, value] of samples.entries()) {
    joined[pause + index] = (joined[pause + index] ?? 0) + value;
  }
  return joined;
}

describe("level normaliser", () => {
  test("hears a caller 30 dB down almost as one at the recorded level", () => {
    const loud = speechWindows(0, { isLevelNormalised: true });
    const quiet = speechWindows(-30, { isLevelNormalised: true });
    const quietBare = speechWindows(-30, { isLevelNormalised: false });
    expect(quiet).toBeGreaterThan(0.95 * loud);
    expect(quiet).toBeLessThan(1.1 * loud);
    expect(quiet).toBeGreaterThanOrEqual(quietBare);
  });

  test("does not turn line noise into speech", () => {
    for (const noiseDbfs of [-80, -60, -45, -30]) {
      const random = normalRandom(5);
      const noise = Float32Array.from({ length: 160_000 }, () => 10 ** (noiseDbfs / 20) * random());
      const scores = scoresOf(noise, { isLevelNormalised: true });
      expect(scores.filter((score) => score >= 0.5).length).toBe(0);
    }
  });

  test("lays out the lifted window for a model beside the core", () => {
    const [recording] = recordings;
    const quiet = atGain(recording?.samples ?? new Float32Array(0), -30);
    const format = {
      callerEncoding: "pcm16",
      callerRateHz: 16000,
      upstreamEncoding: "pcm16",
      upstreamRateHz: 16000,
      vadSource: "beside",
    } as const;
    const loudest = (isLevelNormalised: boolean): number => {
      const slot = openSlot(core, format, { isLevelNormalised });
      let peak = 0;
      const bytes = new Uint8Array(Int16Array.from(quiet, (value) => value * 32768).buffer);
      for (let start = 0; start + 640 <= bytes.length; start += 640) {
        slot.input.set(bytes.subarray(start, start + 640));
        slot.ingest();
        peak = slot.window.reduce((most, value) => Math.max(most, Math.abs(value)), peak);
      }
      slot.close();
      return peak;
    };
    expect(loudest(true)).toBeGreaterThan(10 * loudest(false));
  });
});

describe("energy gate", () => {
  const gate = { gateOverNoiseFloorDb: 3, isLevelNormalised: true };

  test("S2-16 D-06: skips the model in pauses, and the next onset is not worse for it", () => {
    for (const { samples } of recordings) {
      const joined = withPauses(samples);
      const free = scoresOf(joined, { isLevelNormalised: true });
      const run = { core, source: "core", settings: { ...HARNESS_SETTINGS, ...gate } } as const;
      const facts = windowFacts(run, joined, 16000);
      const skipped = facts.filter((fact) => fact.isSkipped).length;
      expect(skipped).toBeGreaterThan(facts.length * 0.25);
      const onsetFree = free.findIndex((score) => score >= 0.5);
      const onset = facts.findIndex((fact) => fact.score >= 0.5);
      expect(Math.abs(onset - onsetFree)).toBeLessThanOrEqual(1);
    }
  });

  test("gates a quiet caller no more than a loud one (D-29)", () => {
    const skippedSpeech = (gainDb: number): number => {
      let skipped = 0;
      let windows = 0;
      for (const { samples } of recordings) {
        const joined = withPauses(samples);
        const free = scoresOf(joined, { isLevelNormalised: true });
        const run = { core, source: "core", settings: { ...HARNESS_SETTINGS, ...gate } } as const;
        for (const [index, fact] of windowFacts(run, atGain(joined, gainDb), 16000).entries()) {
          if ((free[index] ?? 0) < 0.5) continue;
          windows++;
          if (fact.isSkipped) skipped++;
        }
      }
      return skipped / windows;
    };
    const loud = skippedSpeech(0);
    expect(skippedSpeech(-20) - loud).toBeLessThanOrEqual(0.02);
    expect(skippedSpeech(-30) - loud).toBeLessThanOrEqual(0.02);
  });

  test("is off at 0 dB: every window is judged", () => {
    const [recording] = recordings;
    const run = { core, source: "core", settings: HARNESS_SETTINGS } as const;
    const narrow = toHalfRate(withPauses(recording?.samples ?? new Float32Array(0)));
    expect(windowFacts(run, narrow, 8000).some((fact) => fact.isSkipped)).toBe(false);
  });
});
