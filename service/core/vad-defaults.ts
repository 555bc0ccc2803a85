// VAD settings for whoever uses the core without the service, which has its own in config.ts.

import type { VadSettings } from "../contract/core.ts";

/** S2-12 and S2-65 with the departures of D-29: energy over the noise floor, no absolute levels. */
export const VAD_SETTINGS_DEFAULT: VadSettings = {
  startThreshold: 0.5,
  stopThreshold: 0.35,
  minSpeechMs: 250,
  minSilenceMs: 300,
  preRollMs: 300,
  confidentSilenceThreshold: 0,
  confidentSilenceWeight: 1,
  shortSpeechMs: 0,
  shortSpeechSilencePercent: 100,
  gateOverNoiseFloorDb: 0,
  isLevelNormalised: false,
  isBargeInEnabled: false,
  bargeInThreshold: 0.6,
  bargeInMinSpeechMs: 200,
  bargeInOverNoiseFloorDb: 4,
  bargeInCooldownMs: 500,
};
