// Slow level normaliser in front of the VAD model: quiet callers are lifted, nobody is lowered.
// Why: a neural VAD hears a quiet caller badly: Silero's ROC-AUC on the labelled recordings falls
// from 0.957 to 0.882 at -30 dB (docs/vad.md).
// Rule: the mean power of the caller's active windows (9 dB over the noise floor, the last 10 s of
// them) is brought to -19 dBFS, one gain for a whole window and its context.
// What was tried: followers with attack and release cost 0.008 AUC at the recorded level, because a
// gain that moves within an utterance looks like an onset or an end; a mean over active windows
// gains 0.002 there, 0.05 at -20 dB and 0.07 at -30 dB. A target from -21 to -14 dBFS hardly
// matters. The gain acts on the model's side copy only; what goes upstream is untouched.

import {
  SETTING_IS_LEVEL_NORMALISED,
  SLOT_NOISE_FLOOR_DBFS,
  SLOT_NORMALISER_GAIN,
  SLOT_NORMALISER_LEVEL,
  SLOT_NORMALISER_WINDOWS,
  SLOT_WINDOW_POWER,
  SLOT_WINDOWS_COMPLETED,
} from "../memory-map";
import { powerToDb } from "./decibel";

/** -19 dBFS. */
const TARGET_POWER: f32 = 0.012589254;
/** 36 dB. */
const GAIN_MAX: f32 = 63.095734;
const ACTIVE_OVER_FLOOR_DB: f32 = 9;
/** What is believed before anything was heard (-40 dBFS), and with how many windows of weight. */
const FIRST_LEVEL_POWER: f32 = 1e-4;
const FIRST_LEVEL_WINDOWS: f32 = 0.3;
/** Active windows that the mean remembers: 10 s. */
const LEVEL_WINDOWS_MAX: f32 = 300;
/**
 * A call may begin in the middle of a word, and then the floor is still too high. For its first
 * 3.2 s (the floor's own memory) the floor counts as at most this.
 */
const EARLY_WINDOWS: u32 = 100;
const EARLY_FLOOR_DBFS: f32 = -70;

/** Starts a call with no opinion about the caller's level. */
export function normaliserReset(slot: usize): void {
  store<f32>(slot, 1, SLOT_NORMALISER_GAIN);
  store<f32>(slot, FIRST_LEVEL_POWER, SLOT_NORMALISER_LEVEL);
  store<f32>(slot, FIRST_LEVEL_WINDOWS, SLOT_NORMALISER_WINDOWS);
}

/** Takes the newest window's power into the level. -> gain for this window, 1..63. */
export function normaliserGain(slot: usize): f32 {
  const power = load<f32>(slot, SLOT_WINDOW_POWER);
  let floorDbfs = load<f32>(slot, SLOT_NOISE_FLOOR_DBFS);
  if (load<u32>(slot, SLOT_WINDOWS_COMPLETED) < EARLY_WINDOWS) {
    floorDbfs = min<f32>(floorDbfs, EARLY_FLOOR_DBFS);
  }
  let level = load<f32>(slot, SLOT_NORMALISER_LEVEL);
  // The level is followed even while the setting is off: it can be switched on at any time.
  if (powerToDb(power) > floorDbfs + ACTIVE_OVER_FLOOR_DB) {
    const windows = min<f32>(load<f32>(slot, SLOT_NORMALISER_WINDOWS) + 1, LEVEL_WINDOWS_MAX);
    level += (power - level) / windows;
    store<f32>(slot, windows, SLOT_NORMALISER_WINDOWS);
    store<f32>(slot, level, SLOT_NORMALISER_LEVEL);
  }
  assert(level > 0);
  const isOn = load<u32>(slot, SETTING_IS_LEVEL_NORMALISED) != 0;
  const gain = isOn ? max<f32>(1, min<f32>(GAIN_MAX, sqrt<f32>(TARGET_POWER / level))) : <f32>1;
  store<f32>(slot, gain, SLOT_NORMALISER_GAIN);
  return gain;
}
