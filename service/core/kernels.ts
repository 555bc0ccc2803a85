// The core's kernels on their own, for whoever needs one conversion and not a call: an engine that
// speaks at a rate of its own, a test, a bench, a library user. Input and output are fixed views
// of core memory, shared by all kernels: write, call, read, before the next call.

import * as limits from "../../dsp/limits.ts";
import * as map from "../../dsp/memory-map.ts";
import { STATUS_OK } from "../../dsp/status.ts";
import { assert } from "../assert.ts";
import type { CallerEncoding, ResamplerPreset } from "../contract/core.ts";
import type { CoreMemory } from "./open-slot.ts";
import type { ResamplerTables } from "./resampler-tables.ts";
import { ENCODINGS, writeResampler } from "./slot-layout.ts";

const BYTES_PER_SAMPLE: Record<CallerEncoding, number> = { pcm16: 2, f32: 4, mulaw: 1, alaw: 1 };

/** One streaming resampler beside the calls. */
export interface ResamplerStream {
  /** Most samples one call takes. */
  readonly chunkSamplesMax: number;
  /**
   * Resamples the first `count` f32 of `Kernels.input` into `Kernels.output`.
   * -> samples written; any chunking gives the same bits.
   */
  process(count: number): number;
  /** Forgets the past, for the next utterance. */
  reset(): void;
  close(): void;
}

export interface Kernels {
  /** What the next call reads: 64 KiB as bytes, pcm16 and f32. */
  readonly input: KernelArea;
  /** What the last call wrote. */
  readonly output: KernelArea;
  /** Decodes `count` samples to f32. -> samples that were no number and became silence. */
  decode(encoding: CallerEncoding, count: number): number;
  /** Encodes `count` f32 samples: rounded to nearest, saturated. */
  encode(encoding: CallerEncoding, count: number): void;
  /** output = output x targetPercent % + input x sourcePercent %, `count` f32. */
  mix(count: number, percent: { readonly target: number; readonly source: number }): void;
  /** From output to input, linearly over `count` f32 (S2-58); the result is in output. */
  crossfade(count: number): void;
  /** -> null when every stream is taken, or both rates are equal and nothing is to be done. */
  openResampler(
    sourceHz: number,
    targetHz: number,
    preset: ResamplerPreset,
  ): ResamplerStream | null;
}

/** One area of core memory in the types it may hold. */
export interface KernelArea {
  readonly bytes: Uint8Array;
  readonly pcm16: Int16Array;
  readonly f32: Float32Array;
}

/** Kernels of a loaded core. */
export class CoreKernels implements Kernels {
  readonly input: KernelArea;
  readonly output: KernelArea;
  readonly #core: CoreMemory;
  readonly #tables: ResamplerTables;
  readonly #freeStreams: number[] = [];

  constructor(core: CoreMemory, tables: ResamplerTables) {
    this.#core = core;
    this.#tables = tables;
    const memory = core.words.buffer as ArrayBuffer;
    this.input = makeArea(memory, map.KERNEL_INPUT, map.KERNEL_INPUT_BYTES);
    this.output = makeArea(memory, map.KERNEL_OUTPUT, map.KERNEL_OUTPUT_BYTES);
    for (let index = limits.RESAMPLER_STREAMS - 1; index >= 0; index -= 1) {
      this.#freeStreams.push(index);
    }
  }

  decode(encoding: CallerEncoding, count: number): number {
    assert(count >= 0 && count * 4 <= map.KERNEL_OUTPUT_BYTES, "decode of too many samples");
    const nonFinite = this.#core.exports.kernelDecode(ENCODINGS[encoding], count);
    assert(nonFinite >= 0, "core refused a decode the host let through");
    return nonFinite;
  }

  encode(encoding: CallerEncoding, count: number): void {
    const bytes = count * BYTES_PER_SAMPLE[encoding];
    assert(count >= 0 && count * 4 <= map.KERNEL_INPUT_BYTES, "encode of too many samples");
    assert(bytes <= map.KERNEL_OUTPUT_BYTES, "encode of too many bytes");
    const status = this.#core.exports.kernelEncode(ENCODINGS[encoding], count);
    assert(status === STATUS_OK, "core refused an encode the host let through");
  }

  mix(count: number, percent: { readonly target: number; readonly source: number }): void {
    assert(count >= 0 && count * 4 <= map.KERNEL_INPUT_BYTES, "mix of too many samples");
    const status = this.#core.exports.kernelMix(count, percent.target, percent.source);
    assert(status === STATUS_OK, "core refused a mix the host let through");
  }

  crossfade(count: number): void {
    assert(count >= 0 && count * 4 <= map.KERNEL_INPUT_BYTES, "crossfade of too many samples");
    const status = this.#core.exports.kernelCrossfade(count);
    assert(status === STATUS_OK, "core refused a crossfade the host let through");
  }

  openResampler(
    sourceHz: number,
    targetHz: number,
    preset: ResamplerPreset,
  ): ResamplerStream | null {
    const table = this.#tables.find(sourceHz, targetHz, preset);
    if (table === null) return null;
    const index = this.#freeStreams.pop();
    if (index === undefined) return null;
    const { exports, words } = this.#core;
    writeResampler(words, map.STREAMS_BASE + index * map.STREAM_BYTES, table);
    assert(exports.streamOpen(index) === STATUS_OK, "core refused a resampler stream");
    let isOpen = true;
    return {
      chunkSamplesMax: limits.RESAMPLER_CHUNK_SAMPLES_MAX,
      process(count) {
        assert(isOpen, "process on a closed resampler");
        const produced = exports.streamResample(index, count);
        assert(produced >= 0, "resampler chunk too long");
        return produced;
      },
      reset: () => {
        assert(isOpen, "reset of a closed resampler");
        exports.streamOpen(index);
      },
      close: () => {
        assert(isOpen, "close of a closed resampler");
        isOpen = false;
        this.#freeStreams.push(index);
      },
    };
  }
}

function makeArea(memory: ArrayBuffer, address: number, bytes: number): KernelArea {
  return {
    bytes: new Uint8Array(memory, address, bytes),
    pcm16: new Int16Array(memory, address, bytes / 2),
    f32: new Float32Array(memory, address, bytes / 4),
  };
}
