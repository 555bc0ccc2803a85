// Windows of 32 ms out of frames of 20 ms: 512 samples at 16 kHz, 256 at 8 kHz (decision 4).
// In slot memory, contiguous, as a recurrent model wants it:
//
//   SLOT_WINDOW  [ context 64 | window 512 ]  at 16 kHz      (f32)
//   SLOT_WINDOW  [ context 32 | window 256 ]  at 8 kHz
//
// A frame is shorter than a window, so it completes at most one. On completion the level normaliser
// sets the window's gain, the probability is asked for at once (or the window laid out for a model
// beside the core), then the last samples become the context of the next window.

import {
  COUNTER_WINDOWS,
  SLOT_CONTEXT_SAMPLES,
  SLOT_VAD_SOURCE,
  SLOT_WINDOW,
  SLOT_WINDOW_DONE,
  SLOT_WINDOW_FILL,
  SLOT_WINDOW_POWER,
  SLOT_WINDOW_SAMPLES,
  SLOT_WINDOWS_COMPLETED,
} from "../memory-map";
import { EVENT_WINDOW, VAD_SOURCE_BESIDE } from "../status";
import { windowProbability } from "./probability";
import { turnStep } from "./turn-machine";
import { meanPower } from "../level/level";
import { normaliserGain } from "../level/normaliser";
import { skipLateWindows } from "./beside";

/** Takes `count` f32 at the VAD's rate, fewer than a window. -> event bits. */
export function windowAppend(slot: usize, source: usize, count: i32): i32 {
  const size = load<i32>(slot, SLOT_WINDOW_SAMPLES);
  const context = load<i32>(slot, SLOT_CONTEXT_SAMPLES);
  const fill = load<i32>(slot, SLOT_WINDOW_FILL);
  assert(fill < size);
  assert(count <= size);
  const target = slot + SLOT_WINDOW + ((<usize>(context + fill)) << 2);
  const room = size - fill;
  if (count < room) {
    memory.copy(target, source, (<usize>count) << 2);
    store<i32>(slot, fill + count, SLOT_WINDOW_FILL);
    return 0;
  }
  memory.copy(target, source, (<usize>room) << 2);
  const events = windowComplete(slot);
  const window = slot + SLOT_WINDOW;
  memory.copy(window, window + ((<usize>size) << 2), (<usize>context) << 2);
  const rest = count - room;
  memory.copy(window + ((<usize>context) << 2), source + ((<usize>room) << 2), (<usize>rest) << 2);
  store<i32>(slot, rest, SLOT_WINDOW_FILL);
  return events;
}

function windowComplete(slot: usize): i32 {
  store<u32>(slot, load<u32>(slot, COUNTER_WINDOWS) + 1, COUNTER_WINDOWS);
  const windowIndex = load<u32>(slot, SLOT_WINDOWS_COMPLETED);
  store<u32>(slot, windowIndex + 1, SLOT_WINDOWS_COMPLETED);
  const samples = load<i32>(slot, SLOT_WINDOW_SAMPLES);
  const window = slot + SLOT_WINDOW + ((<usize>load<i32>(slot, SLOT_CONTEXT_SAMPLES)) << 2);
  store<f32>(slot, meanPower(window, samples), SLOT_WINDOW_POWER);
  const gain = normaliserGain(slot);
  if (load<i32>(slot, SLOT_VAD_SOURCE) == VAD_SOURCE_BESIDE) {
    copyScaled(slot + SLOT_WINDOW_DONE, window, samples, gain);
    return EVENT_WINDOW | skipLateWindows(slot);
  }
  return EVENT_WINDOW | turnStep(slot, windowIndex, windowProbability(slot));
}

function copyScaled(target: usize, source: usize, count: i32, gain: f32): void {
  const gains = f32x4.splat(gain);
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(target + at, f32x4.mul(v128.load(source + at), gains));
  }
}
