// The clock of the provider's detection: it counts what was appended in its session. Where that lies
// in the call, also after audio was appended a second time:
//
//   appended   0 ........ 50 ........ 60 | 90          early commit at 50, taken back at 60: 30 frames
//   the call   0 ........ 50 ........ 60 30 ...... 60  of the call are told again
//
// Station: inside the span forwarder, which appends.
// Limits: the newest take-back is known; who is still told of the one before is a second late.
import { FRAME_MS } from "../limits.ts";

/** A moment of the provider's clock. */
export interface HeardAt {
  /** Where it lies in the call. */
  readonly frame: number;
  /** It was heard before an early commit was taken back, and has been told again since. */
  readonly isToldAgain: boolean;
}

export class ProviderClock {
  #framesAppended = 0;
  #takenBackFrames = 0;
  #takenBackNextFrame = 0;

  onAppended(frames: number): void {
    this.#framesAppended += frames;
  }

  /** Of the call this frame would have been appended next; some that come before it are. */
  onTakenBack(nextFrame: number): void {
    this.#takenBackFrames = this.#framesAppended;
    this.#takenBackNextFrame = nextFrame;
  }

  /** Another session has heard nothing yet. */
  restart(): void {
    this.#framesAppended = 0;
    this.onTakenBack(0);
  }

  /** nextFrame: of the call, appended next. */
  at(positionMs: number, nextFrame: number): HeardAt {
    const heard = Math.floor(positionMs / FRAME_MS);
    const frame = this.#baseFrame(heard, nextFrame) + heard;
    return { frame, isToldAgain: this.#isToldAgain(heard) };
  }

  /** The same in ms of the call, without an object: an interruption waits for it (S0-10). */
  callMs(positionMs: number, nextFrame: number): number {
    const heard = Math.floor(positionMs / FRAME_MS);
    return Math.max(0, this.#baseFrame(heard, nextFrame) * FRAME_MS + positionMs);
  }

  /** Of the call where this run of appended frames would begin at 0. */
  #baseFrame(heard: number, nextFrame: number): number {
    if (this.#isToldAgain(heard)) return this.#takenBackNextFrame - this.#takenBackFrames;
    return nextFrame - this.#framesAppended;
  }

  #isToldAgain(heard: number): boolean {
    return this.#takenBackFrames > 0 && heard <= this.#takenBackFrames;
  }
}
