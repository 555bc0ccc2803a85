// Host of the audio core: loads the module once per process and hands out slots (decision 1).
// Station on the frame's way: between the engine and the wasm. No Bun API in this folder.

import { Buffer } from "node:buffer";
import { SLOTS } from "../../dsp/limits.ts";
import * as map from "../../dsp/memory-map.ts";
import { STATUS_OK } from "../../dsp/status.ts";
import { SILERO_8K_WEIGHTS_BYTES, SILERO_16K_WEIGHTS_BYTES } from "../../dsp/vad/silero-layout.ts";
import { assert } from "../assert.ts";
import type { Core, CoreSlot, SlotFormat, VadSettings } from "../contract/core.ts";
import { DatagramKernels } from "./datagram-kernels.ts";
import { CoreKernels, type Kernels } from "./kernels.ts";
import { type CoreMemory, OpenSlot } from "./open-slot.ts";
import { ResamplerTables } from "./resampler-tables.ts";
import { checkFormat, writeFormat, writeSettings } from "./slot-layout.ts";
import { SlotViewCache } from "./slot-views.ts";
import { instantiateCore } from "./wasm-exports.ts";

export interface CoreOptions {
  /** Most slots open at a time; the memory is there for 1,024. */
  readonly slotsMax?: number;
}

/** A loaded core, with its kernels for use outside a call. */
export interface LoadedCore extends Core {
  readonly kernels: Kernels;
  readonly datagram: DatagramKernels;
  /** True when slots with vadSource "core" can be opened at both rates. */
  hasModel(): boolean;
}

/**
 * Loads the core from the bytes of build/core.wasm.
 * Errors: VoxError core_load_failed when the bytes are not this program's core.
 */
export function loadCore(
  wasmBytes: Uint8Array<ArrayBuffer>,
  options: CoreOptions = {},
): LoadedCore {
  const slotsMax = options.slotsMax ?? SLOTS;
  if (!(Number.isInteger(slotsMax) && slotsMax >= 1 && slotsMax <= SLOTS)) {
    throw new RangeError(`Cannot load the core: slotsMax is ${slotsMax}, must be 1..${SLOTS}`);
  }
  const exports = instantiateCore(wasmBytes);
  const memory = exports.memory.buffer as ArrayBuffer;
  assert(memory.byteLength === map.MEMORY_BYTES, "core memory has another size than its map");
  return new CallCore(slotsMax, {
    exports,
    bytes: Buffer.from(memory),
    words: new Uint32Array(memory),
    floats: new Float32Array(memory),
  });
}

class CallCore implements LoadedCore {
  readonly slotCount: number;
  readonly kernels: Kernels;
  readonly datagram: DatagramKernels;
  readonly #core: CoreMemory;
  readonly #tables: ResamplerTables;
  readonly #views: SlotViewCache;
  /** Free slots, the next to be given last: low indices first, so that few pages are touched. */
  readonly #free: number[] = [];
  /** Rates whose Silero weights are in core memory. */
  readonly #modelRates = new Set<number>();

  constructor(slotsMax: number, core: CoreMemory) {
    this.slotCount = slotsMax;
    this.#core = core;
    const memory = core.words.buffer as ArrayBuffer;
    this.#tables = new ResamplerTables(memory);
    this.#views = new SlotViewCache(memory);
    this.kernels = new CoreKernels(core, this.#tables);
    this.datagram = new DatagramKernels(core);
    for (let index = slotsMax - 1; index >= 0; index -= 1) this.#free.push(index);
  }

  loadSileroWeights(rateHz: 8000 | 16000, packed: Uint8Array): void {
    const isNarrow = rateHz === 8000;
    const wanted = isNarrow ? SILERO_8K_WEIGHTS_BYTES : SILERO_16K_WEIGHTS_BYTES;
    if (packed.length !== wanted) {
      throw new RangeError(
        `Cannot load Silero weights: they are ${packed.length} bytes, must be ${wanted}`,
      );
    }
    this.#core.bytes.set(packed, isNarrow ? map.SILERO_8K_BASE : map.SILERO_16K_BASE);
    this.#modelRates.add(rateHz);
  }

  hasModel(): boolean {
    return this.#modelRates.has(8000) && this.#modelRates.has(16000);
  }

  slotsOpen(): number {
    return this.slotCount - this.#free.length;
  }

  openSlot(format: SlotFormat, settings: VadSettings): CoreSlot | null {
    checkFormat(format);
    if (format.vadSource === "core" && !this.#modelRates.has(vadRateHz(format))) {
      throw new RangeError("Cannot open a slot: the weights of the model in the core are missing");
    }
    const index = this.#free.pop();
    if (index === undefined) return null;
    try {
      return this.#prepare(index, format, settings);
    } catch (error) {
      this.#free.push(index);
      throw error;
    }
  }

  #prepare(index: number, format: SlotFormat, settings: VadSettings): CoreSlot {
    const { exports, words, floats } = this.#core;
    const base = map.SLOTS_BASE + index * map.SLOT_BYTES;
    writeFormat(words, base, format, this.#tables);
    writeSettings(words, floats, base, settings);
    assert(exports.slotOpen(index) === STATUS_OK, "core refused a format the host let through");
    if (exports.settingsApply(index) !== STATUS_OK) {
      throw new RangeError("Cannot open a slot: a VAD threshold or time is out of range");
    }
    const word = (offset: number) => words[(base + offset) >> 2] ?? 0;
    const views = this.#views.find(index, {
      callerFrameBytes: word(map.SLOT_CALLER_FRAME_BYTES),
      upstreamFrameBytes: word(map.SLOT_UPSTREAM_FRAME_BYTES),
      windowSamples: word(map.SLOT_WINDOW_SAMPLES),
    });
    return new OpenSlot(this.#core, { index, format, views }, (freed) => this.#free.push(freed));
  }
}

/** The rate the core's windows have (decision 4): 8 kHz callers keep theirs. */
function vadRateHz(format: SlotFormat): 8000 | 16000 {
  return format.callerRateHz === 8000 ? 8000 : 16000;
}
