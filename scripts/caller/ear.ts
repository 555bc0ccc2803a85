// The caller's ear: a player that plays what arrives in real time, one sample after another, on the
// injected clock, and knows exactly which samples came out of it. It is the ground truth against
// which receipts and truncations are judged.
//
//   arrival    |f1 f2 f3|      |f4|   |f5|          frames queue; a frame starts when the one before
//   playing     f1111 f2222 f3333 f4444 f5555       it ends, or at once when nothing is queued
//   clear                          ^                what lies right of it is never heard
//
// No jitter buffer, no device latency: the far end of a real line has both (docs/call.md).
import type { Clock, TimerHandle } from "../../service/contract/clock.ts";
import type { AudioFormat } from "./audio-format.ts";
import { sampleBytes, silence } from "./audio-format.ts";

export interface EarFrame {
  /** 0 where the line names no items. */
  readonly item: number;
  /** Of the first sample, within its item. */
  readonly positionSamples: number;
  readonly generation: number;
  readonly data: Uint8Array;
}

/** One frame as it was heard: possibly cut by a clear, never moved. */
export interface HeardFrame extends EarFrame {
  readonly startMs: number;
  /** Samples per channel that came out of the player. */
  readonly heardSamples: number;
}

export interface EarListener {
  /** Sound begins after quiet. */
  onSound?: (item: number) => void;
  /** The queue ran dry: everything that arrived was heard. */
  onQuiet?: () => void;
}

export interface Ear {
  /** Queues a frame; false when its generation was cleared before it came (it is not played). */
  play(frame: EarFrame): boolean;
  /** Stops at once; frames of generations below `generation` are refused from now on. */
  clear(generation: number): void;
  /** Calls back when all that is queued now has been heard, or at once when it is cleared. */
  whenPlayed(callback: (isCleared: boolean) => void): void;
  isPlaying(): boolean;
  /** The frame sounding now, or the last one that did. */
  current(): HeardFrame | undefined;
  /** End of what was heard of `item`, in samples of the item. */
  heardSamples(item: number): number;
  /** Milliseconds of sound heard since the ear was made. */
  heardMs(): number;
  /** Everything heard so far, in order. */
  heard(): readonly HeardFrame[];
  /** Heard bytes, one after another, without the quiet between. */
  heardBytes(): Uint8Array;
  /** From `fromMs` to now in real time, silence where nothing played. */
  recording(fromMs: number): Uint8Array;
  /** Frames refused because they were of a cleared generation. */
  staleFrames(): number;
  /** Times the queue ran dry although more of the same item came afterwards. */
  underruns(): number;
  /** Forgets its timers. */
  close(): void;
}

interface QueuedFrame extends EarFrame {
  readonly startMs: number;
  samples: number;
}

interface Mark {
  readonly timer: TimerHandle;
  readonly callback: (isCleared: boolean) => void;
}

/** Absorbs the rounding of ms x rate: a thousandth of a sample, far below one. */
const SAMPLE_EPSILON = 1e-3;

export function createEar(clock: Clock, format: AudioFormat, listener: EarListener = {}): Ear {
  return new PlayingEar(clock, format, listener);
}

class PlayingEar implements Ear {
  readonly #clock: Clock;
  readonly #format: AudioFormat;
  readonly #listener: EarListener;
  readonly #bytesPerSample: number;
  readonly #samplesPerMs: number;
  readonly #frames: QueuedFrame[] = [];
  readonly #marks = new Set<Mark>();
  #queueEndMs = Number.NEGATIVE_INFINITY;
  #generationMin = 0;
  #staleCount = 0;
  #underrunCount = 0;
  #quietTimer: TimerHandle | undefined;

  constructor(clock: Clock, format: AudioFormat, listener: EarListener) {
    this.#clock = clock;
    this.#format = format;
    this.#listener = listener;
    this.#bytesPerSample = sampleBytes(format);
    this.#samplesPerMs = format.rateHz / 1000;
  }

  play(frame: EarFrame): boolean {
    if (frame.generation < this.#generationMin) {
      this.#staleCount += 1;
      return false;
    }
    const nowMs = this.#clock.nowMs();
    const wasPlaying = this.isPlaying();
    if (this.#queueEndMs < nowMs && this.#continuesLast(frame)) this.#underrunCount += 1;
    const samples = Math.floor(frame.data.byteLength / this.#bytesPerSample);
    const startMs = Math.max(nowMs, this.#queueEndMs);
    this.#frames.push({ ...frame, startMs, samples });
    this.#queueEndMs = startMs + samples / this.#samplesPerMs;
    this.#watchQuiet();
    if (!wasPlaying) this.#listener.onSound?.(frame.item);
    return true;
  }

  clear(generation: number): void {
    this.#generationMin = Math.max(this.#generationMin, generation);
    const wasPlaying = this.isPlaying();
    for (const frame of this.#frames) frame.samples = this.#heardOf(frame);
    this.#queueEndMs = Math.min(this.#queueEndMs, this.#clock.nowMs());
    const cleared = [...this.#marks];
    this.close();
    for (const mark of cleared) mark.callback(true);
    if (wasPlaying) this.#listener.onQuiet?.();
  }

  whenPlayed(callback: (isCleared: boolean) => void): void {
    if (!this.isPlaying()) {
      callback(false);
      return;
    }
    const timer = this.#clock.setTimer(this.#queueEndMs - this.#clock.nowMs(), () => {
      this.#marks.delete(mark);
      callback(false);
    });
    const mark: Mark = { timer, callback };
    this.#marks.add(mark);
  }

  isPlaying(): boolean {
    return this.#queueEndMs > this.#clock.nowMs();
  }

  current(): HeardFrame | undefined {
    const frame = this.#frames.findLast((candidate) => this.#heardOf(candidate) > 0);
    return frame === undefined ? undefined : this.#seen(frame);
  }

  heardSamples(item: number): number {
    let end = 0;
    for (const frame of this.#frames) {
      const count = frame.item === item ? this.#heardOf(frame) : 0;
      if (count > 0) end = Math.max(end, frame.positionSamples + count);
    }
    return end;
  }

  heardMs(): number {
    const samples = this.#frames.reduce((sum, frame) => sum + this.#heardOf(frame), 0);
    return samples / this.#samplesPerMs;
  }

  heard(): readonly HeardFrame[] {
    return this.#frames
      .map((frame) => this.#seen(frame))
      .filter(({ heardSamples }) => heardSamples > 0);
  }

  heardBytes(): Uint8Array {
    return Buffer.concat(this.heard().map(({ data }) => data));
  }

  recording(fromMs: number): Uint8Array {
    const samples = Math.max(0, Math.round((this.#clock.nowMs() - fromMs) * this.#samplesPerMs));
    const bytes = silence(this.#format, samples * this.#bytesPerSample);
    for (const { startMs, data } of this.heard()) {
      const startSample = Math.round((startMs - fromMs) * this.#samplesPerMs);
      const start = startSample * this.#bytesPerSample;
      if (start < 0 || start >= bytes.byteLength) continue;
      bytes.set(data.subarray(0, bytes.byteLength - start), start);
    }
    return bytes;
  }

  staleFrames(): number {
    return this.#staleCount;
  }

  underruns(): number {
    return this.#underrunCount;
  }

  close(): void {
    if (this.#quietTimer !== undefined) this.#clock.clearTimer(this.#quietTimer);
    this.#quietTimer = undefined;
    for (const mark of this.#marks) this.#clock.clearTimer(mark.timer);
    this.#marks.clear();
  }

  #continuesLast(frame: EarFrame): boolean {
    const last = this.#frames.at(-1);
    return (
      last !== undefined &&
      frame.item > 0 &&
      last.item === frame.item &&
      last.generation === frame.generation
    );
  }

  #heardOf(frame: QueuedFrame): number {
    const passedMs = this.#clock.nowMs() - frame.startMs;
    const passed = Math.floor(passedMs * this.#samplesPerMs + SAMPLE_EPSILON);
    return Math.max(0, Math.min(frame.samples, passed));
  }

  #seen(frame: QueuedFrame): HeardFrame {
    const heardSamples = this.#heardOf(frame);
    const data = frame.data.subarray(0, heardSamples * this.#bytesPerSample);
    const { item, positionSamples, generation, startMs } = frame;
    return { item, positionSamples, generation, startMs, data, heardSamples };
  }

  /** One timer follows the end of the queue; it is set again when the end has moved meanwhile. */
  #watchQuiet(): void {
    if (this.#quietTimer !== undefined) return;
    const delayMs = Math.max(0, this.#queueEndMs - this.#clock.nowMs());
    this.#quietTimer = this.#clock.setTimer(delayMs, () => {
      this.#quietTimer = undefined;
      if (this.isPlaying()) this.#watchQuiet();
      else this.#listener.onQuiet?.();
    });
  }
}
