// Settings of one slot: ranges checked, times rounded UP to windows and frames (decision 13).

import { FRAME_MS, WINDOW_MS } from "../limits";
import {
  RULE_BARGE_COOLDOWN_FRAMES,
  RULE_BARGE_MIN_FRAMES,
  RULE_MIN_SILENCE_WINDOWS,
  RULE_MIN_SPEECH_WINDOWS,
  RULE_SHORT_SILENCE_WINDOWS,
  RULE_SHORT_SPEECH_WINDOWS,
  SETTING_BARGE_COOLDOWN_MS,
  SETTING_BARGE_MIN_SPEECH_MS,
  SETTING_BARGE_THRESHOLD,
  SETTING_CONFIDENT_THRESHOLD,
  SETTING_CONFIDENT_WEIGHT,
  SETTING_MIN_SILENCE_MS,
  SETTING_MIN_SPEECH_MS,
  SETTING_SHORT_SILENCE_PERCENT,
  SETTING_SHORT_SPEECH_MS,
  SETTING_START_THRESHOLD,
  SETTING_STOP_THRESHOLD,
} from "../memory-map";
import { STATUS_BAD_SETTINGS, STATUS_OK } from "../status";

const TIME_MS_MAX: u32 = 60000;
const PERCENT_MAX: u32 = 1000;

/** Reads the settings block the host wrote. A refused block changes nothing. */
export function settingsCheckAndRound(slot: usize): i32 {
  if (!isInRange(slot)) return STATUS_BAD_SETTINGS;
  const silenceMs = load<u32>(slot, SETTING_MIN_SILENCE_MS);
  const percent = load<u32>(slot, SETTING_SHORT_SILENCE_PERCENT);
  store<u32>(
    slot,
    roundUp(load<u32>(slot, SETTING_MIN_SPEECH_MS), WINDOW_MS),
    RULE_MIN_SPEECH_WINDOWS,
  );
  store<u32>(slot, roundUp(silenceMs, WINDOW_MS), RULE_MIN_SILENCE_WINDOWS);
  store<u32>(
    slot,
    roundUp(load<u32>(slot, SETTING_SHORT_SPEECH_MS), WINDOW_MS),
    RULE_SHORT_SPEECH_WINDOWS,
  );
  store<u32>(slot, roundUp(silenceMs * percent, WINDOW_MS * 100), RULE_SHORT_SILENCE_WINDOWS);
  store<u32>(
    slot,
    roundUp(load<u32>(slot, SETTING_BARGE_MIN_SPEECH_MS), FRAME_MS),
    RULE_BARGE_MIN_FRAMES,
  );
  store<u32>(
    slot,
    roundUp(load<u32>(slot, SETTING_BARGE_COOLDOWN_MS), FRAME_MS),
    RULE_BARGE_COOLDOWN_FRAMES,
  );
  return STATUS_OK;
}

function isInRange(slot: usize): bool {
  const start = load<f32>(slot, SETTING_START_THRESHOLD);
  const stop = load<f32>(slot, SETTING_STOP_THRESHOLD);
  const weight = load<u32>(slot, SETTING_CONFIDENT_WEIGHT);
  const barge = load<f32>(slot, SETTING_BARGE_THRESHOLD);
  const confident = load<f32>(slot, SETTING_CONFIDENT_THRESHOLD);
  if (!(start >= 0 && start <= 1 && stop >= 0 && stop <= start)) return false;
  if (!(barge >= 0 && barge <= 1 && confident >= 0 && confident <= 1)) return false;
  if (weight < 1 || weight > 8) return false;
  if (load<u32>(slot, SETTING_SHORT_SILENCE_PERCENT) > PERCENT_MAX) return false;
  return (
    isTime(load<u32>(slot, SETTING_MIN_SPEECH_MS)) &&
    isTime(load<u32>(slot, SETTING_MIN_SILENCE_MS)) &&
    isTime(load<u32>(slot, SETTING_SHORT_SPEECH_MS)) &&
    isTime(load<u32>(slot, SETTING_BARGE_MIN_SPEECH_MS)) &&
    isTime(load<u32>(slot, SETTING_BARGE_COOLDOWN_MS))
  );
}

function isTime(ms: u32): bool {
  return ms <= TIME_MS_MAX;
}

function roundUp(value: u32, unit: u32): u32 {
  return (value + unit - 1) / unit;
}
