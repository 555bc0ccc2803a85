// Peak limiter of the playout: when gain, mix or a resampler's overshoot would exceed full scale,
// the frame's gain goes down before the peak, because the whole frame is known before it is sent.
// Attack 2 ms inside the frame, release 1 dB a frame. At or under full scale nothing is touched.

import { peakOf } from "../level/level";
import { SLOT_CALLER_RATE_HZ, SLOT_LIMITER_GAIN } from "../memory-map";

/** Just under full scale, so that rounding to 16 bit cannot saturate. */
const PEAK_MAX: f32 = 0.9999;
/** 1 dB. */
const RELEASE: f32 = 1.1220184;
const ATTACKS_PER_SECOND = 500;

/** Limits `count` f32 in place. */
export function limitPeaks(slot: usize, samples: usize, count: i32): void {
  const now = load<f32>(slot, SLOT_LIMITER_GAIN);
  const peak = peakOf(samples, count);
  const wanted = peak > PEAK_MAX ? PEAK_MAX / peak : <f32>1;
  if (now == 1 && wanted == 1) return;
  const isAttack = wanted < now;
  const next = isAttack ? wanted : min<f32>(wanted, now * RELEASE);
  const rampSamples = isAttack ? load<i32>(slot, SLOT_CALLER_RATE_HZ) / ATTACKS_PER_SECOND : count;
  ramp(samples, count, now, next, rampSamples);
  store<f32>(slot, next, SLOT_LIMITER_GAIN);
}

// A peak inside the attack is held under full scale by itself.
function ramp(samples: usize, count: i32, from: f32, to: f32, rampSamples: i32): void {
  assert(rampSamples > 0);
  const step = (to - from) / <f32>rampSamples;
  for (let index = 0; index < count; index++) {
    const gain = index < rampSamples ? from + step * <f32>(index + 1) : to;
    const address = samples + ((<usize>index) << 2);
    const sample = load<f32>(address) * gain;
    store<f32>(address, max<f32>(-PEAK_MAX, min<f32>(PEAK_MAX, sample)));
  }
}
