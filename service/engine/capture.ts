// The caller's audio on its way in: chunks of any size become 20 ms frames in core memory, one core
// call each, gaps filled, so that frame n is always the caller's time n x 20 ms (decision 16).
// Station: between a transport's bytes and the event bits of each frame.
//
//   caller's clock   0    20   40   60   80   100  120
//   media            |=====|=====|  lost    |=====|
//   frames           | 0  | 1   | gap | gap | 4   |           media for a filled span is dropped
//
// A gap is measured from the end of the last chunk, so a caller's clock may drift without harm.
// Limits: 10 s of one gap are filled; after 100 ms without media while speech is open the pacer
// feeds one silent frame per tick, so that turns end.
import { Buffer } from "node:buffer";
import { assert } from "../assert.ts";
import type { Clock } from "../contract/clock.ts";
import { CAPTURE_EVENT, type CoreSlot, VAD_STATE } from "../contract/core.ts";
import { FRAME_MS, GAP_FILL_MS_MAX, GAP_SILENCE_AFTER_MS, MESSAGE_BYTES_MAX } from "../limits.ts";
import type { VadSession } from "../contract/vad-model.ts";
import { copyBytes } from "./copy-bytes.ts";
import type { EngineMetrics } from "./engine-metrics.ts";
import { silenceByte } from "./silence-byte.ts";

/** Chunks may lie this far from where they belong; a caller's clock is no quartz. */
const JITTER_MS = FRAME_MS / 2;
const UNKNOWN = -1;
/**
 * Frames whose time is taken: two clock readings cost 64 ns, half as much as a phone frame's core.
 */
const FRAMES_PER_TIMING = 8;

/** Base64 that is no single whole frame is decoded here; nothing stays in it between two calls. */
const scratch = Buffer.allocUnsafeSlow(MESSAGE_BYTES_MAX);

export interface CaptureShared {
  readonly clock: Clock;
  readonly metrics: EngineMetrics;
}

export interface CaptureOwner {
  /** One frame is in the core. */
  onFrame(bits: number, frameIndex: number): void;
}

export class Capture {
  readonly #slot: CoreSlot;
  readonly #input: Buffer;
  readonly #clock: Clock;
  readonly #metrics: EngineMetrics;
  readonly #owner: CaptureOwner;
  readonly #frameBytes: number;
  readonly #bytesPerMs: number;
  readonly #sampleBytes: number;
  readonly #silence: number;
  #vad: VadSession | null = null;
  #isRunning = false;
  /** Bytes of the next frame that are already in core memory. */
  #stagedBytes = 0;
  /** Caller's clock: where the next chunk is expected, and the span filled last. */
  #nextMs = UNKNOWN;
  #filledFromMs = UNKNOWN;
  #filledToMs = UNKNOWN;
  /** First tick after the newest media; reading the clock for every chunk would cost 32 ns. */
  #mediaMs = 0;
  #isMediaNew = false;
  #silenceMs = 0;
  #windowsSkipped = 0;
  /** Bits of a model beside the core that came between two frames. */
  #bitsLate = 0;

  constructor(shared: CaptureShared, slot: CoreSlot, owner: CaptureOwner) {
    const { input, callerFrameBytes, callerFrameSamples } = slot;
    assert(input.length === callerFrameBytes, "the core's input is not one frame");
    this.#slot = slot;
    this.#input = Buffer.from(input.buffer, input.byteOffset, input.length);
    this.#clock = shared.clock;
    this.#metrics = shared.metrics;
    this.#owner = owner;
    this.#frameBytes = callerFrameBytes;
    this.#bytesPerMs = callerFrameBytes / FRAME_MS;
    this.#sampleBytes = callerFrameBytes / callerFrameSamples;
    this.#silence = silenceByte(slot.format.callerEncoding);
  }

  /** Only for slots whose model is beside the core. */
  attachVad(session: VadSession): void {
    this.#vad = session;
  }

  /**
   * An answer of that model. Its bits come with the next frame, which keeps frames and bits
   * together.
   */
  decide(windowIndex: number, probability: number): void {
    if (this.#vad !== null) this.#bitsLate |= this.#slot.decide(windowIndex, probability);
  }

  /** What was said while nothing was captured is no gap. */
  start(): void {
    if (!this.#isRunning) this.#nextMs = UNKNOWN;
    this.#isRunning = true;
    this.#isMediaNew = true;
  }

  stop(): void {
    this.#isRunning = false;
  }

  /** Forgets the unfinished frame and the caller's clock. */
  reset(): void {
    this.#stagedBytes = 0;
    this.#nextMs = UNKNOWN;
    this.#filledFromMs = UNKNOWN;
    this.#filledToMs = UNKNOWN;
    this.#bitsLate = 0;
    this.#silenceMs = 0;
  }

  close(): void {
    this.#isRunning = false;
    this.#vad?.close();
    this.#vad = null;
  }

  /**
   * Bytes [start, end) in the caller's format; captureMs is -1 when the caller did not say.
   * -> bytes taken.
   */
  write(source: Uint8Array, start: number, end: number, captureMs: number): number {
    assert(start >= 0 && start <= end && end <= source.length, "captured audio outside its source");
    const skipped = this.#align(end - start, captureMs);
    this.#put(source, start + skipped, end);
    return end - start - skipped;
  }

  /** The same as base64. A payload of exactly one frame is decoded straight into core memory. */
  writeBase64(payload: string, captureMs: number): number {
    const byteCount = base64Bytes(payload);
    if (byteCount > scratch.length) {
      this.#metrics.refusedMediaBytes.add(byteCount);
      return 0;
    }
    const skipped = this.#align(byteCount, captureMs);
    if (!this.#isRunning || skipped === byteCount) return 0;
    if (skipped === 0 && this.#stagedBytes === 0 && byteCount === this.#frameBytes) {
      this.#stage(this.#input.write(payload, 0, byteCount, "base64"));
    } else {
      this.#put(scratch, skipped, scratch.write(payload, 0, byteCount, "base64"));
    }
    return byteCount - skipped;
  }

  wantsTick(): boolean {
    return this.#isRunning && this.#slot.vadState() !== VAD_STATE.SILENCE;
  }

  /** No media for a while, speech open: one silent frame, so that the turn can end. */
  tick(nowMs: number): void {
    if (this.#isMediaNew) {
      this.#isMediaNew = false;
      this.#mediaMs = nowMs;
    }
    if (nowMs - this.#mediaMs < GAP_SILENCE_AFTER_MS || !this.wantsTick()) return;
    if (this.#silenceMs >= GAP_FILL_MS_MAX) return;
    this.#silenceMs += FRAME_MS;
    this.#metrics.silenceFrames.add(1);
    if (this.#nextMs === UNKNOWN) {
      this.#fillFrames(FRAME_MS);
      return;
    }
    if (this.#filledToMs !== this.#nextMs) this.#filledFromMs = this.#nextMs;
    this.#nextMs += this.#fillFrames(FRAME_MS);
    this.#filledToMs = this.#nextMs;
  }

  /** Fills what is missing before a chunk. -> bytes of the chunk to leave out. */
  #align(byteCount: number, captureMs: number): number {
    if (!this.#isRunning) {
      this.#metrics.refusedMediaBytes.add(byteCount);
      return byteCount;
    }
    this.#isMediaNew = true;
    this.#silenceMs = 0;
    const durationMs = byteCount / this.#bytesPerMs;
    if (captureMs < 0) {
      if (this.#nextMs !== UNKNOWN) this.#nextMs += durationMs;
      return 0;
    }
    const jumpMs = this.#nextMs === UNKNOWN ? 0 : captureMs - this.#nextMs;
    if (jumpMs >= FRAME_MS) {
      this.#fillGap(captureMs, jumpMs);
    } else if (jumpMs < -JITTER_MS) {
      const skipped = this.#overlapBytes(captureMs, byteCount);
      if (skipped === byteCount) return skipped;
      this.#nextMs = captureMs + durationMs;
      return skipped;
    }
    this.#nextMs = captureMs + durationMs;
    return 0;
  }

  /** Bytes of a chunk whose time was already filled; a clock that went back is only counted. */
  #overlapBytes(captureMs: number, byteCount: number): number {
    const isFilled = captureMs >= this.#filledFromMs - JITTER_MS && captureMs < this.#filledToMs;
    if (!isFilled) {
      this.#metrics.captureClockSteps.add(1);
      return 0;
    }
    const bytes = Math.round((this.#filledToMs - captureMs) * this.#bytesPerMs);
    const skipped = Math.min(byteCount, bytes - (bytes % this.#sampleBytes));
    this.#metrics.lateMediaMs.add(skipped / this.#bytesPerMs);
    return skipped;
  }

  #fillGap(captureMs: number, jumpMs: number): void {
    this.#filledFromMs = this.#nextMs;
    this.#filledToMs = captureMs;
    this.#metrics.gapMsSkipped.add(Math.max(0, jumpMs - GAP_FILL_MS_MAX));
    this.#fillFrames(Math.min(jumpMs, GAP_FILL_MS_MAX));
  }

  /** Completes the unfinished frame with silence, then adds gap frames. -> milliseconds filled. */
  #fillFrames(gapMs: number): number {
    let filledMs = 0;
    if (this.#stagedBytes > 0) {
      this.#input.fill(this.#silence, this.#stagedBytes);
      filledMs = (this.#frameBytes - this.#stagedBytes) / this.#bytesPerMs;
      this.#stage(this.#frameBytes - this.#stagedBytes);
    }
    const frames = Math.round((gapMs - filledMs) / FRAME_MS);
    for (let frame = 0; frame < frames && this.#isRunning; frame += 1) {
      filledMs += FRAME_MS;
      this.#metrics.gapFrames.add(1);
      this.#frameIn(this.#slot.ingestGap());
    }
    return filledMs;
  }

  #put(source: Uint8Array, start: number, end: number): void {
    let next = start;
    while (next < end && this.#isRunning) {
      const count = Math.min(end - next, this.#frameBytes - this.#stagedBytes);
      copyBytes.call(source, this.#input, this.#stagedBytes, next, next + count);
      next += count;
      this.#stage(count);
    }
  }

  /** `count` more bytes are in core memory; a whole frame goes into the core. */
  #stage(count: number): void {
    this.#stagedBytes += count;
    if (this.#stagedBytes < this.#frameBytes) return;
    this.#stagedBytes = 0;
    if (this.#slot.framesIngested() % FRAMES_PER_TIMING === 0) this.#timedFrameIn();
    else this.#frameIn(this.#slot.ingest());
  }

  #timedFrameIn(): void {
    const startMs = this.#clock.nowMs();
    this.#frameIn(this.#slot.ingest());
    this.#metrics.frameMicroseconds.observe((this.#clock.nowMs() - startMs) * 1_000);
  }

  #frameIn(ingested: number): void {
    if ((ingested & CAPTURE_EVENT.WINDOW) !== 0) {
      this.#countWindow();
      this.#vad?.submit(this.#slot.windowIndex(), this.#slot.window);
    }
    const bits = ingested | this.#bitsLate;
    this.#bitsLate = 0;
    this.#owner.onFrame(bits, this.#slot.framesIngested() - 1);
  }

  #countWindow(): void {
    const source = this.#slot.format.vadSource;
    const skipped = this.#slot.counter("windowsSkipped");
    this.#metrics.vadWindows[source].add(1);
    this.#metrics.vadWindowsSkipped[source].add(skipped - this.#windowsSkipped);
    this.#windowsSkipped = skipped;
  }
}

/** Bytes that a base64 text stands for. */
function base64Bytes(payload: string): number {
  let characters = payload.length;
  while (characters > 0 && payload.charCodeAt(characters - 1) === 0x3d) characters -= 1;
  return Math.floor((characters * 3) / 4);
}
