// The caller's recent turns in the upstream's format, kept from pre-roll to acknowledged commit, so
// that they can be sent again after a rollback or reconnect (decisions 5 and 17).
// Station: filled by capture after each frame, read by whoever appends.
//
//   frames of the call   …..[==span 1==]………[====span 2====]……[=span 3 (open)…
//   stored frames           [0 ........ 9|10 ............ 24|25 ……             counted without gaps
//   blocks of 50         [ block 0 ………………………………………………………… ][ block 1 …
//
// Spans never overlap. A frame never crosses a block, so a part handed out is one piece of one
// block.
// Limits: 60 s a call, SPANS_MAX spans, the pool's budget. Over them the oldest frames go, counted.
import type { Buffer } from "node:buffer";
import { assert } from "../assert.ts";
import type { TapeReader } from "../contract/audio-engine.ts";
import { SEND } from "../contract/send-result.ts";
import { AUDIO_BLOCK_MS, FRAME_MS, TURN_TAPE_MS } from "../limits.ts";
import type { BlockPool } from "./block-pool.ts";
import type { EngineMetrics } from "./engine-metrics.ts";

const FRAMES_PER_BLOCK = AUDIO_BLOCK_MS / FRAME_MS;
const FRAMES_MAX = TURN_TAPE_MS / FRAME_MS;
/** One more than 60 s fill, because the first and the last block may be part used. */
const BLOCKS_MAX = FRAMES_MAX / FRAMES_PER_BLOCK + 1;
const SPANS_MAX = 64;

interface Span {
  firstFrame: number;
  /** Frame after the last one stored. */
  endFrame: number;
  firstStored: number;
}

export class TurnTape {
  readonly #pool: BlockPool;
  readonly #frameBytes: number;
  readonly #metrics: EngineMetrics;
  readonly #blocks: (Buffer | null)[] = new Array<Buffer | null>(BLOCKS_MAX).fill(null);
  readonly #spans: Span[] = [];
  #storedStart = 0;
  #storedEnd = 0;
  #endLast = 0;
  #beginLast = 0;
  #isOpen = false;

  constructor(pool: BlockPool, frameBytes: number, metrics: EngineMetrics) {
    assert(frameBytes > 0, "a frame must hold something");
    this.#pool = pool;
    this.#frameBytes = frameBytes;
    this.#metrics = metrics;
  }

  /** True between begin and end: each captured frame is to be stored. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Frame after the last one of the newest span; a new span must not start before it. */
  endLast(): number {
    return this.#endLast;
  }

  framesKept(): number {
    return this.#storedEnd - this.#storedStart;
  }

  /** Opens a span; store() must go on with frameIndex. */
  begin(frameIndex: number): void {
    assert(!this.#isOpen, "a tape span was begun inside another");
    assert(frameIndex >= this.#endLast, "a tape span would overlap the one before");
    if (this.#spans.length >= SPANS_MAX) this.#dropOldestSpan();
    this.#isOpen = true;
    this.#beginLast = frameIndex;
    this.#endLast = frameIndex;
    this.#spans.push({
      firstFrame: frameIndex,
      endFrame: frameIndex,
      firstStored: this.#storedEnd,
    });
  }

  /** Keeps a copy of one frame, in order. A frame that no block is left for is lost and counted. */
  store(frameIndex: number, frame: Uint8Array): void {
    assert(this.#isOpen, "a frame was stored outside a tape span");
    assert(frame.length === this.#frameBytes, "a stored frame has another size");
    assert(frameIndex === this.#endLast, "a tape frame is out of order");
    this.#endLast = frameIndex + 1;
    if (this.framesKept() >= FRAMES_MAX) this.#loseOldest(1);
    const block = this.#blockForStore();
    if (block === null) {
      this.#metrics.tapeFramesLost.add(1);
      return;
    }
    block.set(frame, (this.#storedEnd % FRAMES_PER_BLOCK) * this.#frameBytes);
    this.#spanForStore(frameIndex).endFrame = frameIndex + 1;
    this.#storedEnd += 1;
    this.#metrics.turnTapeMs.add(FRAME_MS);
  }

  /** Closes the span. -> the frame after its last. */
  end(): number {
    assert(this.#isOpen, "a tape span was ended that is not open");
    this.#isOpen = false;
    return this.#endLast;
  }

  /** The newest span never was: closed if open, its frames forgotten and free to be kept again. */
  undo(): void {
    this.#isOpen = false;
    let span = this.#spans.at(-1);
    while (span !== undefined && span.firstFrame >= this.#beginLast) {
      this.#spans.pop();
      this.#takeBack(span.endFrame - span.firstFrame);
      span = this.#spans.at(-1);
    }
    this.#endLast = this.#beginLast;
  }

  /**
   * Hands the kept frames of [fromFrame, toFrame) to `read`, in order, in parts that lie together.
   * Stops when `read` says DROPPED. -> frames that were taken.
   */
  read(fromFrame: number, toFrame: number, read: TapeReader): number {
    let framesRead = 0;
    for (let index = 0; index < this.#spans.length; index += 1) {
      const span = this.#spans[index];
      if (span === undefined) break;
      const last = Math.min(span.endFrame, toFrame);
      let frame = Math.max(span.firstFrame, fromFrame);
      while (frame < last) {
        const stored = span.firstStored + frame - span.firstFrame;
        const within = stored % FRAMES_PER_BLOCK;
        const count = Math.min(last - frame, FRAMES_PER_BLOCK - within);
        const block = this.#blocks[this.#blockIndex(stored)];
        assert(block !== null && block !== undefined, "a kept frame has no block");
        const start = within * this.#frameBytes;
        if (read(block, start, start + count * this.#frameBytes) === SEND.DROPPED)
          return framesRead;
        framesRead += count;
        frame += count;
      }
    }
    return framesRead;
  }

  /** Forgets every frame before frameIndex. */
  drop(frameIndex: number): void {
    let dropped = 0;
    for (const span of this.#spans) {
      const end = Math.min(span.endFrame, frameIndex);
      if (end > span.firstFrame) dropped += end - span.firstFrame;
    }
    if (dropped > 0) this.#dropStored(dropped);
    this.#removeEmptySpans();
  }

  /** Forgets everything, closes an open span and gives all blocks back. */
  clear(): void {
    this.#isOpen = false;
    if (this.framesKept() > 0) this.#dropStored(this.framesKept());
    this.#removeEmptySpans();
  }

  #blockIndex(stored: number): number {
    return Math.floor(stored / FRAMES_PER_BLOCK) % BLOCKS_MAX;
  }

  /**
   * The block the next frame goes into; our own oldest second is given up when the pool is empty.
   */
  #blockForStore(): Buffer | null {
    const index = this.#blockIndex(this.#storedEnd);
    const present = this.#blocks[index] ?? null;
    if (present !== null) return present;
    const frameBlockBytes = FRAMES_PER_BLOCK * this.#frameBytes;
    let block = this.#pool.take(frameBlockBytes);
    if (block === null && this.framesKept() >= FRAMES_PER_BLOCK) {
      this.#loseOldest(FRAMES_PER_BLOCK - (this.#storedStart % FRAMES_PER_BLOCK));
      block = this.#pool.take(frameBlockBytes);
    }
    this.#blocks[index] = block;
    return block;
  }

  /** The open span, or a new part of it after lost frames. */
  #spanForStore(frameIndex: number): Span {
    const open = this.#spans.at(-1);
    if (open !== undefined && open.endFrame === frameIndex) return open;
    if (open !== undefined && open.endFrame === open.firstFrame) {
      open.firstFrame = frameIndex;
      open.firstStored = this.#storedEnd;
      return open;
    }
    if (this.#spans.length >= SPANS_MAX) this.#dropOldestSpan();
    const part = { firstFrame: frameIndex, endFrame: frameIndex, firstStored: this.#storedEnd };
    this.#spans.push(part);
    return part;
  }

  #dropOldestSpan(): void {
    const oldest = this.#spans[0];
    if (oldest === undefined) return;
    this.#loseOldest(oldest.endFrame - oldest.firstFrame);
    this.#spans.shift();
  }

  #loseOldest(frames: number): void {
    if (frames === 0) return;
    this.#metrics.tapeFramesLost.add(frames);
    this.#dropStored(frames);
  }

  /** Moves the start of what is kept and frees the blocks behind it. */
  #dropStored(frames: number): void {
    assert(frames <= this.framesKept(), "more frames dropped than are kept");
    const start = this.#storedStart + frames;
    const blockFirst = Math.floor(this.#storedStart / FRAMES_PER_BLOCK);
    // An empty tape keeps no part-used block: the next frame starts a new one.
    if (start === this.#storedEnd) {
      this.#freeBlocks(blockFirst, Math.ceil(start / FRAMES_PER_BLOCK));
      this.#storedEnd = Math.ceil(start / FRAMES_PER_BLOCK) * FRAMES_PER_BLOCK;
      this.#storedStart = this.#storedEnd;
    } else {
      this.#freeBlocks(blockFirst, Math.floor(start / FRAMES_PER_BLOCK));
      this.#storedStart = start;
    }
    this.#metrics.turnTapeMs.add(-frames * FRAME_MS);
    this.#trimSpans(frames);
  }

  /** The newest frames were never stored. */
  #takeBack(frames: number): void {
    const end = this.#storedEnd - frames;
    assert(end >= this.#storedStart, "more frames taken back than are kept");
    const blockEnd = Math.ceil(this.#storedEnd / FRAMES_PER_BLOCK);
    this.#metrics.turnTapeMs.add(-frames * FRAME_MS);
    if (end > this.#storedStart) {
      this.#freeBlocks(Math.ceil(end / FRAMES_PER_BLOCK), blockEnd);
      this.#storedEnd = end;
      return;
    }
    this.#freeBlocks(Math.floor(end / FRAMES_PER_BLOCK), blockEnd);
    this.#storedEnd = blockEnd * FRAMES_PER_BLOCK;
    this.#storedStart = this.#storedEnd;
  }

  #freeBlocks(first: number, end: number): void {
    for (let number = first; number < end; number += 1) {
      const block = this.#blocks[number % BLOCKS_MAX];
      if (block === null || block === undefined) continue;
      this.#pool.give(block);
      this.#blocks[number % BLOCKS_MAX] = null;
    }
  }

  #trimSpans(frames: number): void {
    let left = frames;
    for (const span of this.#spans) {
      const taken = Math.min(left, span.endFrame - span.firstFrame);
      span.firstFrame += taken;
      span.firstStored += taken;
      left -= taken;
      if (span.firstFrame === span.endFrame) span.firstStored = this.#storedEnd;
    }
    assert(left === 0, "dropped frames belong to no span");
  }

  #removeEmptySpans(): void {
    while (this.#spans.length > (this.#isOpen ? 1 : 0)) {
      const first = this.#spans[0];
      if (first === undefined || first.firstFrame < first.endFrame) return;
      this.#spans.shift();
    }
  }
}
