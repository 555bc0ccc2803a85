// Carries spans of caller audio from the turn tape to the upstream (decisions 5, 8, 17).
// Station: told by the lane when a span begins, ends, is committed or thrown away, and once per
// captured frame. Appends are gathered (GATHER frames) and flushed before a commit, so nothing
// waits for them. What came before the upstream was ready lies on the tape and goes out first.
//
// A span may be committed early, while it is open. Kept, it ends there; taken back, it is appended
// again from its first frame, and the acknowledgement of that commit is told apart:
//
//   open span   [first ........ cut)........ now        commit at cut, nothing more is sent
//     kept      [first ........ cut)                    as if it had been closed and committed there
//     taken back[first ........................ now     all of it again, open
//
// Under hybrid turns everything is sent, also behind an early commit. Whoever owns the turns, what was
// sent stays on the tape until it is acknowledged, committed by the provider, or trimmed.
// Limits: SPANS_MAX spans wait for the upstream; of 60 s, what the tape lost is passed over.
import { assert } from "../assert.ts";
import type { AudioEngine } from "../contract/audio-engine.ts";
import type { CommitAck } from "../contract/call-effects.ts";
import type { TurnDetection } from "../contract/call-terms.ts";
import { SEND } from "../contract/send-result.ts";
import type { Upstream } from "../contract/upstream.ts";
import { isProviderListening } from "./provider-turns.ts";
import { CommitAcks } from "./commit-acks.ts";
import { ProviderClock } from "./provider-clock.ts";
import { APPEND_GATHER_MS, FRAME_MS, TURN_TAPE_MS } from "../limits.ts";

const SPANS_MAX = 32;
const NOTHING = (): void => undefined;
const GATHER_FRAMES = APPEND_GATHER_MS / FRAME_MS;
/** An answered turn behind an always open span is let go before the tape is full. */
const ACKNOWLEDGED_FRAMES_MAX = (TURN_TAPE_MS - 1_000) / FRAME_MS;

type Tape = Pick<
  AudioEngine,
  "tapeBegin" | "tapeEnd" | "tapeUndo" | "tapeRead" | "tapeDrop" | "framesCaptured"
>;

type Sink = Pick<Upstream, "isReady" | "append" | "commit" | "clearInput">;

interface Span {
  firstFrame: number;
  /** Frame after the last, -1 while open. */
  endFrame: number;
  /** Next frame to append. */
  nextFrame: number;
  isCommitted: boolean;
  /** Nothing of it that this session has was let go, so that all of it can be taken back. */
  isWhole: boolean;
  /** Of a committed one: behind it there is only silence. */
  speechEndFrame: number;
}

export class SpanForwarder {
  readonly #tape: Tape;
  readonly #sink: Sink;
  #gatherFrames = GATHER_FRAMES;
  readonly #spans: Span[] = [];
  /** Commits under way; their audio is still on the tape. */
  readonly #acks = new CommitAcks<Span>();
  /** The open span's part that was committed early, null when it was not. */
  #early: Span | null = null;
  /** The newest acknowledged turn until the next span: its answer may be lost with a session. */
  #acknowledged: Span | null = null;
  readonly #onCommitDropped: () => void;
  #isHybrid = false;
  #providerEndFrame = 0; // of the provider's newest turn: no pre-roll reaches behind it
  #isProviderOwned = false;
  #isRefused = false; // the upstream took no more within the last read
  readonly #clock = new ProviderClock();
  #sentToFrame = -1;
  readonly #append = (source: Uint8Array, start: number, end: number) => {
    const sent = this.#sink.append(source, start, end);
    if (sent === SEND.DROPPED) this.#isRefused = true;
    return sent;
  };

  constructor(tape: Tape, sink: Sink, turnDetection: TurnDetection, onCommitDropped = NOTHING) {
    this.#onCommitDropped = onCommitDropped;
    this.#tape = tape;
    this.#sink = sink;
    this.setTurnDetection(turnDetection);
  }

  /** The provider's detection gets every frame at once, others a message per 100 ms. */
  setTurnDetection(turnDetection: TurnDetection): void {
    this.#isHybrid = turnDetection === "hybrid";
    this.#isProviderOwned = turnDetection === "server_vad" || turnDetection === "semantic_vad";
    this.#gatherFrames = isProviderListening(turnDetection) ? 1 : GATHER_FRAMES;
  }

  /** -> the first frame really kept. */
  begin(frameIndex: number): number {
    assert(this.#open() === undefined, "span forwarder: a span is open already");
    this.#acknowledged = null;
    const firstFrame = this.#tape.tapeBegin(Math.max(frameIndex, this.#providerEndFrame));
    if (this.#spans.length >= SPANS_MAX) this.#spans.shift();
    this.#spans.push(spanFrom(firstFrame));
    this.flush();
    return firstFrame;
  }

  /** -> the frame after the span's last. */
  end(): number {
    const span = this.#open();
    assert(span !== undefined, "span forwarder: no span is open");
    assert(this.#early === null, "span forwarder: an early commit is kept or taken back first");
    span.endFrame = this.#tape.tapeEnd();
    return span.endFrame;
  }

  /** Throws the newest uncommitted span away, here and upstream; the next pre-roll may need it. */
  discard(): void {
    const span = this.#spans.at(-1);
    if (span === undefined || span.isCommitted) return;
    this.#spans.pop();
    this.#tape.tapeUndo();
    if (span.nextFrame > span.firstFrame) this.#sink.clearInput();
    this.#dropTape();
  }

  /** What lies before frameIndex is not sent again, and not any more if it waits still. */
  trim(frameIndex: number): void {
    const span = this.#open();
    if (span === undefined || this.#early !== null) return;
    if (!this.#sink.isReady()) span.nextFrame = Math.max(span.nextFrame, frameIndex);
    else if (!this.#isHybrid) span.isWhole = false;
    span.firstFrame = Math.max(span.firstFrame, Math.min(frameIndex, span.nextFrame));
    this.#dropTape();
  }

  /**
   * The newest span is a turn: the rest of it goes out, then the commit. speechEndFrame: it holds
   * only silence from there on.
   */
  commit(speechEndFrame: number): void {
    const span = this.#spans.at(-1);
    assert(span !== undefined, "span forwarder: nothing to commit");
    assert(span.endFrame >= 0, "span forwarder: the span is still open");
    span.isCommitted = true;
    span.speechEndFrame = speechEndFrame;
    this.flush();
  }

  /**
   * Commits what the open span holds, and leaves it open. -> the frame after the last one
   * committed; -1 when the upstream is not ready for all of it now, or it could not be taken back:
   * the tape must hold everything from firstFrame on.
   */
  commitEarly(firstFrame: number, speechEndFrame: number): number {
    const span = this.#open();
    if (span === undefined || this.#early !== null || !span.isWhole) return -1;
    if (firstFrame < span.firstFrame) return -1;
    this.flush();
    const cut = this.#tape.framesCaptured();
    if (!this.#sink.isReady() || this.#spans[0] !== span || span.nextFrame < cut) return -1;
    const sent = this.#sink.commit();
    if (sent === SEND.DROPPED) return -1;
    this.#early = { ...span, endFrame: cut, isCommitted: true, speechEndFrame };
    this.#acks.push(this.#early, true);
    return cut;
  }

  /** The early commit was the turn: the open span ends with it, or goes on behind it. */
  keepEarly(): void {
    const span = this.#open();
    const early = this.#early;
    assert(span !== undefined && early !== null, "span forwarder: nothing was committed early");
    this.#acks.keep(early);
    this.#early = null;
    if (this.#isHybrid) {
      span.firstFrame = early.endFrame;
    } else {
      this.#tape.tapeEnd();
      this.#spans.pop();
    }
    this.#dropTape();
  }

  /** The open span was not over: it goes out again; what is always sent, from frameIndex. */
  takeBackEarly(frameIndex: number): void {
    const span = this.#open();
    const early = this.#early;
    assert(span !== undefined && early !== null, "span forwarder: nothing was committed early");
    this.#acks.takeBack(early);
    if (this.#acknowledged === early) this.#acknowledged = null;
    this.#early = null;
    if (span.nextFrame > early.endFrame) this.#sink.clearInput();
    this.#clock.onTakenBack(span.nextFrame);
    const againFrame = this.#isHybrid ? frameIndex : this.#providerEndFrame;
    span.nextFrame = Math.max(span.firstFrame, againFrame);
    this.flush();
  }

  /** A frame was captured. */
  onFrame(): void {
    const keptFrame = this.#tape.framesCaptured() - ACKNOWLEDGED_FRAMES_MAX;
    if (this.#acknowledged !== null && this.#acknowledged.firstFrame <= keptFrame) {
      this.#acknowledged = null;
      this.#dropTape();
    }
    const span = this.#spans[0];
    if (span === undefined) return;
    const available = span.endFrame >= 0 ? span.endFrame : this.#tape.framesCaptured();
    if (span.endFrame >= 0 || available - span.nextFrame >= this.#gatherFrames) this.flush();
  }

  /**
   * The provider's detection heard an end, and commits as this item what was appended before
   * audioEndMs. -> where that lies in the call; -1: in what was taken back since, and told again.
   */
  onProviderStopped(itemId: string, audioEndMs: number): number {
    const nextFrame = this.#open()?.nextFrame ?? this.#tape.framesCaptured();
    const heardAt = this.#clock.at(audioEndMs, nextFrame);
    this.#acks.onProviderStopped(itemId, heardAt, !this.#isProviderOwned);
    if (!this.#isHybrid && !heardAt.isToldAgain) this.#providerEndFrame = heardAt.frame;
    return heardAt.isToldAgain ? -1 : heardAt.frame;
  }

  /** Of the provider's clock, which begins anew with each session. -> ms of the call's audio. */
  positionOf(audioMs: number): number {
    return this.#clock.callMs(audioMs, this.#open()?.nextFrame ?? this.#tape.framesCaptured());
  }

  /** Something was committed; our oldest commit's audio is no longer ours to keep. */
  onCommitted(itemId: string): CommitAck {
    const { ack, span } = this.#acks.onCommitted(itemId);
    if (span !== null) this.#acknowledged = span;
    this.#dropTape();
    return ack;
  }

  /** The provider refused the oldest commit: there was nothing to commit. */
  onCommitRefused(): CommitAck {
    const { ack } = this.#acks.onRefused();
    this.#dropTape();
    return ack;
  }

  /**
   * A new session knows nothing of what the old one had not acknowledged: it goes out again, in
   * order, and the open span too. isUnheard: nobody wrote down the newest acknowledged turn; it too.
   */
  onRestored(isUnheard: boolean): void {
    assert(this.#early === null, "span forwarder: an early commit is over when its session is");
    const again = this.#acks.takeAll();
    if (isUnheard && this.#acknowledged !== null) again.unshift(this.#acknowledged);
    this.#acknowledged = null;
    this.#spans.unshift(...again);
    this.#clock.restart();
    for (const span of this.#spans) {
      span.nextFrame = span.firstFrame;
      span.isWhole = true;
    }
    this.flush();
  }

  /** The newest captured frame went out. */
  isAllSent(): boolean {
    return this.#sentToFrame === this.#tape.framesCaptured();
  }

  /** Sends what can go now, in order; stops where the upstream takes no more. */
  flush(): void {
    while (this.#sink.isReady() && (this.#early === null || this.#isHybrid)) {
      const span = this.#spans[0];
      if (span === undefined) return;
      const isOpen = span.endFrame < 0;
      const toFrame = isOpen ? this.#tape.framesCaptured() : span.endFrame;
      if (toFrame > span.nextFrame) {
        this.#isRefused = false;
        const framesRead = this.#tape.tapeRead(span.nextFrame, toFrame, this.#append);
        // Frames that the tape has lost never come: what follows them is not sent twice.
        span.nextFrame = this.#isRefused ? span.nextFrame + framesRead : toFrame;
        this.#sentToFrame = span.nextFrame;
        this.#clock.onAppended(framesRead);
      }
      if (isOpen || span.nextFrame < toFrame || !span.isCommitted) return;
      if (this.#sink.commit() === SEND.DROPPED) this.#onCommitDropped();
      this.#spans.shift();
      this.#acks.push(span, false);
    }
  }

  #open(): Span | undefined {
    const span = this.#spans.at(-1);
    return span !== undefined && span.endFrame < 0 ? span : undefined;
  }

  #dropTape(): void {
    const oldest = this.#acknowledged ?? this.#acks.oldest() ?? this.#spans[0];
    this.#tape.tapeDrop(oldest?.firstFrame ?? this.#tape.framesCaptured());
  }
}

function spanFrom(firstFrame: number): Span {
  const open = { endFrame: -1, isCommitted: false, isWhole: true, speechEndFrame: -1 };
  return { firstFrame, nextFrame: firstFrame, ...open };
}
