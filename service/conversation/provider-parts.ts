// What the provider's own detection committed under hybrid turns, where it is a signal only (S1-70):
// it commits whenever it believes that somebody stopped, though it neither responds nor interrupts.
// Station: between the acknowledged commits and the caller's turns, which stay the local detection's.
//
//   provider's commit ends ...      it holds                               what becomes of it
//   in running speech               the speech so far                      part of the turn; not sent again
//   before it, or nobody speaks     silence behind a commit of ours, or    deleted
//                                   noise that is no speech here
//
// Parts of speech that turns out to be none are deleted with it. An utterance is so committed
// once, in one piece or in pieces that touch, and answered once.
// Limits: PARTS_MAX parts of one utterance are known; more are only kept upstream.
import type { CallerItems } from "./caller-items.ts";

const PARTS_MAX = 16;

export class ProviderParts {
  readonly #items: CallerItems;
  readonly #itemIds: string[] = [];
  /** The frame after the last one that the provider committed of the running speech. */
  #endFrame = 0;
  /** The same of the turns before: a pre-roll may reach behind it, what is sent again may not. */
  #turnsEndFrame = 0;
  /** Where the provider's newest stop lies in the call's audio. */
  #stopFrame = 0;

  constructor(items: CallerItems) {
    this.#items = items;
  }

  /** The provider believes that the speech before this frame is over. */
  onStopped(stopFrame: number): void {
    this.#stopFrame = stopFrame;
  }

  /** The provider committed what lies before its newest stop. speechFirstFrame: -1 in silence. */
  onCommitted(itemId: string, speechFirstFrame: number): void {
    if (speechFirstFrame < 0 || this.#stopFrame <= speechFirstFrame) {
      this.#items.delete(itemId);
      return;
    }
    this.#endFrame = this.#stopFrame;
    if (this.#itemIds.length < PARTS_MAX) this.#itemIds.push(itemId);
  }

  /** True when the provider has committed everything before this frame. */
  covers(speechEndFrame: number): boolean {
    return this.#itemIds.length > 0 && this.#endFrame >= speechEndFrame;
  }

  /** The frame from which on the running speech is not committed, at least firstFrame. */
  restFrame(firstFrame: number): number {
    return Math.max(firstFrame, this.#itemIds.length > 0 ? this.#endFrame : 0);
  }

  /** Where what was committed early is sent again from, should it be taken back. */
  againFrame(firstFrame: number): number {
    return Math.max(this.restFrame(firstFrame), this.#turnsEndFrame);
  }

  /** The speech became a turn, or somebody else owns the turns. */
  clear(): void {
    if (this.#itemIds.length > 0) this.#turnsEndFrame = this.#endFrame;
    this.#itemIds.length = 0;
  }

  /** The session is gone with all that it held. */
  onLost(): void {
    this.#itemIds.length = 0;
    this.#turnsEndFrame = 0;
  }

  /** The speech was none. */
  discard(): void {
    for (const itemId of this.#itemIds.splice(0)) this.#items.delete(itemId);
  }
}
