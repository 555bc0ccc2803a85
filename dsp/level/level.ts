// Level of one frame: mean power and peak in one pass, then dBFS (S2-07, S2-06 energy_db).

import { SLOT_FRAME_PEAK, SLOT_FRAME_POWER, SLOT_LEVEL_DBFS, SLOT_PEAK_DBFS } from "../memory-map";
import { powerToDb } from "./decibel";

/** Measures `count` f32 at `source` and stores the slot's facts. */
export function measureLevel(slot: usize, source: usize, count: i32): void {
  assert(count > 0);
  let sums = f32x4.splat(0);
  let peaks = f32x4.splat(0);
  const whole = count & ~3;
  for (let index = 0; index < whole; index += 4) {
    const samples = v128.load(source + ((<usize>index) << 2));
    sums = f32x4.add(sums, f32x4.mul(samples, samples));
    peaks = f32x4.max(peaks, f32x4.abs(samples));
  }
  let sum = sumOfLanes(sums);
  let peak = maxOfLanes(peaks);
  for (let index = whole; index < count; index++) {
    const sample = load<f32>(source + ((<usize>index) << 2));
    sum += sample * sample;
    peak = max<f32>(peak, abs<f32>(sample));
  }
  const power = sum / <f32>count;
  store<f32>(slot, power, SLOT_FRAME_POWER);
  store<f32>(slot, peak, SLOT_FRAME_PEAK);
  store<f32>(slot, powerToDb(power), SLOT_LEVEL_DBFS);
  store<f32>(slot, powerToDb(peak * peak), SLOT_PEAK_DBFS);
}

/** Mean of squares of `count` f32. */
export function meanPower(source: usize, count: i32): f32 {
  assert(count > 0);
  let sums = f32x4.splat(0);
  const whole = count & ~3;
  for (let index = 0; index < whole; index += 4) {
    const samples = v128.load(source + ((<usize>index) << 2));
    sums = f32x4.add(sums, f32x4.mul(samples, samples));
  }
  let sum = sumOfLanes(sums);
  for (let index = whole; index < count; index++) {
    const sample = load<f32>(source + ((<usize>index) << 2));
    sum += sample * sample;
  }
  return sum / <f32>count;
}

/** Largest magnitude of `count` f32. */
export function peakOf(source: usize, count: i32): f32 {
  let peaks = f32x4.splat(0);
  const whole = count & ~3;
  for (let index = 0; index < whole; index += 4) {
    peaks = f32x4.max(peaks, f32x4.abs(v128.load(source + ((<usize>index) << 2))));
  }
  let peak = maxOfLanes(peaks);
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
