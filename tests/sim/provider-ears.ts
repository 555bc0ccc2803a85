// The provider's own detection of speech over frame numbers: it hears what was appended, starts after
// some voiced frames, stops after some silent ones; a semantic one waits as long as it likes.
import type { Dice } from "./dice.ts";
import type { Knobs } from "./knobs.ts";

export class ProviderEars {
  readonly #dice: Dice;
  readonly #isVoiced: (frame: number) => boolean;
  #isSpeech = false;
  #voiced = 0;
  #silent = 0;
  #silentMax = 0;

  constructor(dice: Dice, isVoiced: (frame: number) => boolean) {
    this.#dice = dice;
    this.#isVoiced = isVoiced;
  }

  /** Speech is going on, as far as it knows. */
  isSpeech(): boolean {
    return this.#isSpeech;
  }

  forget(): void {
    this.#isSpeech = false;
    this.#voiced = 0;
    this.#silent = 0;
  }

  /** One appended frame. -> what it decides with it. */
  hear(frame: number, knobs: Knobs, isSemantic: boolean): "started" | "stopped" | null {
    if (this.#isVoiced(frame)) {
      this.#silent = 0;
      this.#voiced += 1;
      if (this.#isSpeech || this.#voiced < knobs.providerOnsetFrames) return null;
      this.#isSpeech = true;
      const least = knobs.providerSilenceFrames;
      this.#silentMax = isSemantic ? this.#dice.between(least, least + 60) : least;
      return "started";
    }
    this.#voiced = 0;
    if (!this.#isSpeech) return null;
    this.#silent += 1;
    if (this.#silent < this.#silentMax) return null;
    this.forget();
    return "stopped";
  }
}
