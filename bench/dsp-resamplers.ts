// The resamplers that bench:dsp puts side by side: ours, ours in plain TypeScript, npm's. Each
// takes chunks of f32 and gives what comes out of them; chunk in and out of its own memory
// included.

import { ConverterType, create } from "@alexanderolsen/libsamplerate-js";
import { resample as waveResample } from "wave-resampler";
import type { ResamplerPreset } from "../service/contract/core.ts";
import type { LoadedCore } from "../service/core/core.ts";
import { designPolyphase, designPrototype } from "../service/core/filter-design.ts";
import { SHAPES } from "../service/core/resampler-tables.ts";
import type { Rates } from "../tests/dsp/resample-quality.ts";

/** One streaming resampler under test. */
export interface Resampler {
  readonly name: string;
  /** A view or an array of its own; used before the next call. */
  process(chunk: Float32Array): Float32Array;
  close(): void;
  /** A new one like it; for those that keep audio back, and would give it into the next signal. */
  fresh?(): Resampler;
}

/** Ours, one preset. */
export function coreResampler(core: LoadedCore, rates: Rates, preset: ResamplerPreset): Resampler {
  const { kernels } = core;
  const stream = kernels.openResampler(rates.sourceHz, rates.targetHz, preset);
  if (stream === null) throw new Error("no resampler stream left");
  return {
    name: `core ${preset}`,
    process(chunk) {
      kernels.input.f32.set(chunk);
      return kernels.output.f32.subarray(0, stream.process(chunk.length));
    },
    close: () => stream.close(),
  };
}

/** The same polyphase filter in plain TypeScript, f32 arrays, one sample after the other. */
export function plainResampler(rates: Rates, preset: ResamplerPreset): Resampler {
  const filter = designPolyphase(rates, designPrototype(SHAPES[preset]));
  const { upFactor, downFactor, taps, coefficients } = filter;
  const line = new Float32Array(taps + 960);
  const output = new Float32Array(6000);
  let position = 0;
  return {
    name: `plain TypeScript ${preset}`,
    process(chunk) {
      line.set(chunk, taps);
      let produced = 0;
      for (; position < chunk.length * upFactor; position += downFactor) {
        const newest = Math.floor(position / upFactor);
        const row = (position % upFactor) * taps;
        let sum = 0;
        for (let tap = 0; tap < taps; tap += 1) {
          sum += (line[newest + 1 + tap] ?? 0) * (coefficients[row + tap] ?? 0);
        }
        output[produced] = sum;
        produced += 1;
      }
      position -= chunk.length * upFactor;
      line.copyWithin(0, chunk.length, chunk.length + taps);
      return output.subarray(0, produced);
    },
    close() {},
  };
}

/** npm speex-resampler: 16 bit in and out. */
export async function speexResampler(rates: Rates, quality: number): Promise<Resampler> {
  // Loaded when asked for: its Emscripten module starts on import.
  const { default: module } = await import("speex-resampler");
  const Speex = "default" in module ? (module.default as typeof module) : module;
  await Speex.initPromise;
  const speex = new Speex(1, rates.sourceHz, rates.targetHz, quality);
  const pcm = new Int16Array(960);
  const output = new Float32Array(6000);
  return {
    name: `npm speex-resampler q${quality}`,
    process(chunk) {
      for (let index = 0; index < chunk.length; index += 1) {
        pcm[index] = Math.round((chunk[index] ?? 0) * 32767);
      }
      const bytes = speex.processChunk(Buffer.from(pcm.buffer, 0, chunk.length * 2));
      const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
      for (let index = 0; index < samples.length; index += 1) {
        output[index] = (samples[index] ?? 0) / 32767;
      }
      return output.subarray(0, samples.length);
    },
    close() {},
  };
}

/** The part of speex-resampler's work that is not conversion, for timing: i16 to i16. */
export async function speexRun(rates: Rates, quality: number): Promise<() => void> {
  const { default: module } = await import("speex-resampler");
  const Speex = "default" in module ? (module.default as typeof module) : module;
  await Speex.initPromise;
  const speex = new Speex(1, rates.sourceHz, rates.targetHz, quality);
  const chunk = Buffer.alloc((rates.sourceHz / 50) * 2, 7);
  return () => {
    speex.processChunk(chunk);
  };
}

/** npm libsamplerate-js, its streaming call. */
export async function libsamplerateResampler(
  rates: Rates,
  quality: "medium" | "fastest",
): Promise<Resampler> {
  const converterType =
    quality === "medium" ? ConverterType.SRC_SINC_MEDIUM_QUALITY : ConverterType.SRC_SINC_FASTEST;
  const src = await create(1, rates.sourceHz, rates.targetHz, { converterType });
  return {
    name: `npm libsamplerate-js ${quality}`,
    process: (chunk) => src.full(chunk),
    close: () => src.destroy(),
  };
}

/** npm wave-resampler: whole signals only, no state between chunks. */
export function waveResampler(rates: Rates): Resampler {
  return {
    name: "npm wave-resampler sinc (batch)",
    process: (chunk) =>
      Float32Array.from(
        waveResample(chunk, rates.sourceHz, rates.targetHz, { method: "sinc", LPF: false }),
      ),
    close() {},
  };
}
