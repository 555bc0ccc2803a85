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
  const bytesPerSample = sampleBytes(format);
  const samplesPerMs = format.rateHz / 1000;
  const frames: QueuedFrame[] = [];
  const marks = new Set<Mark>();
  let queueEndMs = Number.NEGATIVE_INFINITY;
  let generationMin = 0;
  let staleCount = 0;
  let underrunCount = 0;
  let quietTimer: TimerHandle | undefined;

  const isPlaying = (): boolean => queueEndMs > clock.nowMs();
  const heardOf = (frame: QueuedFrame): number => {
    const passed = Math.floor((clock.nowMs() - frame.startMs) * samplesPerMs + SAMPLE_EPSILON);
    return Math.max(0, Math.min(frame.samples, passed));
  };
  const seen = (frame: QueuedFrame): HeardFrame => {
    const heardSamples = heardOf(frame);
    const data = frame.data.subarray(0, heardSamples * bytesPerSample);
    const { item, positionSamples, generation, startMs } = frame;
    return { item, positionSamples, generation, startMs, data, heardSamples };
  };
  const heard = (): readonly HeardFrame[] =>
    frames.map(seen).filter((frame) => frame.heardSamples > 0);

  // One timer follows the end of the queue; it is set again when the end has moved meanwhile.
  const watchQuiet = (): void => {
    if (quietTimer !== undefined) return;
    quietTimer = clock.setTimer(Math.max(0, queueEndMs - clock.nowMs()), () => {
      quietTimer = undefined;
      if (isPlaying()) watchQuiet();
      else listener.onQuiet?.();
    });
  };
  const forgetTimers = (): void => {
    if (quietTimer !== undefined) clock.clearTimer(quietTimer);
    quietTimer = undefined;
    for (const mark of marks) clock.clearTimer(mark.timer);
    marks.clear();
  };

  return {
    play(frame) {
      if (frame.generation < generationMin) {
        staleCount += 1;
        return false;
      }
      const nowMs = clock.nowMs();
      const wasPlaying = isPlaying();
      const last = frames.at(-1);
      if (last !== undefined && queueEndMs < nowMs && last.item === frame.item) {
        if (frame.item > 0 && last.generation === frame.generation) underrunCount += 1;
      }
      const samples = Math.floor(frame.data.byteLength / bytesPerSample);
      const startMs = Math.max(nowMs, queueEndMs);
      frames.push({ ...frame, startMs, samples });
      queueEndMs = startMs + samples / samplesPerMs;
      watchQuiet();
      if (!wasPlaying) listener.onSound?.(frame.item);
      return true;
    },
    clear(generation) {
      generationMin = Math.max(generationMin, generation);
      const wasPlaying = isPlaying();
      for (const frame of frames) frame.samples = heardOf(frame);
      queueEndMs = Math.min(queueEndMs, clock.nowMs());
      const cleared = [...marks];
      forgetTimers();
      for (const mark of cleared) mark.callback(true);
      if (wasPlaying) listener.onQuiet?.();
    },
    whenPlayed(callback) {
      if (!isPlaying()) {
        callback(false);
        return;
      }
      const timer = clock.setTimer(queueEndMs - clock.nowMs(), () => {
        marks.delete(mark);
        callback(false);
      });
      const mark: Mark = { timer, callback };
      marks.add(mark);
    },
    isPlaying,
    current() {
      const frame = frames.findLast((candidate) => heardOf(candidate) > 0);
      return frame === undefined ? undefined : seen(frame);
    },
    heardSamples(item) {
      let end = 0;
      for (const frame of frames) {
        const count = frame.item === item ? heardOf(frame) : 0;
        if (count > 0) end = Math.max(end, frame.positionSamples + count);
      }
      return end;
    },
    heardMs: () => frames.reduce((sum, frame) => sum + heardOf(frame), 0) / samplesPerMs,
    heard,
    heardBytes: () => Buffer.concat(heard().map((frame) => frame.data)),
    recording(fromMs) {
      const samples = Math.max(0, Math.round((clock.nowMs() - fromMs) * samplesPerMs));
      const bytes = silence(format, samples * bytesPerSample);
      for (const frame of heard()) {
        const start = Math.round((frame.startMs - fromMs) * samplesPerMs) * bytesPerSample;
        if (start >= 0 && start < bytes.byteLength) {
          bytes.set(frame.data.subarray(0, bytes.byteLength - start), start);
        }
      }
      return bytes;
    },
    staleFrames: () => staleCount,
    underruns: () => underrunCount,
    close: forgetTimers,
  };
}
