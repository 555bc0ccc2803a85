// An answer that nobody may hear yet: asked for before its turn was confirmed (S1-68).
// Station: between the agent's voice and the caller's side. While it holds, audio and tool calls
// wait behind the effects, and what would be told of the answer waits here, in order.
//
//   open --hold--> held --release: told, played, called--> open
//                    \----drop: as if it had never been----> open
//
// A response is told of as a whole: who was not told that it began is not told that it ended.
// Limits: pieces of one transcript are joined, and left out where PIECES_MAX notices wait already
// (the whole text follows them); NOTICES_MAX notices wait, more than a second's answer can bring;
// TOLD_MAX responses are remembered.
import type { CallEffects } from "../contract/call-effects.ts";
import type { CallNotice } from "../contract/transport.ts";

const PIECES_MAX = 64;
const NOTICES_MAX = 256;
const TOLD_MAX = 8;

export class AnswerHold {
  readonly #effects: CallEffects;
  readonly #notices: CallNotice[] = [];
  /** Responses whose beginning was told, the newest last. */
  readonly #told: string[] = [];
  #isHeld = false;

  constructor(effects: CallEffects) {
    this.#effects = effects;
  }

  isHeld(): boolean {
    return this.#isHeld;
  }

  hold(): void {
    this.#isHeld = true;
    this.#effects.holdAnswer();
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    for (const notice of this.#notices.splice(0)) this.#tell(notice);
    this.#effects.releaseAnswer();
  }

  drop(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#notices.length = 0;
    this.#effects.dropAnswer();
  }

  /** Something about the answer, or about the caller's words that it answers. */
  notice(notice: CallNotice): void {
    // An answer from before: its end is no part of what is held.
    const isOlder = notice.kind === "response_done" && this.#told.includes(notice.responseId);
    if (this.#isHeld && !isOlder) this.#keep(notice);
    else this.#tell(notice);
  }

  #tell(notice: CallNotice): void {
    if (notice.kind === "response_started") {
      this.#told.push(notice.responseId);
      if (this.#told.length > TOLD_MAX) this.#told.shift();
    }
    if (notice.kind === "response_done" && !this.#told.includes(notice.responseId)) return;
    this.#effects.notice(notice);
  }

  #keep(notice: CallNotice): void {
    const last = this.#notices.at(-1);
    const isPiece = notice.kind === "transcript" && !notice.isFinal;
    if (isPiece && last?.kind === "transcript" && !last.isFinal && last.item === notice.item) {
      this.#notices[this.#notices.length - 1] = { ...last, text: last.text + notice.text };
      return;
    }
    if (this.#notices.length < (isPiece ? PIECES_MAX : NOTICES_MAX)) this.#notices.push(notice);
  }
}
