// Goal: a frame that completes a window gets Silero's probability in the same call (S1-53, S2-11),
// at the caller's own rate on the phone (decision 4), with context and state carried (D-05, D-06).
// Method: our own speech through whole slots, against the kernel run on the same windows.
import { describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { createSileroKernel, coreModelEntry } from "../../bench/vad-kernel.ts";
import { readSpeechFolder } from "../../bench/vad-speech.ts";
import { throughMulaw, toHalfRate, toMulaw } from "../../bench/vad-variants.ts";
import { loadSileroWeights } from "../../models/load-model.ts";
import { CAPTURE_EVENT, type CoreSlot } from "../../service/contract/core.ts";
import { makeCore, openSlot } from "../core/core-fixture.ts";

const OWN_SPEECH = fileURLToPath(new URL("../speech", import.meta.url));
const weights = await loadSileroWeights(coreModelEntry(), "");
const kernel = await createSileroKernel();
const [speech] = await readSpeechFolder(OWN_SPEECH);
const voice = speech?.samples ?? new Float32Array(0);

function coreWithModel(slotsMax = 16) {
  const core = makeCore(slotsMax);
  core.loadSileroWeights(16000, weights.rate16k);
  core.loadSileroWeights(8000, weights.rate8k);
  return core;
}

function ingestAll(slot: CoreSlot, bytes: Uint8Array): number[] {
  const probabilities: number[] = [];
  for (
    let start = 0;
    start + slot.callerFrameBytes <= bytes.length;
    start += slot.callerFrameBytes
  ) {
    slot.input.set(bytes.subarray(start, start + slot.callerFrameBytes));
    if ((slot.ingest() & CAPTURE_EVENT.WINDOW) !== 0) probabilities.push(slot.probability());
  }
  return probabilities;
}

function kernelAll(samples: Float32Array, rateHz: 8000 | 16000, windows: number): number[] {
  kernel.reset(rateHz);
  const size = rateHz === 16000 ? 512 : 256;
  return Array.from({ length: windows }, (_, index) => {
    return kernel.run(samples.subarray(index * size, (index + 1) * size));
  });
}

/** Straight lines between samples: rough, but speech to the model. */
function atOtherRate(samples: Float32Array, rateHz: number): Float32Array {
  const length = Math.floor((samples.length * rateHz) / 16000);
  return Float32Array.from({ length }, (_, index) => {
    const place = (index * 16000) / rateHz;
    const low = samples[Math.floor(place)] ?? 0;
    const high = samples[Math.floor(place) + 1] ?? low;
    return low + (high - low) * (place % 1);
  });
}

function pcm16(samples: Float32Array): Uint8Array {
  return new Uint8Array(Int16Array.from(samples, (value) => value * 32768).buffer);
}

describe("ingest() with the model in the core", () => {
  test("S1-53: gives the kernel's probabilities for 16 kHz pcm16, slots mixed", () => {
    const core = coreWithModel();
    const format = {
      callerEncoding: "pcm16",
      callerRateHz: 16000,
      upstreamEncoding: "pcm16",
      upstreamRateHz: 24000,
      vadSource: "core",
    } as const;
    const first = openSlot(core, format);
    const second = openSlot(core, format);
    const bytes = pcm16(voice);
    const quiet = pcm16(voice.map((value) => value / 8));
    const heard: number[] = [];
    const heardQuiet: number[] = [];
    for (let start = 0; start + 640 <= bytes.length; start += 640) {
      heard.push(...ingestAll(first, bytes.subarray(start, start + 640)));
      heardQuiet.push(...ingestAll(second, quiet.subarray(start, start + 640)));
    }
    expect(heard.length).toBeGreaterThan(70);
    expect(heard).toEqual(kernelAll(voice, 16000, heard.length));
    expect(heardQuiet).not.toEqual(heard);
    expect(Math.max(...heard)).toBeGreaterThan(0.99);
  });

  test("S1-53: gives the 8 kHz kernel's probabilities for mu-law, without resampling", () => {
    const slot = openSlot(coreWithModel(), { vadSource: "core" });
    const narrow = toHalfRate(voice);
    const heard = ingestAll(slot, toMulaw(narrow));
    expect(heard).toEqual(kernelAll(throughMulaw(narrow), 8000, heard.length));
    expect(Math.max(...heard)).toBeGreaterThan(0.99);
  });

  test("S2-15: hears callers of other rates as it hears 16 kHz", () => {
    const core = coreWithModel();
    const wideband = { callerEncoding: "pcm16", upstreamEncoding: "pcm16" } as const;
    const format = { ...wideband, upstreamRateHz: 24000, vadSource: "core" } as const;
    const wanted = ingestAll(openSlot(core, { ...format, callerRateHz: 16000 }), pcm16(voice));
    for (const callerRateHz of [22050, 24000, 44100, 48000] as const) {
      const samples = atOtherRate(voice, callerRateHz);
      const heard = ingestAll(openSlot(core, { ...format, callerRateHz }), pcm16(samples));
      const same = heard.filter((p, index) => p >= 0.5 === (wanted[index] ?? 0) >= 0.5).length;
      expect(Math.abs(heard.length - wanted.length)).toBeLessThanOrEqual(1);
      expect(same / heard.length).toBeGreaterThan(0.95);
    }
  });

  test("starts every call with a clean state, and keeps it when counters are reset (D-33)", () => {
    const core = coreWithModel(1);
    const format = { vadSource: "core" } as const;
    const bytes = toMulaw(toHalfRate(voice));
    const slot = openSlot(core, format);
    const wanted = ingestAll(slot, bytes);
    slot.close();

    const again = openSlot(core, format);
    const half = 160 * Math.floor(bytes.length / 320);
    const heard = ingestAll(again, bytes.subarray(0, half));
    again.resetVadCounters();
    heard.push(...ingestAll(again, bytes.subarray(half)));
    expect(heard).toEqual(wanted);
  });

  test("refuses a slot before the weights of its rate are loaded, and weights of another size", () => {
    const core = makeCore(1);
    expect(() => openSlot(core, { vadSource: "core" })).toThrow("weights");
    core.loadSileroWeights(16000, weights.rate16k);
    expect(() => openSlot(core, { vadSource: "core" })).toThrow("weights");
    expect(() => core.loadSileroWeights(8000, weights.rate16k)).toThrow(RangeError);
    core.loadSileroWeights(8000, weights.rate8k);
    openSlot(core, { vadSource: "core" }).close();
  });

  test("stays a probability whatever a caller sends, and hears speech afterwards", () => {
    const core = coreWithModel(1);
    const slot = openSlot(
      core,
      {
        callerEncoding: "f32",
        callerRateHz: 16000,
        upstreamEncoding: "pcm16",
        upstreamRateHz: 16000,
        vadSource: "core",
      },
      { isLevelNormalised: true, gateOverNoiseFloorDb: 3 },
    );
    const view = new Float32Array(slot.input.buffer, slot.input.byteOffset, 320);
    const hostile = [0, 1e-30, 1e38, -1e38, Number.NaN, Number.POSITIVE_INFINITY, 8, -8, 1e-45];
    for (let frame = 0; frame < 600; frame++) {
      for (let index = 0; index < 320; index++) {
        // Quiet first, so that the gain is at its highest when the loud samples come.
        const pick = Math.floor((frame * 7919 + index * 104_729) / 3) % hostile.length;
        view[index] = frame < 100 ? 1e-6 : (hostile[pick] ?? 0);
      }
      slot.ingest();
      expect(slot.probability() >= 0 && slot.probability() <= 1).toBe(true);
    }
    const spoken = ingestAll(slot, new Uint8Array(voice.slice().buffer));
    expect(Math.max(...spoken)).toBeGreaterThan(0.9);
  });
});
