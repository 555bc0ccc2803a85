// Single kernels, exported for library users, tests and benches: they work on the two free areas
// of scratch memory (KERNEL_INPUT, KERNEL_OUTPUT), lengths in samples. A bad length is a status.

import {
  CONCEAL_STREAMS,
  JITTER_FRAME_MAX,
  JITTER_STREAMS,
  RESAMPLER_CHUNK_SAMPLES_MAX,
  RESAMPLER_STREAMS,
} from "./limits";
import {
  CONCEAL_BYTES,
  CONCEAL_RATE_HZ,
  CONCEALS_BASE,
  JITTER_BYTES,
  JITTER_PAYLOAD_BYTES,
  JITTERS_BASE,
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
import { concealGood, concealLost, concealReset } from "./enhance/concealment";
import { jitterPop, jitterPush, jitterReset } from "./ring/jitter-buffer";
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

/** Starts a concealment stream at 8,000 or 16,000 Hz. -> status */
export function concealOpen(index: i32, rateHz: i32): i32 {
  if (<u32>index >= <u32>CONCEAL_STREAMS) return STATUS_BAD_LENGTH;
  if (rateHz != 8000 && rateHz != 16000) return STATUS_BAD_FORMAT;
  concealReset(concealAddress(index), rateHz);
  return STATUS_OK;
}

/** A good frame of 20 ms, joined in place in the input area. -> status */
export function concealFrameGood(index: i32): i32 {
  if (<u32>index >= <u32>CONCEAL_STREAMS) return STATUS_BAD_LENGTH;
  const state = concealAddress(index);
  concealGood(state, KERNEL_INPUT, load<i32>(state, CONCEAL_RATE_HZ) / 50);
  return STATUS_OK;
}

/** Fills the input area with 20 ms for a frame that is lost. -> status */
export function concealFrameLost(index: i32): i32 {
  if (<u32>index >= <u32>CONCEAL_STREAMS) return STATUS_BAD_LENGTH;
  const state = concealAddress(index);
  concealLost(state, KERNEL_INPUT, load<i32>(state, CONCEAL_RATE_HZ) / 50);
  return STATUS_OK;
}

/** Starts a jitter buffer. -> status */
export function jitterOpen(index: i32): i32 {
  if (<u32>index >= <u32>JITTER_STREAMS) return STATUS_BAD_LENGTH;
  jitterReset(jitterAddress(index));
  return STATUS_OK;
}

/** A packet of `bytes` in the input area. -> JITTER_TAKEN, JITTER_LATE, JITTER_DUPLICATE, status */
export function jitterPacket(index: i32, frame: i32, arrivalMs: i32, bytes: i32): i32 {
  if (<u32>index >= <u32>JITTER_STREAMS) return STATUS_BAD_LENGTH;
  if (bytes < 1 || bytes > JITTER_PAYLOAD_BYTES) return STATUS_BAD_LENGTH;
  if (frame < 0 || frame > JITTER_FRAME_MAX) return STATUS_BAD_LENGTH;
  return jitterPush(jitterAddress(index), frame, arrivalMs, KERNEL_INPUT, bytes);
}

/** One playout tick. -> bytes in the output area, or JITTER_WAIT, JITTER_LOST, JITTER_INSERT */
export function jitterTick(index: i32, nowMs: i32): i32 {
  assert(<u32>index < <u32>JITTER_STREAMS);
  return jitterPop(jitterAddress(index), nowMs, KERNEL_OUTPUT);
}

function concealAddress(index: i32): usize {
  return <usize>CONCEALS_BASE + <usize>index * <usize>CONCEAL_BYTES;
}

function jitterAddress(index: i32): usize {
  return <usize>JITTERS_BASE + <usize>index * <usize>JITTER_BYTES;
}

function streamAddress(index: i32): usize {
  return <usize>STREAMS_BASE + <usize>index * <usize>STREAM_BYTES;
}
