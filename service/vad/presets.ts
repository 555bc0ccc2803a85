// The voice activity settings calls start with, per channel.
// Station: read by the configuration as its defaults; an operator may change each.
// Source: chosen with `bun run eval:vad` on labelled recordings; docs/vad.md has the tables, the
// limits of the evidence and what was tried.
// Both channels came out the same: a rule fitted to one of them alone did not hold up on the other
// half of the recordings.

import type { VadSettings } from "../contract/core.ts";

export type VadChannel = "phone" | "wideband";

type TurnPreset = Omit<
  VadSettings,
  | "isBargeInEnabled"
  | "bargeInThreshold"
  | "bargeInMinSpeechMs"
  | "bargeInOverNoiseFloorDb"
  | "bargeInCooldownMs"
>;

const PRESET: TurnPreset = {
  startThreshold: 0.5,
  stopThreshold: 0.25,
  /** S2-12. The span is sent from the first window on (decision 5), so this delays nothing. */
  minSpeechMs: 250,
  /**
   * Plain silence. Weighing it by the model's confidence ends turns 170-200 ms sooner where the
   * line falls silent only after the last word, and cuts callers off where it is silent in every
   * pause.
   */
  minSilenceMs: 480,
  preRollMs: 300,
  confidentSilenceThreshold: 0.02,
  confidentSilenceWeight: 1,
  shortSpeechMs: 0,
  shortSpeechSilencePercent: 100,
  gateOverNoiseFloorDb: 3,
  isLevelNormalised: true,
};

/** Defaults of `vad.phone` and `vad.wideband`. */
export const VAD_PRESETS: Readonly<Record<VadChannel, TurnPreset>> = {
  phone: PRESET,
  wideband: PRESET,
};
