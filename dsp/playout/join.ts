// Joins in the agent's audio without a click: where audio is cut off, a tail of 5 ms fades out, and
// where new audio comes in over such a tail, the two are crossfaded (linear, S2-58).
//
//   flush      next 5 ms of the dropped audio, fading     ____/\/\/\~~..
//   underrun   the last sample, sloping to zero            ____/\/\ \___
//   then       tail alone, or new audio x (0..1) + tail
//
// Audio that starts after silence, or ends near zero, is not touched: G.711 stays byte for byte.
// Works at the upstream's rate, before the resampler, so that the filter never sees a step either.

import { frameDecode } from "../convert/frame";
import { TAIL_SAMPLES_MAX, TAILS_PER_SECOND } from "../limits";
import {
  SCRATCH_PLAYOUT,
  SLOT_LAST_SAMPLE,
  SLOT_TAIL,
  SLOT_TAIL_SAMPLES,
  SLOT_UPSTREAM_ENCODING,
  SLOT_UPSTREAM_RATE_HZ,
  SLOT_UPSTREAM_SAMPLE_BYTES,
} from "../memory-map";
import { playbackTake } from "../ring/playback-ring";

/** An end below this (-54 dBFS) is no step worth a tail. */
const QUIET: f32 = 0.002;

/** True when nothing has to be joined: no tail waits, and the last sample was near zero. */
export function joinIsIdle(slot: usize): bool {
  return load<i32>(slot, SLOT_TAIL_SAMPLES) == 0 && !isLoud(load<f32>(slot, SLOT_LAST_SAMPLE));
}

/** True while a tail waits to be played or crossfaded. */
export function joinHasTail(slot: usize): bool {
  return load<i32>(slot, SLOT_TAIL_SAMPLES) > 0;
}

/** True for a sample from which silence would be a step. */
export function isLoud(sample: f32): bool {
  return abs<f32>(sample) > QUIET;
}

/**
 * Mixes a waiting tail into the frame (f32, `total` samples, `filled` of them audio, the rest
 * zero), and slopes to zero where the audio ends too early.
 */
export function joinFrame(slot: usize, frame: usize, filled: i32, total: i32): void {
  assert(filled >= 0);
  assert(filled <= total);
  const tail = load<i32>(slot, SLOT_TAIL_SAMPLES);
  if (tail > 0) mixTail(slot, frame, tail);
  if (filled < total && tail <= filled) {
    const last =
      filled > 0
        ? load<f32>(frame + ((<usize>(filled - 1)) << 2))
        : load<f32>(slot, SLOT_LAST_SAMPLE);
    if (isLoud(last)) slope(slot, frame, filled, total, last);
  }
  store<f32>(slot, load<f32>(frame + ((<usize>(total - 1)) << 2)), SLOT_LAST_SAMPLE);
}

/** Before a flush: takes the next 5 ms from the ring as a fading tail, when something is heard. */
export function joinCut(slot: usize): void {
  const last = load<f32>(slot, SLOT_LAST_SAMPLE);
  if (joinHasTail(slot) || !isLoud(last)) return;
  const count = tailSamples(slot);
  const bytes = load<i32>(slot, SLOT_UPSTREAM_SAMPLE_BYTES);
  const source = <usize>SCRATCH_PLAYOUT;
  const taken = playbackTake(slot, source, count * bytes) / bytes;
  const tail = slot + SLOT_TAIL;
  frameDecode(load<i32>(slot, SLOT_UPSTREAM_ENCODING), source, tail, taken);
  const held = taken > 0 ? load<f32>(tail + ((<usize>(taken - 1)) << 2)) : last;
  for (let index = 0; index < count; index++) {
    const address = tail + ((<usize>index) << 2);
    const sample = index < taken ? load<f32>(address) : held;
    store<f32>(address, sample * fadeOut(index, count));
  }
  store<i32>(slot, count, SLOT_TAIL_SAMPLES);
}

// The tail's own fade is in its samples; what comes under it fades in over the same time.
function mixTail(slot: usize, frame: usize, count: i32): void {
  assert(count <= TAIL_SAMPLES_MAX);
  const tail = slot + SLOT_TAIL;
  for (let index = 0; index < count; index++) {
    const address = frame + ((<usize>index) << 2);
    const fadeIn = <f32>1 - fadeOut(index, count);
    const fading = load<f32>(tail + ((<usize>index) << 2));
    store<f32>(address, load<f32>(address) * fadeIn + fading);
  }
  store<i32>(slot, 0, SLOT_TAIL_SAMPLES);
}

// From `last` to zero behind the audio; what the frame has no room for waits as a tail.
function slope(slot: usize, frame: usize, filled: i32, total: i32, last: f32): void {
  const count = tailSamples(slot);
  const room = min<i32>(total - filled, count);
  for (let index = 0; index < room; index++) {
    store<f32>(frame + ((<usize>(filled + index)) << 2), last * fadeOut(index, count));
  }
  for (let index = room; index < count; index++) {
    store<f32>(slot + SLOT_TAIL + ((<usize>(index - room)) << 2), last * fadeOut(index, count));
  }
  store<i32>(slot, count - room, SLOT_TAIL_SAMPLES);
}

function tailSamples(slot: usize): i32 {
  return load<i32>(slot, SLOT_UPSTREAM_RATE_HZ) / TAILS_PER_SECOND;
}

// 1 - 1/count ... 0 over `count` samples.
function fadeOut(index: i32, count: i32): f32 {
  return <f32>1 - <f32>(index + 1) / <f32>count;
}
