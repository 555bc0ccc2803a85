// Single kernels, exported for library users, tests and benches: they work on the two free areas
// of scratch memory (KERNEL_INPUT, KERNEL_OUTPUT), lengths in samples. A bad length is a status.

import { RESAMPLER_CHUNK_SAMPLES_MAX, RESAMPLER_STREAMS } from "./limits";
import {
  KERNEL_INPUT,
  KERNEL_INPUT_BYTES,
  KERNEL_OUTPUT,
  RESAMPLER_HISTORY,
  RESAMPLER_UP_FACTOR,
  STREAM_BYTES,
  STREAM_HISTORY,
  STREAMS_BASE,
} from "./memory-map";
import { STATUS_BAD_FORMAT, STATUS_BAD_LENGTH, STATUS_OK } from "./status";
import { frameDecode, frameEncode } from "./convert/frame";
import { crossfadeInto, mixInto } from "./playout/mix";
import { resample, resamplerReset } from "./resample/polyphase";

const SAMPLES_MAX = KERNEL_INPUT_BYTES / 4;

/** Decodes `count` samples of an encoding. -> samples that were no number, or a status. */
export function kernelDecode(encoding: i32, count: i32): i32 {
  if (<u32>count > <u32>SAMPLES_MAX) return STATUS_BAD_LENGTH;
  return frameDecode(encoding, KERNEL_INPUT, KERNEL_OUTPUT, count);
}

/** Encodes `count` f32 samples. -> status */
export function kernelEncode(encoding: i32, count: i32): i32 {
  if (<u32>count > <u32>SAMPLES_MAX) return STATUS_BAD_LENGTH;
  frameEncode(encoding, KERNEL_INPUT, KERNEL_OUTPUT, count, 1);
  return STATUS_OK;
}

/** Adds the input area, x `sourcePercent`, to the output area, x `targetPercent`. -> status */
export function kernelMix(count: i32, targetPercent: i32, sourcePercent: i32): i32 {
  if (<u32>count > <u32>SAMPLES_MAX) return STATUS_BAD_LENGTH;
  const targetGain = <f32>targetPercent / 100;
  mixInto(KERNEL_OUTPUT, KERNEL_INPUT, count, targetGain, <f32>sourcePercent / 100);
  return STATUS_OK;
}

/** Crossfades the output area into the input area, linearly (S2-58). -> status */
export function kernelCrossfade(count: i32): i32 {
  if (<u32>count > <u32>SAMPLES_MAX) return STATUS_BAD_LENGTH;
  crossfadeInto(KERNEL_OUTPUT, KERNEL_INPUT, count);
  return STATUS_OK;
}

/** Clears a resampler stream whose block the host has written. -> status */
export function streamOpen(index: i32): i32 {
  if (<u32>index >= <u32>RESAMPLER_STREAMS) return STATUS_BAD_LENGTH;
  const state = streamAddress(index);
  if (load<u32>(state, RESAMPLER_UP_FACTOR) == 0) return STATUS_BAD_FORMAT;
  store<u32>(state, <u32>(state + STREAM_HISTORY), RESAMPLER_HISTORY);
  resamplerReset(state);
  return STATUS_OK;
}

/** Resamples `count` f32 of the input area into the output area. -> samples, or a status. */
export function streamResample(index: i32, count: i32): i32 {
  if (<u32>index >= <u32>RESAMPLER_STREAMS) return STATUS_BAD_LENGTH;
  if (<u32>count > <u32>RESAMPLER_CHUNK_SAMPLES_MAX) return STATUS_BAD_LENGTH;
  return resample(streamAddress(index), KERNEL_INPUT, KERNEL_OUTPUT, count);
}

function streamAddress(index: i32): usize {
  return <usize>STREAMS_BASE + <usize>index * <usize>STREAM_BYTES;
}
