// Measures what engine/ adds to a frame: the same bytes through AudioEngine.capture and straight
// into a core slot, in alternating rounds (S4-50, S4-58, S4-60, D-01).
// Method: two slots of one core with the same format. Straight: copy into slot.input, ingest, hand
// the bits on. Engine: capture() with a listener that does the same with the bits. A mean round is
// a batch of frames, so that reading the clock costs both sides next to nothing; a worst round is
// one frame. On a busy machine the worst round is whatever took the processor away, on either way;
// so the worst rounds run WORST_PASSES times and the quietest pass of each round is given too.
import { heapStats } from "bun:jsc";
import type { AudioEngine, EngineListener } from "../service/contract/audio-engine.ts";
import type { Metrics } from "../service/contract/metrics.ts";
import { createSystemClock } from "../service/clock.ts";
import type { Core, CoreSlot, SlotFormat } from "../service/contract/core.ts";
import { SEND } from "../service/contract/send-result.ts";
import { createAudioEngine } from "../service/engine/audio-engine.ts";
import { type AudioShared, createAudioShared } from "../service/engine/audio-shared.ts";
import { createFastLaneConfig } from "../service/engine/fast-lane-config.ts";

const FRAMES_PER_BATCH = 50;

export interface RoundsOptions {
  readonly core: Core;
  readonly metrics: Metrics;
  readonly format: SlotFormat;
  readonly rounds: number;
}

/** Nanoseconds per frame. */
export interface Spread {
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface RoundsResult {
  readonly straight: Spread;
  readonly engine: Spread;
  /** Mean over the rounds of (engine - straight). */
  readonly differenceMean: number;
  /**
   * The same without the hundredth part of the rounds at either end: those were taken away from us.
   */
  readonly differenceTrimmed: number;
  readonly differenceP50: number;
  /**
   * One frame at a time: the slowest round of all passes, and of the quietest pass of each round.
   */
  readonly worstStraight: number;
  readonly worstEngine: number;
  readonly worstStraightQuiet: number;
  readonly worstEngineQuiet: number;
  /** Equal on both ways, or the comparison is void. */
  readonly checksumStraight: number;
  readonly checksumEngine: number;
}

const WORST_PASSES = 3;

/** Runs warm-up, mean rounds and worst rounds. */
export function measureRounds(options: RoundsOptions): RoundsResult {
  const { rounds } = options;
  const ways = openWays(options);
  for (let round = 0; round < Math.min(rounds, 500); round += 1) {
    ways.straight(FRAMES_PER_BATCH);
    ways.engine(FRAMES_PER_BATCH);
  }
  const mean = alternate(ways, rounds, FRAMES_PER_BATCH);
  const passes = Array.from({ length: WORST_PASSES }, () => alternate(ways, rounds, 1));
  const worst = (way: "straight" | "engine") => Math.max(...passes.map((pass) => max(pass[way])));
  const quiet = (way: "straight" | "engine") =>
    max(
      passes[0]?.[way].map((_, round) =>
        Math.min(...passes.map((pass) => pass[way][round] ?? Number.POSITIVE_INFINITY)),
      ) ?? [],
    );
  const difference = mean.engine.map((value, round) => value - (mean.straight[round] ?? 0));
  const result: RoundsResult = {
    straight: spreadOf(mean.straight),
    engine: spreadOf(mean.engine),
    differenceMean: spreadOf(difference).mean,
    differenceTrimmed: trimmedMean(difference),
    differenceP50: spreadOf(difference).p50,
    worstStraight: worst("straight"),
    worstEngine: worst("engine"),
    worstStraightQuiet: quiet("straight"),
    worstEngineQuiet: quiet("engine"),
    checksumStraight: ways.checksums.straight,
    checksumEngine: ways.checksums.engine,
  };
  ways.close();
  return result;
}

interface Ways {
  straight(frames: number): void;
  engine(frames: number): void;
  readonly checksums: { straight: number; engine: number };
  close(): void;
}

function openWays({ core, metrics, format }: RoundsOptions): Ways {
  const config = createFastLaneConfig(format);
  const slot = core.openSlot(config.format, config.vad);
  if (slot === null) throw new Error("The bench needs two free slots");
  const checksums = { straight: 0, engine: 0 };
  const shared = createAudioShared({ core, clock: createSystemClock(), metrics });
  const engine = openEngine(shared, config.format, (bits, frameIndex) => {
    checksums.engine = (checksums.engine * 31 + bits + frameIndex) | 0;
  });
  const chunk = speechLike(slot.callerFrameBytes * FRAMES_PER_BATCH);
  const bytes = slot.callerFrameBytes;
  return {
    checksums,
    straight(frames) {
      for (let frame = 0; frame < frames; frame += 1) {
        chunk.copy(slot.input, 0, frame * bytes, frame * bytes + bytes);
        const bits = slot.ingest();
        checksums.straight = (checksums.straight * 31 + bits + slot.framesIngested() - 1) | 0;
      }
    },
    engine(frames) {
      for (let frame = 0; frame < frames; frame += 1) {
        engine.capture(chunk, frame * bytes, frame * bytes + bytes, -1);
      }
    },
    close() {
      engine.shutdown();
      slot.close();
    },
  };
}

function openEngine(
  shared: AudioShared,
  format: SlotFormat,
  onCaptureFrame: EngineListener["onCaptureFrame"],
): AudioEngine {
  const engine = createAudioEngine(shared, createFastLaneConfig(format), {
    onCaptureFrame,
    onPlaybackFrame: () => SEND.SENT,
    onPlaybackItemSent: () => undefined,
    onPlaybackUnderrun: () => undefined,
  });
  engine.initialize();
  engine.startCapture();
  return engine;
}

/** Which way goes first changes from round to round, so that neither always finds a warm cache. */
function alternate(ways: Ways, rounds: number, frames: number) {
  const straight: number[] = [];
  const engine: number[] = [];
  const time = (way: (frames: number) => void) => {
    const start = Bun.nanoseconds();
    way(frames);
    return (Bun.nanoseconds() - start) / frames;
  };
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) straight.push(time(ways.straight));
    engine.push(time(ways.engine));
    if (round % 2 === 1) straight.push(time(ways.straight));
  }
  return { straight, engine };
}

function trimmedMean(values: readonly number[]): number {
  const cut = Math.floor(values.length / 100);
  const sorted = [...values].sort((left, right) => left - right);
  return spreadOf(sorted.slice(cut, sorted.length - cut)).mean;
}

function max(values: readonly number[]): number {
  return values.reduce((largest, value) => Math.max(largest, value), 0);
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((left, right) => left - right);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Bytes without a pattern that a branch could learn; a fixed seed. */
function speechLike(byteCount: number): Buffer {
  let seed = 0x2545f491;
  return Buffer.from(
    Array.from({ length: byteCount }, () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed >>> 24;
    }),
  );
}

/**
 * Bytes of heap that one call's engine takes, its core slot left out, over `calls` of them. The
 * slots' views are kept by the core from the first opening on, so all slots are opened once before.
 */
export function measureMemory(core: Core, metrics: Metrics, calls: number): number {
  const shared = createAudioShared({ core, clock: createSystemClock(), metrics });
  const { format, vad } = createFastLaneConfig(PHONE);
  const slots: (CoreSlot | null)[] = [];
  for (let call = 0; call < calls; call += 1) slots.push(core.openSlot(format, vad));
  for (const slot of slots) slot?.close();
  const open = () =>
    Array.from({ length: calls }, () => openEngine(shared, format, () => undefined));
  for (const engine of open()) engine.shutdown();
  Bun.gc(true);
  const before = heapStats().heapSize + heapStats().extraMemorySize;
  const engines = open();
  Bun.gc(true);
  const after = heapStats().heapSize + heapStats().extraMemorySize;
  for (const engine of engines) engine.shutdown();
  return (after - before) / calls;
}

/** The format of a phone call, the cheapest frame there is: what is added shows most. */
export const PHONE: SlotFormat = {
  callerEncoding: "mulaw",
  callerRateHz: 8000,
  callerChannels: 1,
  upstreamEncoding: "mulaw",
  upstreamRateHz: 8000,
  resampler: "standard",
  vadSource: "energy",
};

/** A wideband caller of a 24 kHz upstream. */
export const WIDEBAND: SlotFormat = {
  ...PHONE,
  callerEncoding: "pcm16",
  callerRateHz: 16_000,
  upstreamEncoding: "pcm16",
  upstreamRateHz: 24_000,
};
