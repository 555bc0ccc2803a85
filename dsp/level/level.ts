// Level of one frame: mean power and peak in one pass. Decibels are taken where they are needed:
// by the host when it asks (S2-07), in here only while something is compared in dB.

import { SLOT_FRAME_PEAK, SLOT_FRAME_POWER } from "../memory-map";

/** Measures `count` f32 at `source` and stores the slot's facts. */
export function measureLevel(slot: usize, source: usize, count: i32): void {
  store<f32>(slot, meanPower(source, count), SLOT_FRAME_POWER);
  store<f32>(slot, peakOf(source, count), SLOT_FRAME_PEAK);
}

/**
 * Mean of squares of `count` f32. Four sums side by side: with one, each addition would wait for
 * the one before it, and the frame takes three times as long.
 */
export function meanPower(source: usize, count: i32): f32 {
  assert(count > 0);
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  const whole = count & ~15;
  for (let index = 0; index < whole; index += 16) {
    const address = source + ((<usize>index) << 2);
    const first = v128.load(address, 0);
    const second = v128.load(address, 16);
    const third = v128.load(address, 32);
    const fourth = v128.load(address, 48);
    a = f32x4.add(a, f32x4.mul(first, first));
    b = f32x4.add(b, f32x4.mul(second, second));
    c = f32x4.add(c, f32x4.mul(third, third));
    d = f32x4.add(d, f32x4.mul(fourth, fourth));
  }
  let sum = sumOfLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
  for (let index = whole; index < count; index++) {
    const sample = load<f32>(source + ((<usize>index) << 2));
    sum += sample * sample;
  }
  return sum / <f32>count;
}

/**
 * Largest magnitude of `count` f32. pmax, not max: the core's samples are finite, and max, which
 * must order NaN and -0, costs six instructions.
 */
export function peakOf(source: usize, count: i32): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  const whole = count & ~7;
  for (let index = 0; index < whole; index += 8) {
    const address = source + ((<usize>index) << 2);
    a = f32x4.pmax(a, f32x4.abs(v128.load(address, 0)));
    b = f32x4.pmax(b, f32x4.abs(v128.load(address, 16)));
  }
  let peak = maxOfLanes(f32x4.pmax(a, b));
  for (let index = whole; index < count; index++) {
    peak = max<f32>(peak, abs<f32>(load<f32>(source + ((<usize>index) << 2))));
  }
  return peak;
}

function sumOfLanes(lanes: v128): f32 {
  const low = f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 1);
  return low + (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3));
}

function maxOfLanes(lanes: v128): f32 {
  const low = max<f32>(f32x4.extract_lane(lanes, 0), f32x4.extract_lane(lanes, 1));
  return max<f32>(low, max<f32>(f32x4.extract_lane(lanes, 2), f32x4.extract_lane(lanes, 3)));
}
