// The `duck` action of barge-in (S2-66 DuckAndContinue): while the caller speaks over the agent, the
// agent goes on at a lower gain, and comes back with a ramp when they stop. Nothing is cut; what the
// caller said is held and becomes a turn, is committed or dropped (decision 14).
//
//            a span of speech is open, agent audible and interruptible
//   full ------------------------------------------------------------> ducked
//     ^      the span is closed: ramp up;  agent quiet or cut: at once    |
//     +-------------------------------------------------------------------+
//
// Station: asked by the voice once per captured frame, after the turns. Two comparisons a frame.
import type { CallEffects } from "../contract/call-effects.ts";

/** -12 dB: clearly behind the caller's own voice, still to be followed. */
const DUCK_GAIN = 0.25;
/** Two frames down: fast enough to be an answer to the first syllable, slow enough not to click. */
const DUCK_MS = 40;
/** Slow enough to be a voice that picks up again, not one that is switched on. */
const RESTORE_MS = 300;

export class BargeInDuck {
  readonly #effects: CallEffects;
  readonly #isEnabled: boolean;
  readonly #gain: number;
  #isDucked = false;

  constructor(effects: CallEffects, isEnabled: boolean, gain = DUCK_GAIN) {
    this.#effects = effects;
    this.#isEnabled = isEnabled;
    this.#gain = gain;
  }

  /** One frame. isSpoken: the caller speaks (or may be beginning to); isAllowed: over the agent. */
  onFrame(isSpoken: boolean, isAllowed: boolean): void {
    if (!this.#isEnabled) return;
    if (this.#isDucked) {
      if (!isAllowed) this.end();
      else if (!isSpoken) this.#restore(RESTORE_MS);
      return;
    }
    if (!isSpoken || !isAllowed) return;
    this.#isDucked = true;
    this.#effects.count("barge_in_ducked");
    this.#effects.setPlaybackGain(this.#gain, DUCK_MS);
  }

  /** The agent is not heard any more: what it says next begins at its full level. */
  end(): void {
    if (this.#isDucked) this.#restore(0);
  }

  #restore(rampMs: number): void {
    this.#isDucked = false;
    this.#effects.setPlaybackGain(1, rampMs);
  }
}
