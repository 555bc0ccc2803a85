// One core for a test file, and formats and settings to open slots with.

import { readFileSync } from "node:fs";
import { CORE_WASM_PATH } from "../../service/assets.ts";
import { type LoadedCore, loadCore } from "../../service/core/core.ts";
import { VAD_SETTINGS_DEFAULT } from "../../service/core/vad-defaults.ts";
import type { Core, CoreSlot, SlotFormat, VadSettings } from "../../service/contract/core.ts";

export const PHONE_FORMAT: SlotFormat = {
  callerEncoding: "mulaw",
  callerRateHz: 8000,
  callerChannels: 1,
  upstreamEncoding: "mulaw",
  upstreamRateHz: 8000,
  resampler: "standard",
  vadSource: "energy",
};

/** Without the energy rule of barge-in, so that probabilities alone decide in a test. */
export const SETTINGS: VadSettings = { ...VAD_SETTINGS_DEFAULT, bargeInOverNoiseFloorDb: 0 };

export function makeCore(slotsMax = 16): LoadedCore {
  return loadCore(new Uint8Array(readFileSync(CORE_WASM_PATH)), { slotsMax });
}

export function openSlot(
  core: Core,
  format: Partial<SlotFormat> = {},
  settings: Partial<VadSettings> = {},
): CoreSlot {
  const slot = core.openSlot({ ...PHONE_FORMAT, ...format }, { ...SETTINGS, ...settings });
  if (slot === null) throw new Error("no slot left in the test core");
  return slot;
}

/** Fills the slot's pcm16 input with a sine and ingests it. -> event bits */
export function ingestTone(slot: CoreSlot, hz: number, amplitude: number): number {
  const view = new DataView(slot.input.buffer, slot.input.byteOffset, slot.input.byteLength);
  const start = slot.framesIngested() * slot.callerFrameSamples;
  for (let index = 0; index < slot.callerFrameSamples; index += 1) {
    const phase = (2 * Math.PI * hz * (start + index)) / slot.format.callerRateHz;
    view.setInt16(index * 2, Math.round(32767 * amplitude * Math.sin(phase)), true);
  }
  return slot.ingest();
}
