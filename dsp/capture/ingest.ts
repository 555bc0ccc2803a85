// One caller frame into the core: decode -> level -> noise floor -> upstream ring -> VAD window ->
// turn machine -> barge-in. Everything the service learns comes back as event bits.

import { CAPTURE_RING_FRAMES } from "../limits";
import {
  COUNTER_CLIPPED_FRAMES,
  COUNTER_FRAMES_INGESTED,
  COUNTER_GAP_FRAMES,
  COUNTER_NON_FINITE_SAMPLES,
  RESAMPLER_UP_FACTOR,
  SCRATCH_CALLER,
  SCRATCH_RESAMPLED,
  SLOT_CALLER_CHANNELS,
  SLOT_CALLER_ENCODING,
  SLOT_CALLER_FRAME_BYTES,
  SLOT_CALLER_FRAME_SAMPLES,
  SLOT_CAPTURE_RING,
  SLOT_FRAME_PEAK,
  SLOT_IS_COPY_UP,
  SLOT_RESAMPLER_UP,
  SLOT_RESAMPLER_VAD,
  SLOT_UPSTREAM_ENCODING,
  SLOT_UPSTREAM_FRAME_BYTES,
  SLOT_UPSTREAM_FRAME_SAMPLES,
} from "../memory-map";
import { EVENT_CLIPPED, EVENT_GAP } from "../status";
import { frameDecode, frameEncode, silenceByte } from "../convert/frame";
import { stereoToMono } from "../convert/pcm";
import { measureLevel } from "../level/level";
import { noiseFloorUpdate } from "../level/noise-floor";
import { resample } from "../resample/polyphase";
import { bargeInStep } from "../vad/barge-in";
import { windowAppend } from "../vad/window";

/** Peak from which a frame counts as clipped: the loudest mu-law code is 0.980 of full scale. */
const CLIPPED_PEAK: f32 = 0.98;

/** Ingests the frame at `input`. -> event bits. */
export function ingestFrame(slot: usize, input: usize): i32 {
  return ingest(slot, input, false);
}

function ingest(slot: usize, input: usize, isGap: bool): i32 {
  const encoding = load<i32>(slot, SLOT_CALLER_ENCODING);
  const channels = load<i32>(slot, SLOT_CALLER_CHANNELS);
  const samples = load<i32>(slot, SLOT_CALLER_FRAME_SAMPLES);
  const frame = <usize>SCRATCH_CALLER;
  const nonFinite = frameDecode(encoding, input, frame, samples * channels);
  if (nonFinite > 0) add(slot + COUNTER_NON_FINITE_SAMPLES, nonFinite);
  if (channels == 2) stereoToMono(frame, frame, samples);
  return ingestSamples(slot, input, frame, samples, isGap);
}

/** As ingestFrame for a frame that never came: silence in its place. */
export function ingestGapFrame(slot: usize, input: usize): i32 {
  const encoding = load<i32>(slot, SLOT_CALLER_ENCODING);
  memory.fill(input, silenceByte(encoding), <usize>load<u32>(slot, SLOT_CALLER_FRAME_BYTES));
  add(slot + COUNTER_GAP_FRAMES, 1);
  return ingest(slot, input, true) | EVENT_GAP;
}

function ingestSamples(slot: usize, input: usize, frame: usize, samples: i32, isGap: bool): i32 {
  measureLevel(slot, frame, samples);
  // Our own silence says nothing about the line: its noise, back, must not stand out as speech.
  if (!isGap) noiseFloorUpdate(slot);
  captureStore(slot, input, frame, samples);
  let events = vadAppend(slot, frame, samples);
  events |= bargeInStep(slot);
  if (load<f32>(slot, SLOT_FRAME_PEAK) >= CLIPPED_PEAK) {
    add(slot + COUNTER_CLIPPED_FRAMES, 1);
    events |= EVENT_CLIPPED;
  }
  add(slot + COUNTER_FRAMES_INGESTED, 1);
  return events;
}

// The frame's place in the ring is its index modulo the ring's frames: no read or write pointers.
function captureStore(slot: usize, input: usize, frame: usize, samples: i32): void {
  const bytes = load<u32>(slot, SLOT_UPSTREAM_FRAME_BYTES);
  const index = load<u32>(slot, COUNTER_FRAMES_INGESTED) % <u32>CAPTURE_RING_FRAMES;
  const target = slot + SLOT_CAPTURE_RING + <usize>(index * bytes);
  if (load<u32>(slot, SLOT_IS_COPY_UP) != 0) {
    memory.copy(target, input, <usize>bytes);
    return;
  }
  const encoding = load<i32>(slot, SLOT_UPSTREAM_ENCODING);
  const state = slot + SLOT_RESAMPLER_UP;
  if (load<i32>(state, RESAMPLER_UP_FACTOR) == 0) {
    frameEncode(encoding, frame, target, samples, 1);
    return;
  }
  const produced = resample(state, frame, <usize>SCRATCH_RESAMPLED, samples);
  assert(produced == load<i32>(slot, SLOT_UPSTREAM_FRAME_SAMPLES));
  frameEncode(encoding, <usize>SCRATCH_RESAMPLED, target, produced, 1);
}

function vadAppend(slot: usize, frame: usize, samples: i32): i32 {
  const state = slot + SLOT_RESAMPLER_VAD;
  if (load<i32>(state, RESAMPLER_UP_FACTOR) == 0) return windowAppend(slot, frame, samples);
  const produced = resample(state, frame, <usize>SCRATCH_RESAMPLED, samples);
  return windowAppend(slot, <usize>SCRATCH_RESAMPLED, produced);
}

function add(address: usize, amount: i32): void {
  store<u32>(address, load<u32>(address) + <u32>amount);
}
