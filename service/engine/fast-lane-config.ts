// The configuration a program starts from that uses the engine without the server (S4-03). The
// server has its own settings, with the same values where nobody changed them (a test compares
// them).
import type { AudioEngineConfig } from "../contract/audio-engine.ts";
import type { SlotFormat, VadSettings } from "../contract/core.ts";
import { VAD_PRESETS } from "../vad/presets.ts";

const BARGE_IN = {
  isBargeInEnabled: true,
  bargeInThreshold: 0.6,
  bargeInMinSpeechMs: 200,
  bargeInOverNoiseFloorDb: 4,
  bargeInCooldownMs: 500,
} as const;

const PHONE_RATE_HZ = 8000;

/** Least delay, turns found locally with the measured presets; `vad` changes single settings. */
export function createFastLaneConfig(
  format: SlotFormat,
  vad: Partial<VadSettings> = {},
): AudioEngineConfig {
  const channel = format.callerRateHz === PHONE_RATE_HZ ? "phone" : "wideband";
  return { format, vad: { ...VAD_PRESETS[channel], ...BARGE_IN, ...vad }, mode: "latency" };
}
