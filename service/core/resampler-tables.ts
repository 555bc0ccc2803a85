// Which filter each resampler preset uses, and where its table lies in core memory.
// A table is designed and packed once per (source, target, preset) and shared by all slots.

import { TABLES_BASE, TABLES_BYTES } from "../../dsp/memory-map.ts";
import { assert } from "../assert.ts";
import type { ResamplerPreset } from "../contract/core.ts";
import { designPolyphase, designPrototype, type FilterShape } from "./filter-design.ts";

/** One packed table. */
export interface ResamplerTable {
  readonly upFactor: number;
  readonly downFactor: number;
  readonly taps: number;
  /** Byte address in core memory. */
  readonly address: number;
  /** 16 bit coefficients and sums of 32 bit, or f32. */
  readonly isFixed: boolean;
  /** Bits of the f32 that turns a fixed sum into a sample. */
  readonly scaleBits: number;
}

/**
 * What each preset's filter is asked for. Transition bands lie around the lower Nyquist: a tone up
 * to 0.85 of it keeps its images under the stop band (issue bars: -65, -90, -120 dB).
 */
export const SHAPES: Record<ResamplerPreset, FilterShape> = {
  fast: { lowRateTaps: 32, attenuationDb: 78, cutoff: 0.985, isMinimumPhase: true },
  standard: { lowRateTaps: 40, attenuationDb: 98, cutoff: 0.975, isMinimumPhase: true },
  high: { lowRateTaps: 96, attenuationDb: 130, cutoff: 0.96, isMinimumPhase: true },
  linear: { lowRateTaps: 128, attenuationDb: 130, cutoff: 0.96, isMinimumPhase: false },
};

const FIXED_COEFFICIENT_MAX = 32767;
const FIXED_SUM_MAX = 65535;

/** Designs on first use and hands out addresses; null when both rates are equal. */
export class ResamplerTables {
  readonly #memory: ArrayBuffer;
  readonly #prototypes = new Map<ResamplerPreset, Float64Array>();
  readonly #tables = new Map<string, ResamplerTable>();
  #bytesUsed = 0;

  constructor(memory: ArrayBuffer) {
    this.#memory = memory;
  }

  find(sourceHz: number, targetHz: number, preset: ResamplerPreset): ResamplerTable | null {
    if (sourceHz === targetHz) return null;
    const key = `${sourceHz}>${targetHz} ${preset}`;
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const table = this.#pack(sourceHz, targetHz, preset);
    this.#tables.set(key, table);
    return table;
  }

  #pack(sourceHz: number, targetHz: number, preset: ResamplerPreset): ResamplerTable {
    const filter = designPolyphase({ sourceHz, targetHz }, this.#prototype(preset));
    const { upFactor, downFactor, taps, coefficients } = filter;
    const fixed = preset === "fast" ? toFixed(coefficients, taps) : null;
    const packed = fixed?.coefficients ?? coefficients;
    const bytes = new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
    assert(this.#bytesUsed + bytes.length <= TABLES_BYTES, "resampler tables overflow");
    const address = TABLES_BASE + this.#bytesUsed;
    new Uint8Array(this.#memory, address, bytes.length).set(bytes);
    this.#bytesUsed += Math.ceil(bytes.length / 16) * 16;
    const scaleBits = fixed?.scaleBits ?? 0;
    return { upFactor, downFactor, taps, address, isFixed: fixed !== null, scaleBits };
  }

  #prototype(preset: ResamplerPreset): Float64Array {
    const known = this.#prototypes.get(preset);
    if (known !== undefined) return known;
    const prototype = designPrototype(SHAPES[preset]);
    this.#prototypes.set(preset, prototype);
    return prototype;
  }
}

/**
 * Rounds to 16 bit with the largest scale at which no sum of a branch overflows 32 bit for any
 * full-scale input. Rounding errors are carried from tap to tap, so that each branch still passes
 * a constant exactly and the error is pushed out of the low frequencies.
 */
function toFixed(
  coefficients: Float32Array,
  taps: number,
): { coefficients: Int16Array; scaleBits: number } {
  let scale = Number.POSITIVE_INFINITY;
  for (let start = 0; start < coefficients.length; start += taps) {
    const branch = coefficients.subarray(start, start + taps);
    const peak = branch.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const sum = branch.reduce((total, value) => total + Math.abs(value), 0);
    scale = Math.min(scale, (FIXED_COEFFICIENT_MAX - 1) / peak, (FIXED_SUM_MAX - taps) / sum);
  }
  const fixed = new Int16Array(coefficients.length);
  for (let start = 0; start < coefficients.length; start += taps) {
    let carried = 0;
    for (let index = start; index < start + taps; index += 1) {
      const wanted = (coefficients[index] ?? 0) * scale + carried;
      fixed[index] = Math.round(wanted);
      carried = wanted - Math.round(wanted);
    }
  }
  const bits = new Uint32Array(new Float32Array([1 / (scale * 32768)]).buffer);
  return { coefficients: fixed, scaleBits: bits[0] ?? 0 };
}
