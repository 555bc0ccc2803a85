// What a switch of the turns' owner and a lost session must not do: lose words (S4-C06, I1). What the
// caller was saying, or had just said, when somebody else took over, and all that was said while
// there was no session, is committed by the end, by whomever.
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
  #lostFrame = 0;
  #droppedFrame = 0;
  #leftFrame = 0;

  onMicrophone(isVoiced: boolean, isAgentHeard: boolean): void {
    this.#voiced.push(isVoiced);
    this.#heard.push(isAgentHeard);
  }

  isVoiced(frame: number): boolean {
    return this.#voiced[frame] === true;
  }

  /**
   * Somebody else owns the turns from the service's newest frame on. isExcused: these words may be
   * dropped or left, as when the agent speaks and may not be interrupted.
   */
  onSwitch(framesCaptured: number, isExcused: boolean): void {
    if (isExcused) return;
    const last = this.#voiced.lastIndexOf(true, framesCaptured - 1);
    if (last < 0 || framesCaptured - last > RECENT_FRAMES) return;
    this.#owe(this.#voiced.lastIndexOf(false, last) + 1, framesCaptured);
  }

  /** Words that might not interrupt and are over were thrown away, as the settings say. */
  onDropped(framesCaptured: number): void {
    this.#droppedFrame = framesCaptured;
  }

  /** What was said before lies in the provider's buffer, and comes with the next words. */
  onLeft(framesCaptured: number): void {
    this.#leftFrame = framesCaptured;
  }

  onLost(framesCaptured: number, isHeld: boolean): void {
    this.#lostFrame = framesCaptured;
    this.onSwitch(framesCaptured, isHeld);
  }

  /** Another session is there. isHeld: as of a switch, from the loss on. */
  onRestored(framesCaptured: number, isHeld: boolean): void {
    if (isHeld) return;
    for (let frame = this.#lostFrame; frame < framesCaptured; frame += 1) {
      const isFirst = this.#voiced[frame] === true && this.#voiced[frame - 1] !== true;
      if (isFirst) this.#owe(frame, framesCaptured);
    }
  }

  /** Words that begin with this frame, unless they are few, or may be held. */
  #owe(first: number, framesCaptured: number): void {
    const next = this.#voiced.indexOf(false, first);
    const end = next < 0 ? this.#voiced.length : next;
    if (end <= this.#droppedFrame) return;
    const last = Math.min(end, framesCaptured) - 1;
    if (last - first < WORDS_FRAMES_MIN) return;
    if (this.#heard.slice(Math.max(0, first - HELD_FRAMES), framesCaptured).includes(true)) return;
    this.#owed.push(first);
  }

  /** -> false when words that were being said then are in none of the spans. */
  isAllCommitted(committed: readonly Span[]): boolean {
    return this.#owed.every((first) => {
      const isLeft = first < this.#leftFrame && !committed.some((span) => span.end > first);
      if (isLeft) return true;
      for (let frame = first; this.#voiced[frame] === true; frame += 1) {
        if (!committed.some((span) => span.first <= frame && frame < span.end)) return false;
      }
      return true;
    });
  }
}
