// The probability of one completed window: the one place where a model in the core is asked, when
// the gate in front of it is open.

import { CONTEXT_SAMPLES_8K } from "../limits";
import {
  COUNTER_WINDOWS_SKIPPED,
  SILERO_8K_BASE,
  SILERO_16K_BASE,
  SILERO_SCRATCH_BASE,
  SLOT_CONTEXT_SAMPLES,
  SLOT_NOISE_FLOOR_DBFS,
  SLOT_NORMALISER_GAIN,
  SLOT_RECURRENT,
  SLOT_VAD_SOURCE,
  SLOT_WINDOW,
  SLOT_WINDOW_POWER,
} from "../memory-map";
import { VAD_SOURCE_CORE } from "../status";
import { powerToDb } from "../level/decibel";
import { gateIsOpen } from "../level/gate";
import { sileroForward } from "./silero";
import { SILERO_8K_FFT_SAMPLES, SILERO_16K_FFT_SAMPLES } from "./silero-layout";

/** dB over the noise floor where the energy rule says 0, and over that where it says 1. */
const ENERGY_FROM_DB: f32 = 3;
const ENERGY_SPAN_DB: f32 = 12;
/** Nothing below this level is speech for the energy rule. */
const ENERGY_LEVEL_MIN_DBFS: f32 = -70;

/** Probability of the window that lies complete at SLOT_WINDOW, its power measured. */
export function windowProbability(slot: usize): f32 {
  if (load<i32>(slot, SLOT_VAD_SOURCE) != VAD_SOURCE_CORE) return energyProbability(slot);
  if (gateIsOpen(slot)) return modelProbability(slot);
  store<u32>(slot, load<u32>(slot, COUNTER_WINDOWS_SKIPPED) + 1, COUNTER_WINDOWS_SKIPPED);
  return 0;
}

// Silero reads [context | window] at slot + SLOT_WINDOW, its state is at slot + SLOT_RECURRENT.
// The host refuses to open such a slot before it has loaded the weights of the slot's rate.
export function modelProbability(slot: usize): f32 {
  const isNarrow = load<i32>(slot, SLOT_CONTEXT_SAMPLES) == CONTEXT_SAMPLES_8K;
  return sileroForward(
    slot + SLOT_WINDOW,
    slot + SLOT_RECURRENT,
    isNarrow ? SILERO_8K_BASE : SILERO_16K_BASE,
    SILERO_SCRATCH_BASE,
    isNarrow ? SILERO_8K_FFT_SAMPLES : SILERO_16K_FFT_SAMPLES,
    load<f32>(slot, SLOT_NORMALISER_GAIN),
  );
}

function energyProbability(slot: usize): f32 {
  const level = powerToDb(load<f32>(slot, SLOT_WINDOW_POWER));
  if (level < ENERGY_LEVEL_MIN_DBFS) return 0;
  const over = level - load<f32>(slot, SLOT_NOISE_FLOOR_DBFS);
  return max<f32>(0, min<f32>(1, (over - ENERGY_FROM_DB) / ENERGY_SPAN_DB));
}
