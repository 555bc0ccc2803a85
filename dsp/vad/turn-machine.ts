// The turn machine: from (windowIndex, probability) to onset and end of speech.
// Source: S2-17..S2-27 with times counted in windows of 32 ms (D-07, decision 13), hysteresis
// between two thresholds, and silence weighed by how sure the model is.
//
//             p >= start                 min speech reached
//   SILENCE ------------> SPEECH_START ---------------------> SPEECH <---------+
//      ^   ONSET_MAYBE         |  ONSET_FALSE       ONSET        | END_MAYBE   | END_OFF
//      |<----------------------+ p < stop               p < stop v             | p >= stop
//      +----------------------------------------------------- SPEECH_END ------+
//                       END: silence evidence >= min silence
//
// Departure from S2-18: a min speech of one window or less confirms on the first window.

import {
  RULE_MIN_SILENCE_WINDOWS,
  RULE_MIN_SPEECH_WINDOWS,
  RULE_SHORT_SILENCE_WINDOWS,
  RULE_SHORT_SPEECH_WINDOWS,
  SETTING_CONFIDENT_THRESHOLD,
  SETTING_CONFIDENT_WEIGHT,
  SETTING_START_THRESHOLD,
  SETTING_STOP_THRESHOLD,
  SLOT_CALLER_RATE_HZ,
  SLOT_END_POSITION,
  SLOT_END_WINDOW,
  SLOT_ONSET_POSITION,
  SLOT_ONSET_WINDOW,
  SLOT_PROBABILITY,
  SLOT_SILENCE_EVIDENCE,
  SLOT_SPEECH_WINDOWS,
  SLOT_VAD_RATE_HZ,
  SLOT_VAD_STATE,
  SLOT_WINDOW_SAMPLES,
  SLOT_WINDOWS_DECIDED,
} from "../memory-map";
import {
  EVENT_END,
  EVENT_END_MAYBE,
  EVENT_END_OFF,
  EVENT_ONSET,
  EVENT_ONSET_FALSE,
  EVENT_ONSET_MAYBE,
  VAD_STATE_SILENCE,
  VAD_STATE_SPEECH,
  VAD_STATE_SPEECH_END,
  VAD_STATE_SPEECH_START,
} from "../status";

/** Advances the machine by one window. -> event bits. Windows come in order, none twice. */
export function turnStep(slot: usize, windowIndex: u32, probability: f32): i32 {
  assert(windowIndex == load<u32>(slot, SLOT_WINDOWS_DECIDED));
  assert(probability >= 0);
  assert(probability <= 1);
  store<u32>(slot, windowIndex + 1, SLOT_WINDOWS_DECIDED);
  store<f32>(slot, probability, SLOT_PROBABILITY);
  const state = load<i32>(slot, SLOT_VAD_STATE);
  const threshold =
    state == VAD_STATE_SILENCE
      ? load<f32>(slot, SETTING_START_THRESHOLD)
      : load<f32>(slot, SETTING_STOP_THRESHOLD);
  if (probability >= threshold) return speechStep(slot, state, windowIndex);
  return silenceStep(slot, state, probability);
}

/** Ends running speech now. -> EVENT_END when a turn was open, ONSET_FALSE before that, else 0. */
export function turnForceEnd(slot: usize): i32 {
  const state = load<i32>(slot, SLOT_VAD_STATE);
  turnReset(slot);
  if (state == VAD_STATE_SILENCE) return 0;
  return state == VAD_STATE_SPEECH_START ? EVENT_ONSET_FALSE : EVENT_END;
}

/** Back to silence with counters at zero; positions stay readable (D-33: no recurrent state). */
export function turnReset(slot: usize): void {
  store<i32>(slot, VAD_STATE_SILENCE, SLOT_VAD_STATE);
  store<i32>(slot, 0, SLOT_SPEECH_WINDOWS);
  store<i32>(slot, 0, SLOT_SILENCE_EVIDENCE);
}

function speechStep(slot: usize, state: i32, windowIndex: u32): i32 {
  const speechWindows = load<i32>(slot, SLOT_SPEECH_WINDOWS) + 1;
  store<i32>(slot, speechWindows, SLOT_SPEECH_WINDOWS);
  store<u32>(slot, windowIndex + 1, SLOT_END_WINDOW);
  store<u32>(slot, windowPosition(slot, windowIndex + 1), SLOT_END_POSITION);
  let events = 0;
  if (state == VAD_STATE_SILENCE) {
    store<u32>(slot, windowIndex, SLOT_ONSET_WINDOW);
    store<u32>(slot, windowPosition(slot, windowIndex), SLOT_ONSET_POSITION);
    events = EVENT_ONSET_MAYBE;
  }
  if (state <= VAD_STATE_SPEECH_START) {
    const isConfirmed = speechWindows >= load<i32>(slot, RULE_MIN_SPEECH_WINDOWS);
    store<i32>(slot, isConfirmed ? VAD_STATE_SPEECH : VAD_STATE_SPEECH_START, SLOT_VAD_STATE);
    return isConfirmed ? events | EVENT_ONSET : events;
  }
  store<i32>(slot, VAD_STATE_SPEECH, SLOT_VAD_STATE);
  store<i32>(slot, 0, SLOT_SILENCE_EVIDENCE);
  return state == VAD_STATE_SPEECH_END ? EVENT_END_OFF : 0;
}

function silenceStep(slot: usize, state: i32, probability: f32): i32 {
  if (state == VAD_STATE_SILENCE) return 0;
  if (state == VAD_STATE_SPEECH_START) {
    turnReset(slot);
    return EVENT_ONSET_FALSE;
  }
  const isConfident = probability < load<f32>(slot, SETTING_CONFIDENT_THRESHOLD);
  const weight = isConfident ? load<i32>(slot, SETTING_CONFIDENT_WEIGHT) : 1;
  const evidence = load<i32>(slot, SLOT_SILENCE_EVIDENCE) + weight;
  const events = state == VAD_STATE_SPEECH ? EVENT_END_MAYBE : 0;
  if (evidence >= silenceNeeded(slot)) {
    turnReset(slot);
    return events | EVENT_END;
  }
  store<i32>(slot, evidence, SLOT_SILENCE_EVIDENCE);
  store<i32>(slot, VAD_STATE_SPEECH_END, SLOT_VAD_STATE);
  return events;
}

function silenceNeeded(slot: usize): i32 {
  const isShort = load<i32>(slot, SLOT_SPEECH_WINDOWS) < load<i32>(slot, RULE_SHORT_SPEECH_WINDOWS);
  if (isShort) return load<i32>(slot, RULE_SHORT_SILENCE_WINDOWS);
  return load<i32>(slot, RULE_MIN_SILENCE_WINDOWS);
}

// First sample of a window in the caller's samples; windows live at the VAD's rate.
function windowPosition(slot: usize, windowIndex: u32): u32 {
  const position = <u64>windowIndex * <u64>load<u32>(slot, SLOT_WINDOW_SAMPLES);
  return <u32>(
    ((position * <u64>load<u32>(slot, SLOT_CALLER_RATE_HZ)) /
      <u64>load<u32>(slot, SLOT_VAD_RATE_HZ))
  );
}
