// One frame on its way to the caller: ring -> decode -> resample -> gain -> encode.
// G.711 that needs nothing done to it passes byte for byte (decision 4).

import {
  COUNTER_FRAMES_RENDERED, COUNTER_PLAYBACK_UNDERRUNS, RESAMPLER_UP_FACTOR, SCRATCH_PLAYOUT,
  SCRATCH_RESAMPLED, SLOT_CALLER_CHANNELS, SLOT_CALLER_ENCODING, SLOT_CALLER_FRAME_BYTES,
  SLOT_CALLER_FRAME_SAMPLES, SLOT_IS_COPY_DOWN, SLOT_RESAMPLER_DOWN, SLOT_TAIL_FRAMES,
  SLOT_UPSTREAM_ENCODING, SLOT_UPSTREAM_FRAME_BYTES, SLOT_UPSTREAM_FRAME_SAMPLES,
  SLOT_UPSTREAM_SAMPLE_BYTES,
} from "../memory-map";
import { frameDecode, frameEncode, silenceByte } from "../convert/frame";
import { playbackDrop, playbackTake } from "../ring/playback-ring";
import { resample, resamplerReset } from "../resample/polyphase";
import { gainApply, gainIsUnity } from "./gain";

/** Renders one caller frame into `output`. -> upstream samples consumed, 0 when none waited. */
export function renderFrame(slot: usize, output: usize): i32 {
  store<u32>(slot, load<u32>(slot, COUNTER_FRAMES_RENDERED) + 1, COUNTER_FRAMES_RENDERED);
  const bytes = load<i32>(slot, SLOT_UPSTREAM_FRAME_BYTES);
  const encoding = load<i32>(slot, SLOT_UPSTREAM_ENCODING);
  const isCopy = load<u32>(slot, SLOT_IS_COPY_DOWN) != 0 && gainIsUnity(slot);
  const source = isCopy ? output : <usize>SCRATCH_RESAMPLED;
  const taken = playbackTake(slot, source, bytes);
  if (taken < bytes) {
    const underruns = load<u32>(slot, COUNTER_PLAYBACK_UNDERRUNS);
    store<u32>(slot, underruns + 1, COUNTER_PLAYBACK_UNDERRUNS);
    memory.fill(source + <usize>taken, silenceByte(encoding), <usize>(bytes - taken));
  }
  if (!isCopy) process(slot, source, output, taken);
  return taken / load<i32>(slot, SLOT_UPSTREAM_SAMPLE_BYTES);
}

/** Empties ring and resampler. -> upstream samples dropped. */
export function renderFlush(slot: usize): i32 {
  const state = slot + SLOT_RESAMPLER_DOWN;
  if (load<i32>(state, RESAMPLER_UP_FACTOR) != 0) resamplerReset(state);
  store<i32>(slot, 0, SLOT_TAIL_FRAMES);
  return playbackDrop(slot);
}

function process(slot: usize, source: usize, output: usize, taken: i32): void {
  const callerEncoding = load<i32>(slot, SLOT_CALLER_ENCODING);
  const samples = load<i32>(slot, SLOT_CALLER_FRAME_SAMPLES);
  const tailFrames = load<i32>(slot, SLOT_TAIL_FRAMES);
  if (taken == 0 && tailFrames == 0) {
    const bytes = <usize>load<u32>(slot, SLOT_CALLER_FRAME_BYTES);
    memory.fill(output, silenceByte(callerEncoding), bytes);
    return;
  }
  // A resampler rings for less than a frame after its last sample.
  store<i32>(slot, taken > 0 ? 1 : 0, SLOT_TAIL_FRAMES);
  const upstreamSamples = load<i32>(slot, SLOT_UPSTREAM_FRAME_SAMPLES);
  const state = slot + SLOT_RESAMPLER_DOWN;
  let frame = <usize>SCRATCH_PLAYOUT;
  frameDecode(load<i32>(slot, SLOT_UPSTREAM_ENCODING), source, frame, upstreamSamples);
  if (load<i32>(state, RESAMPLER_UP_FACTOR) != 0) {
    const produced = resample(state, frame, <usize>SCRATCH_RESAMPLED, upstreamSamples);
    assert(produced == samples);
    frame = <usize>SCRATCH_RESAMPLED;
  }
  if (!gainIsUnity(slot)) gainApply(slot, frame, samples);
  frameEncode(callerEncoding, frame, output, samples, load<i32>(slot, SLOT_CALLER_CHANNELS));
}
