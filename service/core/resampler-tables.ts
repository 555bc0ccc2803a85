// Which filter each resampler preset uses, and where its table lies in core memory.
// A table is designed and packed once per (source, target, preset) and shared by all slots.

import { TABLES_BASE, TABLES_BYTES } from "../../dsp/memory-map.ts";
import { assert } from "../assert.ts";
import type { ResamplerPreset } from "../contract/core.ts";
import { designPolyphase, type FilterShape } from "./filter-design.ts";

/** One packed table. */
export interface ResamplerTable {
  readonly upFactor: number;
  readonly downFactor: number;
  readonly taps: number;
  /** Byte address in core memory. */
  readonly address: number;
}

const SHAPES: Record<ResamplerPreset, FilterShape> = {
  fast: { lowRateTaps: 32, attenuationDb: 80, cutoff: 0.99 },
  standard: { lowRateTaps: 64, attenuationDb: 105, cutoff: 0.95 },
  high: { lowRateTaps: 128, attenuationDb: 130, cutoff: 0.95 },
  linear: { lowRateTaps: 128, attenuationDb: 130, cutoff: 0.95 },
};

/** Designs on first use and hands out addresses; null when both rates are equal. */
export class ResamplerTables {
  readonly #memory: ArrayBuffer;
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
    const { upFactor, downFactor, taps, coefficients } = designPolyphase(
      { sourceHz, targetHz },
      SHAPES[preset],
    );
    assert(this.#bytesUsed + coefficients.byteLength <= TABLES_BYTES, "resampler tables overflow");
    const address = TABLES_BASE + this.#bytesUsed;
    new Float32Array(this.#memory, address, coefficients.length).set(coefficients);
    this.#bytesUsed += Math.ceil(coefficients.byteLength / 16) * 16;
    return { upFactor, downFactor, taps, address };
  }
}
