// One frame on its way to the caller: ring -> decode -> join -> resample -> gain -> limiter ->
// encode. G.711 that needs nothing done to it passes byte for byte (decision 4).

import { encodingBytes, frameDecode, frameEncode, silenceByte } from "../convert/frame";
import {
  COUNTER_FRAMES_RENDERED,
  COUNTER_PLAYBACK_UNDERRUNS,
  RESAMPLER_UP_FACTOR,
  SCRATCH_PLAYOUT,
  SCRATCH_RESAMPLED,
  SLOT_CALLER_CHANNELS,
  SLOT_CALLER_ENCODING,
  SLOT_CALLER_FRAME_BYTES,
  SLOT_CALLER_FRAME_SAMPLES,
  SLOT_IS_COPY_DOWN,
  SLOT_LAST_SAMPLE,
  SLOT_RESAMPLER_DOWN,
  SLOT_TAIL_FRAMES,
  SLOT_UPSTREAM_ENCODING,
  SLOT_UPSTREAM_FRAME_BYTES,
  SLOT_UPSTREAM_FRAME_SAMPLES,
  SLOT_UPSTREAM_SAMPLE_BYTES,
} from "../memory-map";
import { resample } from "../resample/polyphase";
import { playbackDrop, playbackQueued, playbackTake } from "../ring/playback-ring";
import { gainApply, gainIsUnity, gainPass } from "./gain";
import { isLoud, joinCut, joinFrame, joinHasTail, joinIsIdle } from "./join";
import { limitPeaks } from "./limiter";

/** Renders one caller frame into `output`. -> upstream samples consumed, 0 when none waited. */
export function renderFrame(slot: usize, output: usize): i32 {
  store<u32>(slot, load<u32>(slot, COUNTER_FRAMES_RENDERED) + 1, COUNTER_FRAMES_RENDERED);
  const bytes = load<i32>(slot, SLOT_UPSTREAM_FRAME_BYTES);
  const source = <usize>SCRATCH_RESAMPLED;
  const taken = playbackTake(slot, source, bytes);
  if (taken < bytes) {
    const underruns = load<u32>(slot, COUNTER_PLAYBACK_UNDERRUNS);
    store<u32>(slot, underruns + 1, COUNTER_PLAYBACK_UNDERRUNS);
  }
  if (!copyFrame(slot, source, output, taken, bytes)) processFrame(slot, source, output, taken);
  return taken / load<i32>(slot, SLOT_UPSTREAM_SAMPLE_BYTES);
}

/** Empties the ring; 5 ms of what was being heard still fade. -> upstream samples dropped. */
export function renderFlush(slot: usize): i32 {
  const dropped = playbackQueued(slot);
  joinCut(slot);
  return playbackDrop(slot, dropped);
}

// Same format, no gain, nothing to join: the bytes themselves. -> false when that may not be.
function copyFrame(slot: usize, source: usize, output: usize, taken: i32, bytes: i32): bool {
  if (load<u32>(slot, SLOT_IS_COPY_DOWN) == 0) return false;
  if (!gainIsUnity(slot) || joinHasTail(slot)) return false;
  const encoding = load<i32>(slot, SLOT_UPSTREAM_ENCODING);
  const last = taken > 0 ? lastSample(encoding, source, taken) : load<f32>(slot, SLOT_LAST_SAMPLE);
  if (taken < bytes && isLoud(last)) return false;
  memory.copy(output, source, <usize>taken);
  memory.fill(output + <usize>taken, silenceByte(encoding), <usize>(bytes - taken));
  store<f32>(slot, taken < bytes ? <f32>0 : last, SLOT_LAST_SAMPLE);
  return true;
}

function processFrame(slot: usize, source: usize, output: usize, taken: i32): void {
  const callerEncoding = load<i32>(slot, SLOT_CALLER_ENCODING);
  const samples = load<i32>(slot, SLOT_CALLER_FRAME_SAMPLES);
  const isRinging = load<i32>(slot, SLOT_TAIL_FRAMES) > 0;
  if (taken == 0 && !isRinging && joinIsIdle(slot)) {
    const bytes = <usize>load<u32>(slot, SLOT_CALLER_FRAME_BYTES);
    memory.fill(output, silenceByte(callerEncoding), bytes);
    gainPass(slot, samples);
    return;
  }
  // A resampler rings for less than a frame after its last sample.
  store<i32>(slot, taken > 0 || !joinIsIdle(slot) ? 1 : 0, SLOT_TAIL_FRAMES);
  let frame = decodeAndJoin(slot, source, taken);
  const state = slot + SLOT_RESAMPLER_DOWN;
  if (load<i32>(state, RESAMPLER_UP_FACTOR) != 0) {
    const upstreamSamples = load<i32>(slot, SLOT_UPSTREAM_FRAME_SAMPLES);
    const produced = resample(state, frame, <usize>SCRATCH_RESAMPLED, upstreamSamples);
    assert(produced == samples);
    frame = <usize>SCRATCH_RESAMPLED;
  }
  if (!gainIsUnity(slot)) gainApply(slot, frame, samples);
  limitPeaks(slot, frame, samples);
  frameEncode(callerEncoding, frame, output, samples, load<i32>(slot, SLOT_CALLER_CHANNELS));
}

// -> the frame as f32 at the upstream's rate.
function decodeAndJoin(slot: usize, source: usize, taken: i32): usize {
  const total = load<i32>(slot, SLOT_UPSTREAM_FRAME_SAMPLES);
  const filled = taken / load<i32>(slot, SLOT_UPSTREAM_SAMPLE_BYTES);
  const frame = <usize>SCRATCH_PLAYOUT;
  frameDecode(load<i32>(slot, SLOT_UPSTREAM_ENCODING), source, frame, filled);
  memory.fill(frame + ((<usize>filled) << 2), 0, (<usize>(total - filled)) << 2);
  joinFrame(slot, frame, filled, total);
  return frame;
}

function lastSample(encoding: i32, source: usize, taken: i32): f32 {
  const bytes = encodingBytes(encoding);
  frameDecode(encoding, source + <usize>(taken - bytes), <usize>SCRATCH_PLAYOUT, 1);
  return load<f32>(<usize>SCRATCH_PLAYOUT);
}
