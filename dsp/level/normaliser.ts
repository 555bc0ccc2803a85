// Slow level normaliser in front of the VAD model: quiet callers are lifted, nobody is lowered.
// Why: a neural VAD loses a quarter of a caller's speech at -30 dB (recall 0.94 -> 0.74 measured
// for Silero v6.2), and absolute thresholds lose all of it (D-29).
// Rule: the level of active frames (8 dB over the noise floor) is followed, quickly upwards and
// slowly downwards; the gain brings it to -26 dBFS, changes by at most 3 dB a frame, never lifts
// the noise floor over -50 dBFS and never lets a frame clip.
// It acts on the VAD's side copy only; what goes upstream is untouched (decision 4).

import {
  SLOT_FRAME_PEAK,
  SLOT_LEVEL_DBFS,
  SLOT_NOISE_FLOOR_DBFS,
  SLOT_NORMALISER_GAIN,
  SLOT_NORMALISER_LEVEL,
} from "../memory-map";

const TARGET_DBFS: f32 = -26;
const GAIN_DB_MAX: f32 = 30;
const ACTIVE_OVER_FLOOR_DB: f32 = 8;
const NOISE_DBFS_MAX: f32 = -50;
const ATTACK: f32 = 0.2;
const RELEASE: f32 = 0.02;
/** 3 dB. */
const GAIN_STEP: f32 = 1.4125375;
/** Level before anything active was heard: no gain. */
const LEVEL_UNKNOWN: f32 = 0;
const PEAK_MAX: f32 = 0.98;

/** Starts a call with unit gain and no opinion about the caller's level. */
export function normaliserReset(slot: usize): void {
  store<f32>(slot, 1, SLOT_NORMALISER_GAIN);
  store<f32>(slot, LEVEL_UNKNOWN, SLOT_NORMALISER_LEVEL);
}

/** Follows the newest frame's level and scales `count` f32 of the VAD's copy in place. */
export function normalise(slot: usize, samples: usize, count: i32): void {
  const level = followLevel(slot);
  let gain = load<f32>(slot, SLOT_NORMALISER_GAIN);
  const wanted = level == LEVEL_UNKNOWN ? <f32>1 : wantedGain(slot, level);
  gain = max<f32>(gain / GAIN_STEP, min<f32>(gain * GAIN_STEP, wanted));
  const peak = load<f32>(slot, SLOT_FRAME_PEAK);
  if (peak * gain > PEAK_MAX) gain = max<f32>(1, PEAK_MAX / peak);
  store<f32>(slot, gain, SLOT_NORMALISER_GAIN);
  if (gain != 1) scale(samples, count, gain);
}

function followLevel(slot: usize): f32 {
  const level = load<f32>(slot, SLOT_LEVEL_DBFS);
  const known = load<f32>(slot, SLOT_NORMALISER_LEVEL);
  const isActive = level - load<f32>(slot, SLOT_NOISE_FLOOR_DBFS) >= ACTIVE_OVER_FLOOR_DB;
  if (!isActive) return known;
  const share = level > known ? ATTACK : RELEASE;
  const followed = known == LEVEL_UNKNOWN ? level : known + share * (level - known);
  store<f32>(slot, followed, SLOT_NORMALISER_LEVEL);
  return followed;
}

function wantedGain(slot: usize, level: f32): f32 {
  const noiseRoom = NOISE_DBFS_MAX - load<f32>(slot, SLOT_NOISE_FLOOR_DBFS);
  const gainDb = min<f32>(GAIN_DB_MAX, min<f32>(noiseRoom, TARGET_DBFS - level));
  return dbToGain(max<f32>(0, gainDb));
}

// 10^(db/20) for 0..30 dB as 2^whole x a cubic for the rest; within 0.01 dB, which is plenty.
function dbToGain(db: f32): f32 {
  const octaves = db * <f32>0.16609640474;
  const whole = floor<f32>(octaves);
  const rest = octaves - whole;
  const fraction =
    <f32>1 + rest * (<f32>0.6951786 + rest * (<f32>0.2261691 + rest * <f32>0.0786523));
  return fraction * <f32>(1 << (<i32>whole));
}

function scale(samples: usize, count: i32, gain: f32): void {
  const gains = f32x4.splat(gain);
  const whole = count & ~3;
  for (let index = 0; index < whole; index += 4) {
    const address = samples + ((<usize>index) << 2);
    v128.store(address, f32x4.mul(v128.load(address), gains));
  }
  for (let index = whole; index < count; index++) {
    const address = samples + ((<usize>index) << 2);
    store<f32>(address, load<f32>(address) * gain);
  }
}
