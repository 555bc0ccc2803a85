// An answer that did not come: the provider refused it, failed before anything of it was there, or
// fell silent. It is asked for again after a moment, as long as its turn is the newest; when that
// does not help either, the caller hears the operator's recording and the caller's side is told.
// Station: behind the response sequence, in the agent's voice. Nobody is left in silence for good.
//
//   failed --400 ms--> asked again --failed--1600 ms--> asked again --failed--> said to be failed
import type { CallEffects } from "../contract/call-effects.ts";
import type { ResponseAsk, ResponseAsker } from "./response-ask.ts";
import type { ResponseSequence } from "./response-sequence.ts";

/** Most failures are over at once; a rate limit asks for a second or two. */
const AGAIN_MS = [400, 1_600] as const;
/** What an ask may wait for its place, once it is made again. */
const ASK_MS_MAX = 10_000;

/** Nobody waits for a nudge or a line; a goodbye has a deadline of its own. */
const AWAITED: ReadonlySet<ResponseAsker> = new Set(["turn", "tool", "greeting"]);

export class FailedAnswer {
  readonly #effects: CallEffects;
  readonly #sequence: ResponseSequence;
  readonly #onGivenUp: () => void;
  #turnId = -1;
  #failures = 0;
  #isOver = false;
  /** To be asked again when the timer says so. */
  #ask: ResponseAsk | null = null;

  /** onGivenUp: the last attempt has failed. */
  constructor(effects: CallEffects, sequence: ResponseSequence, onGivenUp: () => void) {
    this.#effects = effects;
    this.#sequence = sequence;
    this.#onGivenUp = onGivenUp;
  }

  /**
   * Nothing of it came; null: of none. turnId: the newest turn; who asks for an older one is not
   * waited for.
   */
  onFailed(ask: ResponseAsk | null, turnId: number): void {
    if (ask === null || this.#isOver || !AWAITED.has(ask.asker) || ask.turnId !== turnId) return;
    if (this.#turnId !== turnId) this.#failures = 0;
    this.#turnId = turnId;
    this.#failures += 1;
    const waitMs = AGAIN_MS[this.#failures - 1];
    if (waitMs === undefined) {
      this.#giveUp(turnId);
      return;
    }
    this.#ask = ask;
    this.#effects.count("answer_again");
    this.#effects.setTimer("answer_again", waitMs);
  }

  /** Something came of an answer: it is to all that was said, and what waits for another is done. */
  onAnswered(asker: ResponseAsker): void {
    if (this.#failures === 0 || !AWAITED.has(asker)) return;
    this.#failures = 0;
    this.drop();
  }

  /** Another request of its turn was taken up: one response answers both. */
  onTakenUp(asker: ResponseAsker): void {
    if (this.#ask !== null && AWAITED.has(asker)) this.drop();
  }

  /** The timer's time. */
  onAgain(): void {
    const ask = this.#ask;
    this.#ask = null;
    if (ask === null || [...AWAITED].some((asker) => this.#sequence.isWanted(asker))) return;
    this.#sequence.ask({ ...ask, deadlineMs: this.#effects.nowMs() + ASK_MS_MAX });
  }

  /** It is wanted no more. */
  drop(): void {
    this.#ask = null;
    this.#effects.clearTimer("answer_again");
  }

  /** The call is ending: nobody waits for an answer now. */
  close(): void {
    this.#isOver = true;
    this.drop();
  }

  #giveUp(turnId: number): void {
    this.#failures = 0;
    this.drop();
    this.#effects.count("answer_failed");
    const message = `Cannot answer turn ${turnId}: the agent failed ${AGAIN_MS.length + 1} times`;
    this.#effects.notice({ kind: "error", code: "answer_failed", message });
    this.#onGivenUp();
  }
}
