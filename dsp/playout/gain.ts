// Gain ramp of one slot's playout: duck, fade in, fade out. Linear per sample, so that no step is
// larger than the signal's own.

import { SLOT_GAIN_NOW, SLOT_GAIN_STEP, SLOT_GAIN_TARGET } from "../memory-map";

/** Starts a ramp from the present gain to `target` over `samples` caller samples (0: at once). */
export function gainSet(slot: usize, target: f32, samples: i32): void {
  assert(target >= 0);
  assert(target <= 4);
  store<f32>(slot, target, SLOT_GAIN_TARGET);
  if (samples <= 0) {
    store<f32>(slot, target, SLOT_GAIN_NOW);
    store<f32>(slot, 0, SLOT_GAIN_STEP);
    return;
  }
  const now = load<f32>(slot, SLOT_GAIN_NOW);
  store<f32>(slot, (target - now) / <f32>samples, SLOT_GAIN_STEP);
}

/** True while samples must pass untouched. */
export function gainIsUnity(slot: usize): bool {
  return load<f32>(slot, SLOT_GAIN_NOW) == 1 && load<f32>(slot, SLOT_GAIN_TARGET) == 1;
}

/** Moves the ramp on over `count` samples of silence. */
export function gainPass(slot: usize, count: i32): void {
  const now = load<f32>(slot, SLOT_GAIN_NOW);
  const target = load<f32>(slot, SLOT_GAIN_TARGET);
  if (now == target) return;
  const step = load<f32>(slot, SLOT_GAIN_STEP);
  const next = now + step * <f32>count;
  const isThere = step >= 0 ? next >= target : next <= target;
  store<f32>(slot, isThere ? target : next, SLOT_GAIN_NOW);
}

/** Multiplies `count` f32 in place by the ramp and moves the ramp on. */
export function gainApply(slot: usize, samples: usize, count: i32): void {
  let gain = load<f32>(slot, SLOT_GAIN_NOW);
  const target = load<f32>(slot, SLOT_GAIN_TARGET);
  const step = load<f32>(slot, SLOT_GAIN_STEP);
  for (let index = 0; index < count; index++) {
    if (gain != target) {
      gain += step;
      if (step >= 0 ? gain >= target : gain <= target) gain = target;
    }
    const address = samples + ((<usize>index) << 2);
    store<f32>(address, load<f32>(address) * gain);
  }
  store<f32>(slot, gain, SLOT_GAIN_NOW);
}
