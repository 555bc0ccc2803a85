// How long a silence must be to end this caller's turns (S4-C24): learned from the caller, within
// bounds, in steps of one VAD window. docs/decisions/0036-adaptive-end-of-turn.md has the reasons.
//
//   a pause inside a turn, longer than half the silence in force     + 1 window
//   a turn that the caller went on with right after its end          + 4 windows
//   a clean end, silence over the preset                             - 1 window
//   three clean ends in a row, silence at or under the preset        - 1 window
//
// Station: told by turn-end.ts; pure arithmetic, a few times a turn. Up faster than down: cutting
// a caller off is worse than answering a little late.
import { assert } from "../assert.ts";

/** One window of the VAD (dsp/limits.ts): a finer step changes nothing. */
const STEP_MS = 32;
const CUT_STEPS = 4;
/** Below the preset a step down has to be earned. */
const CLEAN_ENDS = 3;

export interface AdaptiveSilenceSettings {
  /** The channel's preset: where a call starts, and where a silence that grew comes back to. */
  readonly silenceMs: number;
  readonly isAdaptive: boolean;
  readonly silenceMsMin: number;
  readonly silenceMsMax: number;
}

export class AdaptiveSilence {
  readonly #settings: AdaptiveSilenceSettings;
  #presetMs: number;
  #silenceMs: number;
  #isAdaptive: boolean;
  #cleanEnds = 0;

  constructor(settings: AdaptiveSilenceSettings) {
    assert(settings.silenceMsMin <= settings.silenceMsMax, "adaptive silence: bounds are crossed");
    this.#settings = settings;
    this.#presetMs = settings.silenceMs;
    this.#silenceMs = settings.silenceMs;
    this.#isAdaptive = settings.isAdaptive;
  }

  silenceMs(): number {
    return this.#silenceMs;
  }

  /** Another preset from now on; what was learned under the old one is forgotten. */
  restart(presetMs: number, isAdaptive: boolean): void {
    this.#presetMs = presetMs;
    this.#silenceMs = presetMs;
    this.#isAdaptive = isAdaptive;
    this.#cleanEnds = 0;
  }

  /** -> true when the pause was long enough to be near an end. */
  onPause(pauseMs: number): boolean {
    if (pauseMs * 2 <= this.#silenceMs) return false;
    this.#move(STEP_MS);
    return true;
  }

  onCut(): void {
    this.#move(CUT_STEPS * STEP_MS);
  }

  onCleanEnd(): void {
    this.#cleanEnds += 1;
    if (this.#silenceMs <= this.#presetMs && this.#cleanEnds < CLEAN_ENDS) return;
    this.#move(-STEP_MS);
  }

  #move(stepMs: number): void {
    this.#cleanEnds = 0;
    if (!this.#isAdaptive) return;
    const { silenceMsMin, silenceMsMax } = this.#settings;
    const movedMs = this.#silenceMs + stepMs;
    this.#silenceMs = Math.max(silenceMsMin, Math.min(silenceMsMax, movedMs));
  }
}
