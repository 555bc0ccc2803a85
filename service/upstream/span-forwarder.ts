// Carries spans of caller audio from the turn tape to the upstream (decisions 5, 8, 17).
// Station: told by the lane when a span begins, ends, is committed or thrown away, and once per
// captured frame. Appends are gathered (GATHER frames) and flushed before a commit, so nothing
// waits for them. What came before the upstream was ready lies on the tape and goes out first.
// Limits: SPANS_MAX spans wait for the upstream; the tape behind them holds 60 s.
import { assert } from "../assert.ts";
import type { AudioEngine } from "../contract/audio-engine.ts";
import type { TurnDetection } from "../contract/call-terms.ts";
import { SEND } from "../contract/send-result.ts";
import type { Upstream } from "../contract/upstream.ts";
import { APPEND_GATHER_MS, FRAME_MS } from "../limits.ts";

const SPANS_MAX = 32;
const GATHER_FRAMES = APPEND_GATHER_MS / FRAME_MS;

type Tape = Pick<
  AudioEngine,
  "tapeBegin" | "tapeEnd" | "tapeUndo" | "tapeRead" | "tapeDrop" | "framesCaptured"
>;

type Sink = Pick<Upstream, "isReady" | "append" | "commit" | "clearInput">;

interface Span {
  readonly firstFrame: number;
  /** Frame after the last, -1 while open. */
  endFrame: number;
  /** Next frame to append. */
  nextFrame: number;
  isCommitted: boolean;
  /** All of it is still on the tape, so that another session can be told it from the start. */
  isWhole: boolean;
}

export class SpanForwarder {
  readonly #tape: Tape;
  readonly #sink: Sink;
  #gatherFrames = GATHER_FRAMES;
  #isTapeKept = true;
  readonly #spans: Span[] = [];
  /** Spans whose commit the provider has not acknowledged; their audio is still on the tape. */
  readonly #unacknowledged: Span[] = [];
  /**
   * The newest acknowledged turn, until the next span begins: its answer may be lost with a
   * session.
   */
  #acknowledged: Span | null = null;
  #commitsDropped = 0;
  readonly #append = (source: Uint8Array, start: number, end: number) =>
    this.#sink.append(source, start, end);

  constructor(tape: Tape, sink: Sink, turnDetection: TurnDetection) {
    this.#tape = tape;
    this.#sink = sink;
    this.setTurnDetection(turnDetection);
  }

  /**
   * The provider's detection gets every frame at once, others a message per 100 ms. Only local
   * turns are short enough to be kept on the tape until their commit; an endless span is dropped as
   * it goes.
   */
  setTurnDetection(turnDetection: TurnDetection): void {
    const isProvider = turnDetection === "server_vad" || turnDetection === "semantic_vad";
    this.#gatherFrames = isProvider ? 1 : GATHER_FRAMES;
    this.#isTapeKept = turnDetection === "local";
  }

  /** -> the first frame really kept. */
  begin(frameIndex: number): number {
    assert(this.#open() === undefined, "span forwarder: a span is open already");
    this.#acknowledged = null;
    const firstFrame = this.#tape.tapeBegin(frameIndex);
    if (this.#spans.length >= SPANS_MAX) this.#spans.shift();
    const nextFrame = firstFrame;
    this.#spans.push({ firstFrame, endFrame: -1, nextFrame, isCommitted: false, isWhole: true });
    this.flush();
    return firstFrame;
  }

  /** -> the frame after the span's last. */
  end(): number {
    const span = this.#open();
    assert(span !== undefined, "span forwarder: no span is open");
    span.endFrame = this.#tape.tapeEnd();
    return span.endFrame;
  }

  /**
   * Throws the newest uncommitted span away, here and upstream. The next span's pre-roll may need
   * its frames: after "eh" the first word follows within 300 ms.
   */
  discard(): void {
    const span = this.#spans.at(-1);
    if (span === undefined || span.isCommitted) return;
    this.#spans.pop();
    this.#tape.tapeUndo();
    if (span.nextFrame > span.firstFrame) this.#sink.clearInput();
    this.#dropTape();
  }

  /** The newest span is a turn: the rest of it goes out, then the commit. */
  commit(): void {
    const span = this.#spans.at(-1);
    assert(span !== undefined, "span forwarder: nothing to commit");
    assert(span.endFrame >= 0, "span forwarder: the span is still open");
    span.isCommitted = true;
    this.flush();
  }

  /** A frame was captured. */
  onFrame(): void {
    const span = this.#spans[0];
    if (span === undefined) return;
    const available = span.endFrame >= 0 ? span.endFrame : this.#tape.framesCaptured();
    if (span.endFrame >= 0 || available - span.nextFrame >= this.#gatherFrames) this.flush();
  }

  /** The provider acknowledged the oldest commit: its audio is no longer ours to keep. */
  onCommitted(): void {
    const span = this.#unacknowledged.shift();
    if (span !== undefined) this.#acknowledged = span;
    this.#dropTape();
  }

  /**
   * A new session knows nothing of what the old one had not acknowledged: every such span goes out
   * again from its first frame, in order, and the open one too. What was not kept goes on from
   * here. isUnheard: the newest acknowledged turn too, as nobody wrote down what it said.
   */
  onRestored(isUnheard: boolean): void {
    const again = this.#unacknowledged.splice(0);
    if (isUnheard && this.#acknowledged !== null) again.unshift(this.#acknowledged);
    this.#acknowledged = null;
    this.#spans.unshift(...again);
    for (const span of this.#spans) if (span.isWhole) span.nextFrame = span.firstFrame;
    this.flush();
  }

  commitsDropped(): number {
    return this.#commitsDropped;
  }

  /** Sends what can go now, in order; stops where the upstream takes no more. */
  flush(): void {
    while (this.#sink.isReady()) {
      const span = this.#spans[0];
      if (span === undefined) return;
      const isOpen = span.endFrame < 0;
      const toFrame = isOpen ? this.#tape.framesCaptured() : span.endFrame;
      if (toFrame > span.nextFrame) {
        span.nextFrame += this.#tape.tapeRead(span.nextFrame, toFrame, this.#append);
        if (!this.#isTapeKept) this.#forgetBefore(span);
      }
      if (isOpen || span.nextFrame < toFrame || !span.isCommitted) return;
      if (this.#sink.commit() === SEND.DROPPED) this.#commitsDropped += 1;
      this.#spans.shift();
      if (span.isWhole) this.#unacknowledged.push(span);
    }
  }

  /** An endless span leaves the tape as it goes, and with it everything older. */
  #forgetBefore(span: Span): void {
    this.#tape.tapeDrop(span.nextFrame);
    span.isWhole = false;
    this.#unacknowledged.length = 0;
    this.#acknowledged = null;
  }

  #open(): Span | undefined {
    const span = this.#spans.at(-1);
    return span !== undefined && span.endFrame < 0 ? span : undefined;
  }

  #dropTape(): void {
    const oldest = this.#acknowledged ?? this.#unacknowledged[0] ?? this.#spans[0];
    this.#tape.tapeDrop(oldest?.firstFrame ?? this.#tape.framesCaptured());
  }
}
