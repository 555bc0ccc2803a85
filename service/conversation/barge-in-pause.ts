// The `pause` action of barge-in: at the first sign of speech over the agent the pacer stops and
// keeps what it has; what the far end holds plays out. A cough or "mhm" lets it go on, a real
// interruption cuts it (the four actions of S2-66 know no way back).
//
//            BARGE_MAYBE, agent audible and interruptible
//   playing ----------------------------------------------> paused --- interrupted: cut, nothing to resume
//      ^        BARGE_FALSE, BARGE that may not cut, PAUSE_MS_MAX  |
//      +-----------------------------------------------------------+
//
// While paused the agent counts as audible: the accumulator goes on counting, and the turn machine
// does not take the silence that we made ourselves for the agent's end.
import type { CallEffects } from "../contract/call-effects.ts";
import { CAPTURE_EVENT } from "../contract/core.ts";

const FRAME_MS = 20;
/**
 * The accumulator decides within its minimum plus the holes it bears; this only catches lost bits.
 */
const PAUSE_MS_MAX = 2_000;
const DECIDED_BITS = CAPTURE_EVENT.BARGE | CAPTURE_EVENT.BARGE_FALSE;

export class BargeInPause {
  readonly #effects: CallEffects;
  readonly #isEnabled: boolean;
  #pausedMs = 0;
  #isPaused = false;

  constructor(effects: CallEffects, isEnabled: boolean) {
    this.#effects = effects;
    this.#isEnabled = isEnabled;
  }

  isPaused(): boolean {
    return this.#isPaused;
  }

  /** A frame's bits, after the turns had them. isAllowed: the agent is audible and may be cut. */
  onCapture(bits: number, isAllowed: boolean): void {
    if (this.#isPaused) {
      this.#pausedMs += FRAME_MS;
      if ((bits & DECIDED_BITS) !== 0 || this.#pausedMs >= PAUSE_MS_MAX) this.end();
      return;
    }
    const isBurst = (bits & CAPTURE_EVENT.BARGE_MAYBE) !== 0 && (bits & DECIDED_BITS) === 0;
    if (!this.#isEnabled || !isBurst || !isAllowed) return;
    this.#isPaused = true;
    this.#pausedMs = 0;
    this.#effects.count("barge_in_paused");
    this.#effects.pausePlayback();
  }

  /** Nothing to wait for any more: what is unsent goes on, if it was not cut meanwhile. */
  end(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#effects.resumePlayback();
  }
}
