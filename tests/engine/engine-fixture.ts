// Shared parts for tests of the engine: a stepped clock, the real core with the energy rule,
// counted metrics, and a listener that writes down what it hears and when.
import type {
  AudioEngine,
  AudioEngineConfig,
  EngineListener,
} from "../../service/contract/audio-engine.ts";
import type { Core, SlotFormat } from "../../service/contract/core.ts";
import type { Metrics } from "../../service/contract/metrics.ts";
import { SEND, type SendResult } from "../../service/contract/send-result.ts";
import { createAudioEngine } from "../../service/engine/audio-engine.ts";
import { type AudioShared, createAudioShared } from "../../service/engine/audio-shared.ts";
import { makeCore, PHONE_FORMAT, SETTINGS } from "../core/core-fixture.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";

export interface SentFrame {
  readonly atMs: number;
  readonly item: number;
  readonly positionSamples: number;
  readonly samples: number;
  readonly bytes: Buffer<ArrayBuffer>;
}

/** Metrics whose values a test can read by name. */
export interface CountedMetrics extends Metrics {
  /** Sum of a counter, newest value of a gauge, count of a histogram. */
  value(name: string): number;
  observed(name: string): readonly number[];
}

export function createCountedMetrics(): CountedMetrics {
  const values = new Map<string, number>();
  const seen = new Map<string, number[]>();
  const add = (name: string, count: number) => values.set(name, (values.get(name) ?? 0) + count);
  return {
    counter: (name) => ({ add: (count) => void add(name, count) }),
    gauge: (name) => ({
      set: (value) => void values.set(name, value),
      add: (delta) => void add(name, delta),
    }),
    histogram: (name) => ({
      observe(value) {
        add(name, 1);
        const list = seen.get(name) ?? [];
        list.push(value);
        seen.set(name, list);
      },
    }),
    value: (name) => values.get(name) ?? 0,
    observed: (name) => seen.get(name) ?? [],
  };
}

/** Hears everything one call's engine says. */
export class Notes implements EngineListener {
  readonly captured: { bits: number; frameIndex: number }[] = [];
  readonly sent: SentFrame[] = [];
  readonly ended: { item: number; samples: number; atMs: number }[] = [];
  readonly underruns: number[] = [];
  readonly high: boolean[] = [];
  readonly faults: unknown[] = [];
  result: SendResult = SEND.SENT;
  /** Runs inside the callback, for tests of what a listener may do there. */
  onSent: (() => void) | null = null;
  readonly #clock: SteppedClock;

  constructor(clock: SteppedClock) {
    this.#clock = clock;
  }

  onCaptureFrame(bits: number, frameIndex: number): void {
    this.captured.push({ bits, frameIndex });
  }

  onPlaybackFrame(
    frame: Uint8Array,
    item: number,
    positionSamples: number,
    samples: number,
  ): SendResult {
    const atMs = this.#clock.nowMs();
    this.sent.push({ atMs, item, positionSamples, samples, bytes: Buffer.from(frame) });
    this.onSent?.();
    return this.result;
  }

  onPlaybackItemSent(item: number, samples: number): void {
    this.ended.push({ item, samples, atMs: this.#clock.nowMs() });
  }

  onPlaybackUnderrun(item: number): void {
    this.underruns.push(item);
  }

  onPlaybackQueueHigh(isHigh: boolean): void {
    this.high.push(isHigh);
  }

  onFault(error: unknown): void {
    this.faults.push(error);
  }
}

export interface TestProcess {
  readonly clock: SteppedClock;
  readonly metrics: CountedMetrics;
  readonly shared: AudioShared;
}

export interface BusyClock extends SteppedClock {
  /** Time moves, but no timer runs before it has: what a busy process or a collection does. */
  stall(ms: number): void;
}

export function createBusyClock(): BusyClock {
  const clock = createSteppedClock();
  let busyUntilMs = 0;
  const setTimer = (delayMs: number, callback: () => void) => {
    const fire = () => {
      const leftMs = busyUntilMs - clock.nowMs();
      if (leftMs > 0) clock.setTimer(leftMs, fire);
      else callback();
    };
    return clock.setTimer(delayMs, fire);
  };
  return {
    ...clock,
    setTimer,
    stall(ms) {
      busyUntilMs = clock.nowMs() + ms;
      clock.advance(ms);
    },
  };
}

/** One process's shared parts over the real core. */
export function makeProcess(
  options: { core?: Core; poolBytes?: number; clock?: SteppedClock } = {},
): TestProcess {
  const clock = options.clock ?? createSteppedClock();
  const metrics = createCountedMetrics();
  const core = options.core ?? makeCore();
  const poolBytes = options.poolBytes ?? 64 * 1024 * 1024;
  return { clock, metrics, shared: createAudioShared({ core, clock, metrics, poolBytes }) };
}

export interface TestCall {
  readonly engine: AudioEngine;
  readonly notes: Notes;
}

/** A call that is initialized and capturing. */
export function makeCall(
  { clock, shared }: TestProcess,
  format: Partial<SlotFormat> = {},
  change: Partial<AudioEngineConfig> = {},
): TestCall {
  const notes = new Notes(clock);
  const config: AudioEngineConfig = {
    format: { ...PHONE_FORMAT, ...format },
    vad: SETTINGS,
    mode: "latency",
    ...change,
  };
  const engine = createAudioEngine(shared, config, notes);
  engine.initialize();
  engine.startCapture();
  return { engine, notes };
}

/** One 20 ms µ-law frame at 8 kHz whose bytes are all `value`. */
export function phoneFrame(value: number): Buffer<ArrayBuffer> {
  return Buffer.alloc(160, value);
}

/** `ms` of µ-law bytes, each frame with its own value, never 0xff (silence). */
export function phoneAudio(ms: number): Buffer<ArrayBuffer> {
  return Buffer.from(Array.from({ length: ms * 8 }, (_, index) => Math.floor(index / 160) % 251));
}

/** A call that has queued one item of `ms` milliseconds, whole. */
export function playAll(ms: number) {
  const process = makeProcess();
  const { engine, notes } = makeCall(process);
  const audio = phoneAudio(ms);
  engine.queuePlayback(1, audio, 0, audio.length);
  engine.endPlaybackItem(1);
  return { ...process, engine, notes, audio };
}
