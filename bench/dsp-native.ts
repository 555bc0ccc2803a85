// Native resamplers for comparison, through the shared libraries of Debian's packages libsoxr0,
// libspeexdsp1 and libsamplerate0 where they are installed; the bench leaves them out elsewhere.

import { dlopen, FFIType, type Pointer, ptr } from "bun:ffi";
import type { Rates } from "../tests/dsp/resample-quality.ts";
import type { Resampler } from "./dsp-resamplers.ts";

const OUTPUT_SAMPLES_MAX = 96_000;

/** What is installed, each opened; nothing is thrown for what is not. */
export function nativeResamplers(rates: Rates): Resampler[] {
  return [openSoxr, openSpeexdsp, openLibsamplerate].flatMap((open) => {
    try {
      return [open(rates)];
    } catch {
      return [];
    }
  });
}

function openSoxr(rates: Rates): Resampler {
  const { symbols } = dlopen("libsoxr.so.0", {
    soxr_create: {
      args: [
        FFIType.f64,
        FFIType.f64,
        FFIType.u32,
        FFIType.ptr,
        FFIType.ptr,
        FFIType.ptr,
        FFIType.ptr,
      ],
      returns: FFIType.ptr,
    },
    soxr_process: {
      args: [
        FFIType.ptr,
        FFIType.ptr,
        FFIType.u64,
        FFIType.ptr,
        FFIType.ptr,
        FFIType.u64,
        FFIType.ptr,
      ],
      returns: FFIType.ptr,
    },
    soxr_delete: { args: [FFIType.ptr], returns: FFIType.void },
  });
  const state = symbols.soxr_create(rates.sourceHz, rates.targetHz, 1, null, null, null, null);
  const output = new Float32Array(OUTPUT_SAMPLES_MAX);
  const done = new BigUint64Array(2);
  const [outputAt, doneAt] = [ptr(output), ptr(done)];
  const producedAt = ptr(done, 8);
  return {
    name: "native soxr HQ",
    process(chunk) {
      const { length } = chunk;
      symbols.soxr_process(
        state,
        ptr(chunk),
        length,
        doneAt,
        outputAt,
        OUTPUT_SAMPLES_MAX,
        producedAt,
      );
      return output.subarray(0, Number(done[1]));
    },
    close: () => symbols.soxr_delete(state),
    fresh: () => openSoxr(rates),
  };
}

function openSpeexdsp(rates: Rates): Resampler {
  const quality = 5;
  const { symbols } = dlopen("libspeexdsp.so.1", {
    speex_resampler_init: {
      args: [FFIType.u32, FFIType.u32, FFIType.u32, FFIType.i32, FFIType.ptr],
      returns: FFIType.ptr,
    },
    speex_resampler_process_float: {
      args: [FFIType.ptr, FFIType.u32, FFIType.ptr, FFIType.ptr, FFIType.ptr, FFIType.ptr],
      returns: FFIType.i32,
    },
    speex_resampler_destroy: { args: [FFIType.ptr], returns: FFIType.void },
  });
  const error = new Int32Array(1);
  const { sourceHz, targetHz } = rates;
  const state = symbols.speex_resampler_init(1, sourceHz, targetHz, quality, ptr(error));
  const output = new Float32Array(OUTPUT_SAMPLES_MAX);
  const lengths = new Uint32Array(2);
  const [outputAt, takenAt, givenAt] = [ptr(output), ptr(lengths), ptr(lengths, 4)];
  return {
    name: "native speexdsp float q5",
    process(chunk) {
      lengths[0] = chunk.length;
      lengths[1] = OUTPUT_SAMPLES_MAX;
      symbols.speex_resampler_process_float(state, 0, ptr(chunk), takenAt, outputAt, givenAt);
      return output.subarray(0, lengths[1]);
    },
    close: () => symbols.speex_resampler_destroy(state),
  };
}

function openLibsamplerate(rates: Rates): Resampler {
  const mediumQuality = 1;
  const { symbols } = dlopen("libsamplerate.so.0", {
    src_new: { args: [FFIType.i32, FFIType.i32, FFIType.ptr], returns: FFIType.ptr },
    src_process: { args: [FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
    src_delete: { args: [FFIType.ptr], returns: FFIType.ptr },
  });
  const error = new Int32Array(1);
  const state = symbols.src_new(mediumQuality, 1, ptr(error));
  const output = new Float32Array(OUTPUT_SAMPLES_MAX);
  // struct SRC_DATA: two pointers, four longs, an int, a double.
  const data = new DataView(new ArrayBuffer(64));
  data.setBigUint64(8, address(ptr(output)), true);
  data.setBigInt64(24, BigInt(OUTPUT_SAMPLES_MAX), true);
  data.setFloat64(56, rates.targetHz / rates.sourceHz, true);
  const dataAt = ptr(data);
  return {
    name: "native libsamplerate medium",
    process(chunk) {
      data.setBigUint64(0, address(ptr(chunk)), true);
      data.setBigInt64(16, BigInt(chunk.length), true);
      symbols.src_process(state, dataAt);
      return output.subarray(0, Number(data.getBigInt64(40, true)));
    },
    close: () => {
      symbols.src_delete(state);
    },
  };
}

function address(pointer: Pointer): bigint {
  return BigInt(pointer);
}
