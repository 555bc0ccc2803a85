// The configuration a program starts from that uses the engine without the server (S4-03). The server
// has its own settings, with the same values where nobody changed them (a test compares them).
import type { AudioEngineConfig } from "../contract/audio-engine.ts";
import type { SlotFormat, VadSettings } from "../contract/core.ts";

const VAD_FAST_LANE: VadSettings = {
  startThreshold: 0.5,
  stopThreshold: 0.35,
  minSpeechMs: 250,
  minSilenceMs: 400,
  preRollMs: 300,
  confidentSilenceThreshold: 0.02,
  confidentSilenceWeight: 1,
  shortSpeechMs: 600,
  shortSpeechSilencePercent: 100,
  gateOverNoiseFloorDb: 0,
  isLevelNormalised: false,
  isBargeInEnabled: true,
  bargeInThreshold: 0.6,
  bargeInMinSpeechMs: 200,
  bargeInOverNoiseFloorDb: 10,
  bargeInCooldownMs: 500,
};

/** On the phone people pause longer within a sentence, and lines are noisier. */
const PHONE_RATE_HZ = 8000;
const PHONE_SILENCE_MS = 500;

/** Least delay, turns found locally; `vad` changes single settings. */
export function createFastLaneConfig(
  format: SlotFormat,
  vad: Partial<VadSettings> = {},
): AudioEngineConfig {
  const isPhone = format.callerRateHz === PHONE_RATE_HZ;
  const minSilenceMs = isPhone ? PHONE_SILENCE_MS : VAD_FAST_LANE.minSilenceMs;
  return { format, vad: { ...VAD_FAST_LANE, minSilenceMs, ...vad }, mode: "latency" };
}
