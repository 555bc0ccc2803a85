// Bandwidth and artifacts of what was heard. Method: signals whose answer is known because they
// were made so: noise cut at a frequency in the spectrum, tones, planted clicks and gaps; and the
// recordings of tests/speech, plain and through mu-law, which hold no fault.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../../scripts/caller/audio-format.ts";
import { toPcm16 } from "../../../scripts/caller/audio-format.ts";
import { findArtifacts } from "../../../scripts/lab/artifacts.ts";
import { bandwidthHz } from "../../../scripts/lab/bandwidth.ts";
import { fourier } from "../../../service/core/fourier.ts";
import { createSeededRandom } from "../../support/seeded-random.ts";
import type { SpeechName } from "../../support/speech-files.ts";
import { loadSpeech } from "../../support/speech-files.ts";

const NAMES: readonly SpeechName[] = [
  "question",
  "two-part",
  "yes",
  "no",
  "hold-on",
  "interrupt",
  "numbers",
  "goodbye",
];
const LENGTH = 32_768;

/** Noise of even power from 0 to cutHz and nothing above: bins set, then transformed back. */
function bandLimitedNoise(cutHz: number, rateHz: number): Int16Array {
  const random = createSeededRandom(85);
  const re = new Float64Array(LENGTH);
  const im = new Float64Array(LENGTH);
  const last = Math.floor((cutHz * LENGTH) / rateHz);
  for (let bin = 1; bin <= last; bin += 1) {
    const angle = (2 * Math.PI * random.uint32()) / 2 ** 32;
    re[bin] = Math.cos(angle);
    im[bin] = Math.sin(angle);
    re[LENGTH - bin] = re[bin] ?? 0;
    im[LENGTH - bin] = -(im[bin] ?? 0);
  }
  fourier(re, im, true);
  const peak = re.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return Int16Array.from(re, (value) => Math.round((value / peak) * 16_000));
}

function tone(frequencyHz: number, rateHz: number, amplitude = 8_000): Int16Array {
  return Int16Array.from({ length: LENGTH }, (_, index) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * frequencyHz * index) / rateHz)),
  );
}

describe("bandwidthHz()", () => {
  test.each([8_000, 16_000, 24_000])("S1-85: noise up to 3400 Hz at %p Hz", (rateHz) => {
    // Even power: 99 % of it ends at 99 % of the band; the raster and the window blur two bins.
    const found = bandwidthHz(bandLimitedNoise(3_400, rateHz), rateHz);
    expect(Math.abs((found ?? 0) - 0.99 * 3_400)).toBeLessThan((2 * rateHz) / 1024);
  });

  test("a tone ends where it is, silence and hiss below -50 dBFS nowhere", () => {
    const found = bandwidthHz(tone(1_000, 16_000), 16_000) ?? 0;
    expect(Math.abs(found - 1_000)).toBeLessThan(32);
    expect(bandwidthHz(new Int16Array(LENGTH), 16_000)).toBeUndefined();
    expect(bandwidthHz(tone(1_000, 16_000, 100), 16_000)).toBeUndefined();
    expect(bandwidthHz(new Int16Array(100), 16_000)).toBeUndefined();
  });

  test("quiet between the words changes nothing", () => {
    const noise = bandLimitedNoise(3_400, 16_000);
    const spaced = new Int16Array(LENGTH * 3);
    spaced.set(noise, LENGTH);
    const difference =
      (bandwidthHz(spaced, 16_000) ?? 0) - (bandwidthHz(noise, 16_000) ?? Number.NaN);
    expect(Math.abs(difference)).toBeLessThan(32);
  });
});

describe("findArtifacts()", () => {
  const count = (samples: Int16Array, rateHz: number) => {
    const { clicks, dropouts } = findArtifacts(samples, rateHz);
    return [clicks.length, dropouts.length];
  };

  test.each([8_000, 16_000, 24_000])("S1-85: tones and noise at %p Hz have none", (rateHz) => {
    expect(count(bandLimitedNoise(3_400, rateHz), rateHz)).toEqual([0, 0]);
    expect(count(tone(440, rateHz), rateHz)).toEqual([0, 0]);
    expect(count(tone(3_000, rateHz, 30_000), rateHz)).toEqual([0, 0]);
    expect(count(new Int16Array(LENGTH), rateHz)).toEqual([0, 0]);
  });

  test("S1-85: a planted click is found where it is, once", () => {
    const samples = tone(200, 16_000, 4_000);
    samples[10_000] = 20_000;
    expect(findArtifacts(samples, 16_000)).toEqual({ clicks: [10_000], dropouts: [] });
  });

  test("S1-85: a join that jumps is a click, one that goes on is none", () => {
    const tail = LENGTH - 80;
    const joined = tone(200, 16_000);
    // Half a period is left out: the wave jumps from one crest to the other.
    const cut = 10_000 + 20;
    joined.copyWithin(cut, cut + 40);
    expect(findArtifacts(joined.subarray(0, tail), 16_000).clicks).toEqual([cut]);
    const whole = tone(200, 16_000);
    whole.copyWithin(cut, cut + 80);
    expect(count(whole.subarray(0, tail), 16_000)).toEqual([0, 0]);
  });

  test("S1-85: a lost frame is one dropout; a pause and the end of a sound are none", () => {
    const lost = bandLimitedNoise(3_400, 16_000);
    lost.fill(0, 9_600, 9_920);
    expect(findArtifacts(lost, 16_000)).toEqual({ clicks: [], dropouts: [9_600] });
    const paused = bandLimitedNoise(3_400, 16_000);
    paused.fill(0, 9_600, 9_600 + 16 * 250);
    expect(count(paused, 16_000)[1]).toBe(0);
    const ended = bandLimitedNoise(3_400, 16_000);
    ended.fill(0, 9_600);
    expect(count(ended, 16_000)[1]).toBe(0);
  });

  test.each([
    { encoding: "pcm16", rateHz: 16_000, channels: 1 },
    { encoding: "mulaw", rateHz: 8_000, channels: 1 },
  ] satisfies AudioFormat[])(
    "S1-85: the recordings hold none, as $encoding; planted ones are found",
    (format) => {
      for (const name of NAMES) {
        const samples = toPcm16(format, loadSpeech(name, format));
        expect([name, ...count(samples, format.rateHz)]).toEqual([name, 0, 0]);
      }
      const samples = toPcm16(format, loadSpeech("question", format));
      const frame = format.rateHz / 50;
      // A loud stretch: the loudest frame of the recording, and the one after it goes missing.
      const energy = (start: number) =>
        samples.subarray(start, start + frame).reduce((sum, sample) => sum + sample ** 2, 0);
      let loudest = 0;
      for (let start = 0; start + 3 * frame < samples.length; start += frame) {
        if (energy(start) > energy(loudest)) loudest = start;
      }
      samples.fill(0, loudest + frame, loudest + 2 * frame);
      expect(findArtifacts(samples, format.rateHz).dropouts).toHaveLength(1);
    },
  );
});
