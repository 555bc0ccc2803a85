// Answer audio that has not been sent: what the upstream delivers faster than real time waits here,
// in pooled blocks of one second, and leaves frame by frame (decision 17).
// Station: filled by queuePlayback with audio deltas of any size, emptied by playback.ts.
//
//   item 7 (ended)               item 8 (still growing)
//   |frame|frame|fra·····pad|    |frame|frame|fr…
//   ^head                                      ^tail
//
// An ended item is padded to a whole frame, so a frame belongs to exactly one item, starts on a
// frame boundary and never crosses a block. Byte positions grow for the life of the call.
// Limits: 300 s, ITEMS_MAX items, the pool's budget: over them DROPPED, nothing taken, counted.
// Above the high mark the owner is told to stop reading the upstream, below the low mark to go on.
import type { Buffer } from "node:buffer";
import { assert } from "../assert.ts";
import type { CoreSlot } from "../contract/core.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import {
  ANSWER_QUEUE_HIGH_MS,
  ANSWER_QUEUE_LOW_MS,
  ANSWER_QUEUE_MS,
  AUDIO_BLOCK_MS,
  FRAME_MS,
} from "../limits.ts";
import type { BlockPool } from "./block-pool.ts";
import { copyBytes } from "./copy-bytes.ts";
import type { EngineMetrics } from "./engine-metrics.ts";
import { silenceByte } from "./silence-byte.ts";

const FRAMES_PER_BLOCK = AUDIO_BLOCK_MS / FRAME_MS;
const ITEMS_MAX = 256;
/** The queue's limit, both ends part used, and the padding of every item. */
const BLOCKS_MAX =
  ANSWER_QUEUE_MS / AUDIO_BLOCK_MS + 2 + Math.ceil((ITEMS_MAX * FRAME_MS) / AUDIO_BLOCK_MS);

interface QueuedItem {
  readonly item: number;
  readonly startByte: number;
  audioBytes: number;
  /** Padded end; -1 while the item still grows. */
  endByte: number;
}

/** Who is told about the queue. */
export interface AnswerQueueOwner {
  /** True: over the high mark or refused; false: under the low mark again. */
  onQueueHigh(isHigh: boolean): void;
  /** The last frame of an ended item has left (and was delivered when settle() is called). */
  onItemLeft(item: number, samples: number): void;
}

export class AnswerQueue {
  readonly #pool: BlockPool;
  readonly #metrics: EngineMetrics;
  readonly #owner: AnswerQueueOwner;
  readonly #frameBytes: number;
  readonly #sampleBytes: number;
  readonly #blockBytes: number;
  readonly #silence: number;
  readonly #blocks: (Buffer | null)[] = new Array<Buffer | null>(BLOCKS_MAX).fill(null);
  readonly #items: QueuedItem[] = [];
  #headByte = 0;
  #tailByte = 0;
  /** Audio waiting, padding not counted. */
  #waitingBytes = 0;
  #itemLast = 0;
  #isHigh = false;

  constructor(
    shared: { readonly pool: BlockPool; readonly metrics: EngineMetrics },
    slot: CoreSlot,
    owner: AnswerQueueOwner,
  ) {
    this.#pool = shared.pool;
    this.#metrics = shared.metrics;
    this.#owner = owner;
    this.#frameBytes = slot.upstreamFrameBytes;
    this.#sampleBytes = slot.upstreamFrameBytes / slot.upstreamFrameSamples;
    this.#blockBytes = this.#frameBytes * FRAMES_PER_BLOCK;
    this.#silence = silenceByte(slot.format.upstreamEncoding);
  }

  /**
   * Queues bytes [start, end) of an item. A new item ends the one before.
   * -> DROPPED: full, or the item was flushed, ended or followed by another; nothing was taken.
   */
  push(item: number, source: Uint8Array, start: number, end: number): SendResult {
    assert(start >= 0 && start <= end && end <= source.length, "answer audio outside its source");
    const byteCount = end - start;
    if (!this.#admits(item) || !this.#reserve(item, byteCount)) {
      this.#metrics.answerBytesDropped.add(byteCount);
      return SEND.DROPPED;
    }
    const queued = this.#growing(item);
    this.#append(source, start, end);
    queued.audioBytes += byteCount;
    this.#countWaiting(byteCount);
    if (this.waitingMs() >= ANSWER_QUEUE_HIGH_MS) this.#setHigh(true);
    return SEND.BUFFERED;
  }

  /** No more audio for this item. One that never had audio leaves in its turn, with 0 samples. */
  endItem(item: number): void {
    if (item < this.#itemLast) return;
    if (item > this.#itemLast && this.#items.length >= ITEMS_MAX) return;
    const queued = this.#items.at(-1);
    if (queued !== undefined && queued.item === item) this.#close(queued);
    else if (item > this.#itemLast) this.#close(this.#growing(item));
  }

  /** A whole frame, or the padded rest of an ended item, is ready. */
  hasFrame(): boolean {
    const front = this.#items[0];
    if (front === undefined) return false;
    if (front.endByte >= 0) return this.#headByte < front.endByte;
    return this.#tailByte - this.#headByte >= this.#frameBytes;
  }

  /** The front item has all its audio. */
  isFrontEnded(): boolean {
    return (this.#items[0]?.endByte ?? -1) >= 0;
  }

  /** Item of the next frame; 0 when nothing is queued. */
  frontItem(): number {
    return this.#items[0]?.item ?? 0;
  }

  /** Position of the next frame within its item, in samples. */
  frontPositionSamples(): number {
    const front = this.#items[0];
    return front === undefined ? 0 : (this.#headByte - front.startByte) / this.#sampleBytes;
  }

  /** Samples of the item in the next frame; the rest of the frame is padding. */
  frontSamples(): number {
    const front = this.#items[0];
    if (front === undefined) return 0;
    const left = front.startByte + front.audioBytes - this.#headByte;
    return Math.floor(Math.min(left, this.#frameBytes) / this.#sampleBytes);
  }

  /** Moves the next frame into the slot's playback ring. */
  moveFrame(slot: CoreSlot): void {
    const front = this.#items[0];
    assert(front !== undefined, "a frame was moved out of an empty queue");
    const block = this.#blocks[this.#blockIndex(this.#headByte)];
    assert(block !== null && block !== undefined, "a queued frame has no block");
    const start = this.#headByte % this.#blockBytes;
    const taken = slot.playbackWrite(block, start, start + this.#frameBytes);
    assert(taken === this.#frameBytes, "the playback ring had no place for one frame");
    const left = front.startByte + front.audioBytes - this.#headByte;
    this.#headByte += this.#frameBytes;
    this.#countWaiting(-Math.min(left, this.#frameBytes));
    if (this.#headByte % this.#blockBytes === 0) this.#freeBlock(this.#headByte - 1);
    if (this.#isHigh && this.waitingMs() <= ANSWER_QUEUE_LOW_MS) this.#setHigh(false);
  }

  /** Tells the owner of every front item that ended and has left. */
  settle(): void {
    for (let front = this.#items[0]; front !== undefined; front = this.#items[0]) {
      if (front.endByte < 0 || this.#headByte < front.endByte) return;
      this.#items.shift();
      if (this.#items.length === 0) this.#restAtBlock();
      this.#owner.onItemLeft(front.item, Math.floor(front.audioBytes / this.#sampleBytes));
    }
  }

  /** Drops everything; more of these items is refused. -> samples that had been waiting. */
  flush(): number {
    const samples = Math.floor(this.#waitingBytes / this.#sampleBytes);
    this.#items.length = 0;
    this.#countWaiting(-this.#waitingBytes);
    this.#restAtBlock();
    if (this.#isHigh) this.#setHigh(false);
    return samples;
  }

  waitingMs(): number {
    return (this.#waitingBytes * FRAME_MS) / this.#frameBytes;
  }

  /** Nothing is queued and no item is growing. */
  isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** The newest item goes on only while it is queued and growing: flushed or ended, it is over. */
  #admits(item: number): boolean {
    if (item < this.#itemLast) return false;
    const last = this.#items.at(-1);
    if (item === this.#itemLast) return last?.item === item && last.endByte < 0;
    return this.#items.length < ITEMS_MAX;
  }

  /** Makes sure that blocks for byteCount more bytes are here; all or none. */
  #reserve(item: number, byteCount: number): boolean {
    const limitMs = this.waitingMs() + (byteCount * FRAME_MS) / this.#frameBytes;
    const paddedTail =
      item === this.#itemLast ? this.#tailByte : this.#frameBoundary(this.#tailByte);
    if (limitMs <= ANSWER_QUEUE_MS && this.#takeBlocks(paddedTail, paddedTail + byteCount)) {
      return true;
    }
    this.#setHigh(true);
    return false;
  }

  #takeBlocks(fromByte: number, toByte: number): boolean {
    const first = Math.floor(fromByte / this.#blockBytes);
    const end = Math.ceil(toByte / this.#blockBytes);
    const head = Math.floor(this.#headByte / this.#blockBytes);
    assert(end - head <= BLOCKS_MAX, "the answer queue would overtake itself");
    for (let number = first; number < end; number += 1) {
      if (this.#blocks[number % BLOCKS_MAX] !== null) continue;
      const block = this.#pool.take(this.#blockBytes);
      this.#blocks[number % BLOCKS_MAX] = block;
      if (block !== null) continue;
      // What was taken beyond the tail's own block goes back at once.
      const kept = Math.ceil(this.#tailByte / this.#blockBytes);
      for (let taken = kept; taken < number; taken += 1) this.#freeBlock(taken * this.#blockBytes);
      return false;
    }
    return true;
  }

  /** The record that audio of `item` is added to. */
  #growing(item: number): QueuedItem {
    const last = this.#items.at(-1);
    if (last !== undefined && last.item === item) return last;
    if (last !== undefined) this.#close(last);
    const queued = { item, startByte: this.#tailByte, audioBytes: 0, endByte: -1 };
    this.#itemLast = item;
    this.#items.push(queued);
    return queued;
  }

  #close(queued: QueuedItem): void {
    if (queued.endByte >= 0) return;
    const end = this.#frameBoundary(this.#tailByte);
    if (end > this.#tailByte) {
      const block = this.#blocks[this.#blockIndex(this.#tailByte)];
      assert(block !== null && block !== undefined, "a part filled frame has no block");
      const start = this.#tailByte % this.#blockBytes;
      block.fill(this.#silence, start, start + end - this.#tailByte);
    }
    this.#tailByte = end;
    queued.endByte = end;
  }

  #append(source: Uint8Array, start: number, end: number): void {
    let next = start;
    while (next < end) {
      const within = this.#tailByte % this.#blockBytes;
      const count = Math.min(end - next, this.#blockBytes - within);
      const block = this.#blocks[this.#blockIndex(this.#tailByte)];
      assert(block !== null && block !== undefined, "answer audio was not reserved");
      copyBytes.call(source, block, within, next, next + count);
      next += count;
      this.#tailByte += count;
    }
  }

  #setHigh(isHigh: boolean): void {
    if (this.#isHigh === isHigh) return;
    this.#isHigh = isHigh;
    this.#owner.onQueueHigh(isHigh);
  }

  #countWaiting(byteCount: number): void {
    this.#waitingBytes += byteCount;
    this.#metrics.answerQueueMs.add((byteCount * FRAME_MS) / this.#frameBytes);
  }

  /** An empty queue holds no block: both ends move to the next one. */
  #restAtBlock(): void {
    const end = Math.ceil(Math.max(this.#tailByte, this.#headByte) / this.#blockBytes);
    for (let number = Math.floor(this.#headByte / this.#blockBytes); number < end; number += 1) {
      this.#freeBlock(number * this.#blockBytes);
    }
    this.#headByte = end * this.#blockBytes;
    this.#tailByte = this.#headByte;
  }

  #freeBlock(byte: number): void {
    const index = this.#blockIndex(byte);
    const block = this.#blocks[index];
    if (block === null || block === undefined) return;
    this.#blocks[index] = null;
    this.#pool.give(block);
  }

  #frameBoundary(byte: number): number {
    return Math.ceil(byte / this.#frameBytes) * this.#frameBytes;
  }

  #blockIndex(byte: number): number {
    return Math.floor(byte / this.#blockBytes) % BLOCKS_MAX;
  }
}
