// Energy gate of the VAD: a window in which no frame stood out of the noise is silence, whatever
// the model says (S2-16), measured over the noise floor, never in absolute dBFS (D-29), and with
// hysteresis. The model sees every window all the same, so its state never goes stale (D-06).
// Bits of the last 32 windows are kept, because a model beside the core answers up to 8 later.

import {
  SETTING_GATE_OVER_FLOOR_DB,
  SLOT_GATE_WINDOWS,
  SLOT_IS_GATE_OPEN,
  SLOT_LEVEL_DBFS,
  SLOT_NOISE_FLOOR_DBFS,
  SLOT_WINDOWS_COMPLETED,
} from "../memory-map";

/** An open gate closes this much under where it opened. */
const HYSTERESIS_DB: f32 = 3;

/** Opens or closes by the newest frame and marks the window it belongs to. */
export function gateUpdate(slot: usize): void {
  const needDb = load<f32>(slot, SETTING_GATE_OVER_FLOOR_DB);
  const overDb = load<f32>(slot, SLOT_LEVEL_DBFS) - load<f32>(slot, SLOT_NOISE_FLOOR_DBFS);
  const wasOpen = load<u32>(slot, SLOT_IS_GATE_OPEN) != 0;
  const isOpen = needDb <= 0 || overDb >= (wasOpen ? needDb - HYSTERESIS_DB : needDb);
  store<u32>(slot, isOpen ? 1 : 0, SLOT_IS_GATE_OPEN);
  if (isOpen) markWindow(slot, load<u32>(slot, SLOT_WINDOWS_COMPLETED));
}

/** Starts the next window: it begins with the frame that is being taken. */
export function gateNextWindow(slot: usize): void {
  const next = load<u32>(slot, SLOT_WINDOWS_COMPLETED);
  const bits = load<u32>(slot, SLOT_GATE_WINDOWS) & ~((<u32>1) << (next & 31));
  store<u32>(slot, bits, SLOT_GATE_WINDOWS);
  if (load<u32>(slot, SLOT_IS_GATE_OPEN) != 0) markWindow(slot, next);
}

/** The model's probability, or 0 when the gate was shut for the whole window. */
export function gated(slot: usize, windowIndex: u32, probability: f32): f32 {
  const bits = load<u32>(slot, SLOT_GATE_WINDOWS);
  return ((bits >> (windowIndex & 31)) & 1) != 0 ? probability : 0;
}

function markWindow(slot: usize, windowIndex: u32): void {
  const bits = load<u32>(slot, SLOT_GATE_WINDOWS) | ((<u32>1) << (windowIndex & 31));
  store<u32>(slot, bits, SLOT_GATE_WINDOWS);
}
