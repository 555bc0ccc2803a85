// What a switch of the turns' owner must not do: lose words (S4-C06). What the caller was saying, or
// had just said, when somebody else took over is committed by the end, by whomever.
const WORDS_FRAMES_MIN = 20;
/** Words longer ago belong to the owner before. */
const RECENT_FRAMES = 40;
/** The agent spoke so shortly before that the words may have been held, and dropped. */
const HELD_FRAMES = 25;

export interface Span {
  readonly first: number;
  readonly end: number;
}

export class SwitchRules {
  /** Of every frame of the microphone: is there voice, does the caller hear the agent? */
  readonly #voiced: boolean[] = [];
  readonly #heard: boolean[] = [];
  readonly #owed: number[] = [];

  onMicrophone(isVoiced: boolean, isAgentHeard: boolean): void {
    this.#voiced.push(isVoiced);
    this.#heard.push(isAgentHeard);
  }

  isVoiced(frame: number): boolean {
    return this.#voiced[frame] === true;
  }

  /**
   * Somebody else owns the turns from the service's newest frame on. isHeld: the agent speaks and
   * may not be interrupted, so that these words are dropped or kept as the settings say.
   */
  onSwitch(framesCaptured: number, isHeld: boolean): void {
    if (isHeld) return;
    const last = this.#voiced.lastIndexOf(true, framesCaptured - 1);
    if (last < 0 || framesCaptured - last > RECENT_FRAMES) return;
    const first = this.#voiced.lastIndexOf(false, last) + 1;
    if (last - first < WORDS_FRAMES_MIN) return;
    if (this.#heard.slice(Math.max(0, first - HELD_FRAMES), framesCaptured).includes(true)) return;
    this.#owed.push(first);
  }

  /** -> false when words that were being said at a switch are in none of the spans. */
  isAllCommitted(committed: readonly Span[]): boolean {
    return this.#owed.every((first) => {
      for (let frame = first; this.#voiced[frame] === true; frame += 1) {
        if (!committed.some((span) => span.first <= frame && frame < span.end)) return false;
      }
      return true;
    });
  }
}
