// The turn machine and the barge-in accumulator in plain TypeScript, written from the rules
// (S2-17..S2-27, S2-65..S2-71, D-07, D-29), not from the core: numbers in ms where the rules have
// ms, windows and frames only where decision 13 rounds.

import type { VadSettings } from "../../service/contract/core.ts";
import { CAPTURE_EVENT } from "../../service/contract/core.ts";

const WINDOW_MS = 32;
const FRAME_MS = 20;

type TurnState = "silence" | "start" | "speech" | "end";

export class TurnTwin {
  state: TurnState = "silence";
  onsetWindow = 0;
  endWindow = 0;
  #speechMs = 0;
  #silenceMs = 0;
  #settings: VadSettings;

  constructor(settings: VadSettings) {
    this.#settings = settings;
  }

  step(windowIndex: number, probability: number): number {
    const { startThreshold, stopThreshold, minSpeechMs } = this.#settings;
    const threshold = this.state === "silence" ? startThreshold : stopThreshold;
    if (probability < threshold) return this.#silent(probability);
    let events = 0;
    this.endWindow = windowIndex + 1;
    this.#speechMs += WINDOW_MS;
    if (this.state === "silence") {
      this.onsetWindow = windowIndex;
      this.state = "start";
      events |= CAPTURE_EVENT.ONSET_MAYBE;
    }
    if (this.state === "start" && this.#speechMs >= minSpeechMs) {
      this.state = "speech";
      return events | CAPTURE_EVENT.ONSET;
    }
    if (this.state === "end") {
      this.state = "speech";
      this.#silenceMs = 0;
      events |= CAPTURE_EVENT.END_OFF;
    }
    return events;
  }

  reset(): void {
    this.state = "silence";
    this.#speechMs = 0;
    this.#silenceMs = 0;
  }

  #silent(probability: number): number {
    if (this.state === "silence") return 0;
    if (this.state === "start") {
      this.reset();
      return CAPTURE_EVENT.ONSET_FALSE;
    }
    const { confidentSilenceThreshold, confidentSilenceWeight } = this.#settings;
    const weight = probability < confidentSilenceThreshold ? confidentSilenceWeight : 1;
    this.#silenceMs += WINDOW_MS * weight;
    const events = this.state === "speech" ? CAPTURE_EVENT.END_MAYBE : 0;
    this.state = "end";
    if (this.#silenceMs < this.#silenceNeededMs()) return events;
    this.reset();
    return events | CAPTURE_EVENT.END;
  }

  #silenceNeededMs(): number {
    const { minSilenceMs, shortSpeechMs, shortSpeechSilencePercent } = this.#settings;
    const isShort = this.#speechMs < Math.ceil(shortSpeechMs / WINDOW_MS) * WINDOW_MS;
    return isShort ? (minSilenceMs * shortSpeechSilencePercent) / 100 : minSilenceMs;
  }
}

/** What the accumulator sees of one frame. */
export interface BargeFrame {
  readonly isAudible: boolean;
  readonly overFloorDb: number;
  readonly probability: number;
}

export class BargeTwin {
  onsetFrame = 0;
  #strongMs = 0;
  #weakMs = 0;
  #cooldownFrames = 0;
  #settings: VadSettings;

  constructor(settings: VadSettings) {
    this.#settings = settings;
  }

  step(frameIndex: number, frame: BargeFrame): number {
    const settings = this.#settings;
    const isCooling = this.#cooldownFrames > 0;
    if (isCooling) this.#cooldownFrames -= 1;
    if (!settings.isBargeInEnabled || !frame.isAudible || isCooling) return this.#giveUp();
    const needDb = settings.bargeInOverNoiseFloorDb;
    const isLoud = needDb <= 0 || frame.overFloorDb >= needDb;
    if (!isLoud || frame.probability < settings.bargeInThreshold) {
      this.#weakMs += FRAME_MS;
      return this.#weakMs >= 120 ? this.#giveUp() : 0;
    }
    const events = this.#strongMs === 0 ? CAPTURE_EVENT.BARGE_MAYBE : 0;
    if (this.#strongMs === 0) this.onsetFrame = frameIndex;
    this.#weakMs = 0;
    this.#strongMs += FRAME_MS;
    if (this.#strongMs < settings.bargeInMinSpeechMs) return events;
    this.#strongMs = 0;
    this.#cooldownFrames = Math.ceil(settings.bargeInCooldownMs / FRAME_MS);
    return events | CAPTURE_EVENT.BARGE;
  }

  #giveUp(): number {
    const wasCounting = this.#strongMs > 0;
    this.#strongMs = 0;
    this.#weakMs = 0;
    return wasCounting ? CAPTURE_EVENT.BARGE_FALSE : 0;
  }
}
