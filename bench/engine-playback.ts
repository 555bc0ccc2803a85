// Measures the way down: what a paced frame costs with many calls on the wheel, and the same write
// and render done by hand (S4-58: routing takes under 1 % of a processor).
// Method: `calls` calls play without end on a clock that the bench moves by 20 ms; each round
// queues and sends one frame per call. By hand: playbackWrite and render of as many slots, and the
// same sum.
import type { Clock } from "../service/contract/clock.ts";
import type { Core, CoreSlot } from "../service/contract/core.ts";
import type { Metrics } from "../service/contract/metrics.ts";
import { SEND } from "../service/contract/send-result.ts";
import { createAudioEngine } from "../service/engine/audio-engine.ts";
import { createAudioShared } from "../service/engine/audio-shared.ts";
import { createFastLaneConfig } from "../service/engine/fast-lane-config.ts";
import { PHONE } from "./engine-rounds.ts";

const ITEM = 1;
const QUEUED_AHEAD_MS = 200;

export interface PlaybackOptions {
  readonly core: Core;
  readonly metrics: Metrics;
  readonly calls: number;
  readonly rounds: number;
}

/** Nanoseconds per frame sent: medians over the rounds, the two ways alternating. */
export interface PlaybackResult {
  readonly straight: number;
  readonly engine: number;
  readonly framesSent: number;
}

/** One call each 20 ms per round; half of the core's slots go to either way. */
export function measurePlayback({ core, metrics, calls, rounds }: PlaybackOptions): PlaybackResult {
  const clock = new MovedClock();
  const shared = createAudioShared({ core, clock, metrics });
  const config = createFastLaneConfig(PHONE);
  const frame = Buffer.alloc((QUEUED_AHEAD_MS / 20) * 160, 0x55);
  let framesSent = 0;
  let sum = 0;
  const engines = Array.from({ length: calls }, () =>
    createAudioEngine(shared, config, {
      onCaptureFrame: () => undefined,
      onPlaybackFrame(bytes) {
        framesSent += 1;
        sum += bytes[0] ?? 0;
        return SEND.SENT;
      },
      onPlaybackItemSent: () => undefined,
      onPlaybackUnderrun: () => undefined,
    }),
  );
  const slots: CoreSlot[] = [];
  for (const engine of engines) {
    engine.initialize();
    engine.queuePlayback(ITEM, frame, 0, frame.length);
    const slot = core.openSlot(config.format, config.vad);
    if (slot !== null) slots.push(slot);
  }
  const engineRound = () => {
    for (const engine of engines) engine.queuePlayback(ITEM, frame, 0, 160);
    clock.move(20);
  };
  const straightRound = () => {
    for (const slot of slots) {
      slot.playbackWrite(frame, 0, 160);
      slot.render();
      sum += slot.output[0] ?? 0;
    }
  };
  const times = { straight: [] as number[], engine: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    times.engine.push(timeOf(engineRound) / calls);
    times.straight.push(timeOf(straightRound) / calls);
  }
  for (const engine of engines) engine.shutdown();
  for (const slot of slots) slot.close();
  if (sum === 0) throw new Error("The bench sent nothing");
  return { straight: median(times.straight), engine: median(times.engine), framesSent };
}

function timeOf(act: () => void): number {
  const start = Bun.nanoseconds();
  act();
  return Bun.nanoseconds() - start;
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[values.length >> 1] ?? 0;
}

/** The pacer's one timer, without a heap: nothing of the clock's own cost is measured. */
class MovedClock implements Clock {
  #nowMs = 0;
  #dueMs = 0;
  #callback: (() => void) | null = null;

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): number {
    this.#dueMs = this.#nowMs + delayMs;
    this.#callback = callback;
    return 1;
  }

  clearTimer(): void {
    this.#callback = null;
  }

  move(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (this.#callback !== null && this.#dueMs <= endMs) {
      const callback = this.#callback;
      this.#callback = null;
      this.#nowMs = Math.max(this.#nowMs, this.#dueMs);
      callback();
    }
    this.#nowMs = endMs;
  }
}
