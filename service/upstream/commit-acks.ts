// Commits under way to the provider, and which acknowledgement is about which of them.
// Station: behind the span forwarder, which sends the commits. The provider answers in order. Under
// hybrid turns, and for a moment after its turns were taken from it, its own detection commits too;
// those commits are known by the item that its speech_stopped named, and one that reaches us while
// a commit of ours is under way came before it:
//
//   [.... speech ....|... silence ....|..          provider commits at the first |, we at the second:
//                                                   its item is the turn, ours what lies behind it
import type { CommitAck } from "../contract/call-effects.ts";
import type { HeardAt } from "./provider-clock.ts";

/** Caller audio [firstFrame, endFrame), silence from speechEndFrame on. */
export interface CommittedSpan {
  readonly firstFrame: number;
  readonly speechEndFrame: number;
}

interface Entry<Span> {
  readonly span: Span;
  /** The conversation may still take it back. */
  isEarly: boolean;
  isTakenBack: boolean;
  /** The provider's own commit, just before it, holds the speech. */
  isOvertaken: boolean;
}

/** An acknowledgement, and the span of ours that it ends the wait of; null: the provider's own. */
export interface Acknowledged<Span> {
  readonly ack: CommitAck;
  readonly span: Span | null;
}

export class CommitAcks<Span extends CommittedSpan> {
  readonly #entries: Entry<Span>[] = [];
  #stoppedItemId = "";
  #stoppedFrame = 0;
  /** The stop was heard before the newest take-back. */
  #isToldAgain = false;

  /** A commit was sent. */
  push(span: Span, isEarly: boolean): void {
    this.#entries.push({ span, isEarly, isTakenBack: false, isOvertaken: false });
  }

  /** The early commit of this span is a turn after all; nothing to do when acknowledged already. */
  keep(span: Span): void {
    const entry = this.#entries.find((candidate) => candidate.span === span);
    if (entry !== undefined) entry.isEarly = false;
  }

  takeBack(span: Span): void {
    const entry = this.#entries.find((candidate) => candidate.span === span);
    if (entry !== undefined) entry.isTakenBack = true;
    this.#isToldAgain = true;
  }

  /** The oldest span under way. */
  oldest(): Span | undefined {
    return this.#entries[0]?.span;
  }

  /** The session is gone: -> what it did not acknowledge and is still wanted. */
  takeAll(): Span[] {
    const wanted = this.#entries.splice(0).filter(({ isTakenBack }) => !isTakenBack);
    return wanted.map(({ span }) => span);
  }

  /**
   * The provider's detection commits, as this item, what lies before the frame. isSignal: the turns
   * are not its own.
   */
  onProviderStopped(itemId: string, heardAt: HeardAt, isSignal: boolean): void {
    this.#stoppedItemId = isSignal ? itemId : "";
    this.#stoppedFrame = heardAt.frame;
    this.#isToldAgain = heardAt.isToldAgain;
  }

  /** Something was committed as this item. */
  onCommitted(itemId: string): Acknowledged<Span> {
    if (itemId !== "" && itemId === this.#stoppedItemId) return this.#onProviderCommitted();
    return this.#shift();
  }

  /** The oldest commit was refused. */
  onRefused(): Acknowledged<Span> {
    return this.#shift();
  }

  #shift(): Acknowledged<Span> {
    const entry = this.#entries.shift();
    const span = entry?.isTakenBack === false ? entry.span : null;
    return { ack: entry?.isOvertaken === true ? "behind" : ackOf(entry), span };
  }

  #onProviderCommitted(): Acknowledged<Span> {
    // Ours that was taken back is answered for: this lay behind it, and is appended again with it.
    const isOver = !this.#entries.some(({ isTakenBack }) => isTakenBack);
    if (this.#isToldAgain && isOver) return { ack: "behind", span: null };
    const entry = this.#entries.find(({ isOvertaken }) => !isOvertaken);
    if (entry === undefined || this.#stoppedFrame <= entry.span.firstFrame) {
      return { ack: "provider", span: null };
    }
    entry.isOvertaken = this.#stoppedFrame >= entry.span.speechEndFrame;
    // A part only of what was taken back: it goes too, but the rest is still to come.
    if (entry.isTakenBack && !entry.isOvertaken) return { ack: "behind", span: null };
    return { ack: ackOf(entry), span: null };
  }
}

function ackOf<Span>(entry: Entry<Span> | undefined): CommitAck {
  if (entry?.isTakenBack === true) return "taken_back";
  return entry?.isEarly === true ? "early" : "turn";
}
