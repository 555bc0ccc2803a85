// What the agent was asked when its session was lost: asked again in the next one.
// Station: between the loss of a session and its successor; the response sequence asks.
import type { ResponseAsk } from "./response-ask.ts";
import type { ResponseSequence } from "./response-sequence.ts";

export class LostAnswer {
  readonly #sequence: ResponseSequence;
  /** What the lost session was asked and had not finished. */
  #ask: ResponseAsk | null = null;

  constructor(sequence: ResponseSequence) {
    this.#sequence = sequence;
  }

  /** The session is gone; an older loss may be unfinished still. */
  onLost(): void {
    const interrupted = this.#sequence.onLost();
    if (interrupted !== null) this.#ask = interrupted;
  }

  /** It is not asked for after all. */
  forget(): void {
    this.#ask = null;
  }

  /** A turn's answer was cut off by the loss. */
  isTurns(): boolean {
    return this.#ask?.asker === "turn";
  }

  /** waitMs: the asks that waited meanwhile get it anew. */
  onRestored(nowMs: number, waitMs: number): void {
    const ask = this.#ask;
    this.#ask = null;
    if (ask !== null && !this.#sequence.isWanted(ask.asker)) {
      this.#sequence.ask({ ...ask, deadlineMs: nowMs + waitMs });
    }
    this.#sequence.onRestored(waitMs);
  }
}
