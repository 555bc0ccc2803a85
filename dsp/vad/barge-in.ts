// Barge-in accumulator: does the caller want the floor while the agent is heard?
// Source: S2-65..S2-71 in the order of S2-68 (enabled, audible, cooldown, energy, probability,
// accumulate), with the departures of D-29: energy is measured over the noise floor, and a weak
// frame does not empty the accumulator; only WEAK_FRAMES_MAX of them in a row do, because closed
// consonants and the 32 ms rhythm of the probability leave such holes in every sentence.

import {
  COUNTER_FRAMES_INGESTED,
  RULE_BARGE_COOLDOWN_FRAMES,
  RULE_BARGE_MIN_FRAMES,
  SETTING_BARGE_OVER_FLOOR_DB,
  SETTING_BARGE_THRESHOLD,
  SETTING_IS_BARGE_ENABLED,
  SLOT_BARGE_COOLDOWN_LEFT,
  SLOT_BARGE_FRAMES,
  SLOT_BARGE_ONSET_POSITION,
  SLOT_BARGE_WEAK_FRAMES,
  SLOT_CALLER_FRAME_SAMPLES,
  SLOT_FRAME_POWER,
  SLOT_IS_AGENT_AUDIBLE,
  SLOT_NOISE_FLOOR_DBFS,
  SLOT_PROBABILITY,
} from "../memory-map";
import { powerToDb } from "../level/decibel";
import { EVENT_BARGE, EVENT_BARGE_FALSE, EVENT_BARGE_MAYBE } from "../status";

/** Weak frames in a row (120 ms) after which a burst is over. */
const WEAK_FRAMES_MAX = 6;

/**
 * Looks at the newest frame; call after the frame's window, before it is counted. -> event bits.
 */
export function bargeInStep(slot: usize): i32 {
  const cooldown = load<i32>(slot, SLOT_BARGE_COOLDOWN_LEFT);
  if (cooldown > 0) store<i32>(slot, cooldown - 1, SLOT_BARGE_COOLDOWN_LEFT);
  const isEnabled = load<u32>(slot, SETTING_IS_BARGE_ENABLED) != 0;
  const isListening = isEnabled && load<u32>(slot, SLOT_IS_AGENT_AUDIBLE) != 0 && cooldown == 0;
  const frames = load<i32>(slot, SLOT_BARGE_FRAMES);
  if (!isListening) return bargeInReset(slot) ? EVENT_BARGE_FALSE : 0;
  if (!isStrong(slot)) return frames > 0 ? weakStep(slot) : 0;

  store<i32>(slot, 0, SLOT_BARGE_WEAK_FRAMES);
  let events = 0;
  if (frames == 0) {
    const frameIndex = load<u32>(slot, COUNTER_FRAMES_INGESTED);
    const position = frameIndex * load<u32>(slot, SLOT_CALLER_FRAME_SAMPLES);
    store<u32>(slot, position, SLOT_BARGE_ONSET_POSITION);
    events = EVENT_BARGE_MAYBE;
  }
  if (frames + 1 < load<i32>(slot, RULE_BARGE_MIN_FRAMES)) {
    store<i32>(slot, frames + 1, SLOT_BARGE_FRAMES);
    return events;
  }
  store<i32>(slot, 0, SLOT_BARGE_FRAMES);
  store<i32>(slot, load<i32>(slot, RULE_BARGE_COOLDOWN_FRAMES), SLOT_BARGE_COOLDOWN_LEFT);
  return events | EVENT_BARGE;
}

/** Empties the accumulator. -> true when a burst was being counted. */
export function bargeInReset(slot: usize): bool {
  const wasCounting = load<i32>(slot, SLOT_BARGE_FRAMES) > 0;
  store<i32>(slot, 0, SLOT_BARGE_FRAMES);
  store<i32>(slot, 0, SLOT_BARGE_WEAK_FRAMES);
  return wasCounting;
}

function isStrong(slot: usize): bool {
  const needDb = load<f32>(slot, SETTING_BARGE_OVER_FLOOR_DB);
  const level = powerToDb(load<f32>(slot, SLOT_FRAME_POWER));
  if (needDb > 0 && level - load<f32>(slot, SLOT_NOISE_FLOOR_DBFS) < needDb) return false;
  return load<f32>(slot, SLOT_PROBABILITY) >= load<f32>(slot, SETTING_BARGE_THRESHOLD);
}

function weakStep(slot: usize): i32 {
  const weak = load<i32>(slot, SLOT_BARGE_WEAK_FRAMES) + 1;
  store<i32>(slot, weak, SLOT_BARGE_WEAK_FRAMES);
  if (weak < WEAK_FRAMES_MAX) return 0;
  bargeInReset(slot);
  return EVENT_BARGE_FALSE;
}
