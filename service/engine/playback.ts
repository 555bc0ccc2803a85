// The agent's audio on its way to the caller: when the next frame leaves (decision 9, S1-81..83).
// Station: takes frames from the answer queue through the core (gain, fade, encode) and hands each
// to the listener; woken by the pacer.
//
//   IDLE --audio--> FILLING --prebuffer or whole item--> RUNNING --everything sent--> IDLE
//                      ^-- pause, filler used up ------------'
//
// A segment starts with the pacer's next turn for this call, at most 5 ms later (20 on a full
// wheel): queueing audio never calls the listener, so whoever queues may do its own accounts
// afterwards.
//
// One number rules the sending: playoutEndMs, when the far end has played all it was sent. A frame
// may leave while that is at most LEAD_MS ahead afterwards; so a segment starts with LEAD frames,
// then sends one per 20 ms, and after a stall at most LEAD frames catch up: over any span,
//   frames sent <= LEAD + (elapsed + SLACK) / 20,   and under elapsed / 20 only when counted.
//
// A lead that left late, at its first tick or after a stall, counts from when it left, though the
// ticks go on by the wheel. Late by less than SLACK it costs nothing; late by more, the first tick
// after it finds nothing due yet, and the beat goes on a frame lower:
//   late by 4   tick 4   20   40   60        late by 12   tick 12   20   40   60
//   sent             3    1    1    1        sent              3    -    1    1
//   ahead, ms       60   64   64   64        ahead, ms        60   52   52   52
// When the answer stops inside an item, nothing is sent until the far end would run dry; then
// silence (item 0) for at most FILLER_MS_MAX, and the item goes on after a new prebuffer.
import { assert } from "../assert.ts";
import type { EngineListener } from "../contract/audio-engine.ts";
import type { Clock } from "../contract/clock.ts";
import type { CoreSlot } from "../contract/core.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import { FILLER_MS_MAX, FRAME_MS, LEAD_MS, PACER_WHEEL_MS } from "../limits.ts";
import { AnswerQueue, type AnswerQueueOwner } from "./answer-queue.ts";
import type { BlockPool } from "./block-pool.ts";
import type { EngineMetrics } from "./engine-metrics.ts";

/** Sums of binary fractions may exceed the lead by less than this. */
const ROUNDING_MS = 1e-6;
/** A tick's first frame may exceed the lead by so much, else jitter would send by none and two. */
const SLACK_MS = PACER_WHEEL_MS;

type Phase = "idle" | "filling" | "running";

/** What playback shares with every other call's. */
export interface PlaybackShared {
  readonly clock: Clock;
  readonly pool: BlockPool;
  readonly metrics: EngineMetrics;
}

/** Who hears of playback; the call's listener and the engine itself. */
export interface PlaybackOwner extends AnswerQueueOwner {
  readonly onPlaybackFrame: EngineListener["onPlaybackFrame"];
  readonly onPlaybackUnderrun: EngineListener["onPlaybackUnderrun"];
  /** wantsTick() may have changed. */
  onPlaybackPhase(): void;
}

export class Playback {
  readonly #slot: CoreSlot;
  readonly #clock: Clock;
  readonly #metrics: EngineMetrics;
  readonly #owner: PlaybackOwner;
  readonly #queue: AnswerQueue;
  #phase: Phase = "idle";
  #prebufferMs: number;
  #isPaused = false;
  /** The answer is late: filler is being sent until a new prebuffer is there. */
  #isStarving = false;
  #fillerMs = 0;
  #isSending = false;
  /** The segment has not had its first tick. */
  #isStarting = false;
  #playoutEndMs = 0;
  /** Silence at the far end that is less than a frame and not counted yet. */
  #dryMs = 0;
  /** The core may hold the fading end of what was rendered last. */
  #hasTail = false;

  constructor(shared: PlaybackShared, slot: CoreSlot, owner: PlaybackOwner, prebufferMs: number) {
    this.#slot = slot;
    this.#clock = shared.clock;
    this.#metrics = shared.metrics;
    this.#owner = owner;
    this.#queue = new AnswerQueue(shared, slot, owner);
    this.#prebufferMs = prebufferMs;
  }

  queue(item: number, source: Uint8Array, start: number, end: number): SendResult {
    const result = this.#queue.push(item, source, start, end);
    if (result !== SEND.DROPPED) this.#advance();
    return result;
  }

  endItem(item: number): void {
    this.#queue.endItem(item);
    this.#queue.settle();
    this.#advance();
  }

  /** Drops what is unsent; the far end is taken to be cleared. -> milliseconds dropped. */
  interrupt(): number {
    const samples = this.#queue.flush();
    this.#slot.playbackFlush();
    this.#forgetTail();
    this.#isPaused = false;
    this.#playoutEndMs = this.#clock.nowMs();
    this.#setPhase("idle");
    return (samples * FRAME_MS) / this.#slot.upstreamFrameSamples;
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#phase === "running") this.#setPhase("filling");
  }

  resume(): void {
    this.#isPaused = false;
    this.#advance();
  }

  setPrebuffer(prebufferMs: number): void {
    assert(prebufferMs >= LEAD_MS, "a segment must have its lead when it starts");
    this.#prebufferMs = prebufferMs;
    this.#advance();
  }

  /** Unsent audio. */
  queuedMs(): number {
    return this.#queue.waitingMs();
  }

  /** Something is unsent, or the far end has not played all that was sent. */
  isPlaying(): boolean {
    return this.#phase !== "idle" || this.#clock.nowMs() < this.#playoutEndMs;
  }

  wantsTick(): boolean {
    return this.#phase === "running";
  }

  /** A segment waits for its first tick: the sooner the better. */
  isStarting(): boolean {
    return this.#isStarting && this.#phase === "running";
  }

  /** Sends what is due. Called every 20 ms while running. */
  tick(nowMs: number): void {
    if (this.#phase !== "running" || this.#isSending) return;
    this.#isSending = true;
    try {
      const isFirst = this.#isStarting;
      if (isFirst) this.#anchor(nowMs);
      else this.#noteStall(nowMs);
      this.#sendDue(nowMs, isFirst);
    } finally {
      this.#isSending = false;
    }
  }

  /** Starts a segment when enough is there; its lead leaves with the next tick. */
  #advance(): void {
    if (this.#isSending || this.#phase === "running") return;
    if (this.#queue.isEmpty()) {
      this.#setPhase("idle");
      return;
    }
    if (this.#isPaused || !this.#isPrebuffered()) {
      this.#setPhase("filling");
      return;
    }
    this.#isStarting = true;
    this.#setPhase("running");
  }

  #isPrebuffered(): boolean {
    if (!this.#queue.hasFrame()) return false;
    return this.#queue.isFrontEnded() || this.#queue.waitingMs() >= this.#prebufferMs;
  }

  /** Nothing was to be heard, so nothing is missing: the segment counts from its first tick. */
  #anchor(nowMs: number): void {
    this.#isStarting = false;
    if (this.#playoutEndMs > nowMs) return;
    this.#playoutEndMs = nowMs;
    this.#forgetTail();
  }

  /**
   * The core lets cut audio fade under what comes next; when nothing is heard any more, it must
   * not.
   */
  #forgetTail(): void {
    if (this.#hasTail) this.#slot.render();
    this.#hasTail = false;
  }

  /** We woke so late that the far end ran dry: what is missing is counted, not sent later. */
  #noteStall(nowMs: number): void {
    const dryMs = nowMs - this.#playoutEndMs;
    if (dryMs <= ROUNDING_MS) return;
    this.#playoutEndMs = nowMs;
    this.#dryMs += dryMs;
    const framesMissing = Math.floor((this.#dryMs + ROUNDING_MS) / FRAME_MS);
    this.#dryMs -= framesMissing * FRAME_MS;
    this.#metrics.pacerUnderruns.add(1);
    this.#metrics.pacerFramesSkipped.add(framesMissing);
  }

  #sendDue(nowMs: number, isFirst: boolean): void {
    let framesSent = 0;
    while (this.#phase === "running" && this.#isDue(nowMs, framesSent)) {
      if (this.#isStarving && this.#isPrebuffered()) this.#isStarving = false;
      if (!this.#isStarving && this.#queue.hasFrame()) {
        framesSent += 1;
        this.#sendFrame();
      } else if (this.#queue.isEmpty()) {
        this.#setPhase("idle");
      } else if (this.#runsDryBeforeNextTick(nowMs)) {
        this.#starve();
      } else {
        break;
      }
    }
    // An item whose last frame has just left ends the segment now, not at the next tick.
    if (this.#phase === "running" && this.#queue.isEmpty()) this.#setPhase("idle");
    if (framesSent > 1 && !isFirst) this.#metrics.pacerFramesCaughtUp.add(framesSent - 1);
  }

  /** A frame sent now would leave the far end with at most the lead. */
  #isDue(nowMs: number, framesSent: number): boolean {
    const slackMs = framesSent === 0 ? SLACK_MS : 0;
    return this.#playoutEndMs - nowMs + FRAME_MS <= LEAD_MS + slackMs + ROUNDING_MS;
  }

  #runsDryBeforeNextTick(nowMs: number): boolean {
    return this.#playoutEndMs - nowMs < FRAME_MS + PACER_WHEEL_MS;
  }

  #sendFrame(): void {
    const item = this.#queue.frontItem();
    const positionSamples = this.#queue.frontPositionSamples();
    const samples = this.#queue.frontSamples();
    this.#queue.moveFrame(this.#slot);
    const consumed = this.#slot.render();
    this.#hasTail = true;
    assert(consumed === this.#slot.upstreamFrameSamples, "the core rendered another frame length");
    this.#deliver(item, positionSamples, samples);
    this.#queue.settle();
  }

  #starve(): void {
    if (!this.#isStarving) {
      this.#isStarving = true;
      this.#fillerMs = 0;
      this.#metrics.pacerUnderruns.add(1);
      this.#owner.onPlaybackUnderrun(this.#queue.frontItem());
      if (this.#phase !== "running") return;
    }
    if (this.#fillerMs >= FILLER_MS_MAX) {
      this.#setPhase("filling");
      return;
    }
    this.#fillerMs += FRAME_MS;
    this.#metrics.fillerFrames.add(1);
    this.#slot.render();
    this.#deliver(0, 0, 0);
  }

  #deliver(item: number, positionSamples: number, samples: number): void {
    this.#playoutEndMs += FRAME_MS;
    const frame = this.#slot.output;
    const result = this.#owner.onPlaybackFrame(frame, item, positionSamples, samples);
    if (result === SEND.DROPPED) this.#metrics.playbackFramesDropped.add(1);
  }

  #setPhase(phase: Phase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    if (phase === "running") this.#isStarving = false;
    this.#owner.onPlaybackPhase();
  }
}
