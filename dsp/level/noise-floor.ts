// Noise floor of the line by minimum statistics: speech has pauses, so the lowest smoothed power
// of the last few seconds is the noise. Source: R. Martin, "Noise power spectral density
// estimation based on optimal smoothing and minimum statistics", IEEE Trans. SAP 9(5), 2001,
// reduced to one broad band, fixed smoothing and a fixed bias.
// 8 sub-windows of 20 frames (0.4 s each): a rise of the noise is followed within 3.2 s,
// a fall within 0.4 s.

import {
  SLOT_FLOOR_FRAMES,
  SLOT_FLOOR_MINIMA,
  SLOT_FLOOR_NEXT,
  SLOT_FLOOR_POWER,
  SLOT_FLOOR_RUNNING,
  SLOT_FLOOR_SMOOTHED,
  SLOT_FRAME_POWER,
  SLOT_NOISE_FLOOR_DBFS,
} from "../memory-map";
import { powerToDb } from "./decibel";

const SUB_WINDOWS = 8;
const SUB_WINDOW_FRAMES = 20;
/** Share of the newest frame in the smoothed power. */
const SMOOTHING: f32 = 0.3;
/** The mean of a noise is above its smoothed minimum by about this much. */
const BIAS: f32 = 1.4;
/**
 * A call may begin in the middle of a word: nothing louder (-45 dBFS) is taken as a first floor.
 */
const FIRST_POWER_MAX: f32 = 3.16e-5;

/** Starts over at the call's first frame. */
export function noiseFloorReset(slot: usize): void {
  store<f32>(slot, -1, SLOT_FLOOR_SMOOTHED);
  store<f32>(slot, FIRST_POWER_MAX, SLOT_FLOOR_POWER);
  store<f32>(slot, FIRST_POWER_MAX, SLOT_FLOOR_RUNNING);
  store<i32>(slot, 0, SLOT_FLOOR_FRAMES);
  store<i32>(slot, 0, SLOT_FLOOR_NEXT);
  for (let index = 0; index < SUB_WINDOWS; index++) {
    store<f32>(slot + ((<usize>index) << 2), FIRST_POWER_MAX, SLOT_FLOOR_MINIMA);
  }
  store<f32>(slot, powerToDb(FIRST_POWER_MAX), SLOT_NOISE_FLOOR_DBFS);
}

/** Takes the newest frame's power into the floor. */
export function noiseFloorUpdate(slot: usize): void {
  const power = load<f32>(slot, SLOT_FRAME_POWER);
  let smoothed = load<f32>(slot, SLOT_FLOOR_SMOOTHED);
  smoothed = smoothed < 0 ? power : smoothed + SMOOTHING * (power - smoothed);
  store<f32>(slot, smoothed, SLOT_FLOOR_SMOOTHED);
  let running = min<f32>(load<f32>(slot, SLOT_FLOOR_RUNNING), smoothed);
  const frames = load<i32>(slot, SLOT_FLOOR_FRAMES) + 1;
  let floor = load<f32>(slot, SLOT_FLOOR_POWER);
  if (frames < SUB_WINDOW_FRAMES) {
    store<i32>(slot, frames, SLOT_FLOOR_FRAMES);
    floor = min<f32>(floor, running);
  } else {
    floor = rotate(slot, running);
    running = smoothed;
    store<i32>(slot, 0, SLOT_FLOOR_FRAMES);
  }
  store<f32>(slot, running, SLOT_FLOOR_RUNNING);
  // The floor stands still for most frames, and a logarithm costs as much as the rest of this.
  if (floor == load<f32>(slot, SLOT_FLOOR_POWER)) return;
  store<f32>(slot, floor, SLOT_FLOOR_POWER);
  store<f32>(slot, powerToDb(floor * BIAS), SLOT_NOISE_FLOOR_DBFS);
}

// Replaces the oldest sub-window's minimum. -> minimum of all sub-windows.
function rotate(slot: usize, running: f32): f32 {
  const next = load<i32>(slot, SLOT_FLOOR_NEXT);
  assert(<u32>next < <u32>SUB_WINDOWS);
  store<f32>(slot + ((<usize>next) << 2), running, SLOT_FLOOR_MINIMA);
  store<i32>(slot, (next + 1) & (SUB_WINDOWS - 1), SLOT_FLOOR_NEXT);
  let floor = running;
  for (let index = 0; index < SUB_WINDOWS; index++) {
    floor = min<f32>(floor, load<f32>(slot + ((<usize>index) << 2), SLOT_FLOOR_MINIMA));
  }
  return floor;
}
