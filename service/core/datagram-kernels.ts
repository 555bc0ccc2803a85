// Kernels for transports that lose and reorder packets (decision 16): concealment and jitter
// buffer. They stand beside the slots: a datagram transport runs its packets through them and gives
// the frames to CoreSlot as any other transport does. Input and output are the kernels' shared
// areas.

import * as limits from "../../dsp/limits.ts";
import * as map from "../../dsp/memory-map.ts";
import { STATUS_OK } from "../../dsp/status.ts";
import { assert } from "../assert.ts";
import type { CoreMemory } from "./open-slot.ts";

/** Conceals lost frames of one mono stream; frames of 20 ms, f32, in Kernels.input. */
export interface Concealment {
  /** The frame came: joins it, in place, to what was concealed before. */
  good(): void;
  /** The frame is lost: writes something in its place. */
  lost(): void;
  close(): void;
}

/** What a packet was: kept, too late to be played, or there already. */
export type PacketFate = "taken" | "late" | "duplicate";

/** What a playout tick gives: a frame of that many bytes, or why there is none. */
export type JitterTick = number | "wait" | "lost" | "insert";

/** One adaptive jitter buffer of 20..200 ms. */
export interface JitterBuffer {
  /** `frame`: which 20 ms of the stream, by timestamp; payload: `bytes` of Kernels.input. */
  push(frame: number, arrivalMs: number, bytes: number): PacketFate;
  /**
   * Once per 20 ms. The payload is in Kernels.output; "lost" and "insert" want a concealed frame.
   */
  tick(nowMs: number): JitterTick;
  /** Delay it aims at, over the fastest packets. */
  targetMs(): number;
  counts(): JitterCounts;
  close(): void;
}

export interface JitterCounts {
  readonly played: number;
  readonly late: number;
  readonly duplicate: number;
  readonly lost: number;
  readonly skipped: number;
  readonly inserted: number;
}

const FATES: readonly PacketFate[] = ["taken", "late", "duplicate"];

/** The streams of one core. */
export class DatagramKernels {
  readonly #core: CoreMemory;
  readonly #conceals: number[] = [];
  readonly #jitters: number[] = [];

  constructor(core: CoreMemory) {
    this.#core = core;
    for (let index = limits.CONCEAL_STREAMS - 1; index >= 0; index -= 1) this.#conceals.push(index);
    for (let index = limits.JITTER_STREAMS - 1; index >= 0; index -= 1) this.#jitters.push(index);
  }

  /** -> null when every stream is taken. */
  openConcealment(rateHz: 8000 | 16000): Concealment | null {
    const index = this.#conceals.pop();
    if (index === undefined) return null;
    const { exports } = this.#core;
    assert(exports.concealOpen(index, rateHz) === STATUS_OK, "core refused a concealment stream");
    return {
      good: () => assert(exports.concealFrameGood(index) === STATUS_OK, "concealment is closed"),
      lost: () => assert(exports.concealFrameLost(index) === STATUS_OK, "concealment is closed"),
      close: () => {
        this.#conceals.push(index);
      },
    };
  }

  /** -> null when every buffer is taken. */
  openJitterBuffer(): JitterBuffer | null {
    const index = this.#jitters.pop();
    if (index === undefined) return null;
    const { exports, words } = this.#core;
    assert(exports.jitterOpen(index) === STATUS_OK, "core refused a jitter buffer");
    const base = map.JITTERS_BASE + index * map.JITTER_BYTES;
    const word = (offset: number) => words[(base + offset) >> 2] ?? 0;
    return {
      push: (frame, arrivalMs, bytes) => {
        const fate = FATES[exports.jitterPacket(index, frame, arrivalMs, bytes)];
        assert(fate !== undefined, "jitter buffer packet out of range");
        return fate;
      },
      tick: (nowMs) => tickOf(exports.jitterTick(index, nowMs)),
      targetMs: () => word(map.JITTER_TARGET_MS),
      counts: () => ({
        played: word(map.JITTER_COUNT_PLAYED),
        late: word(map.JITTER_COUNT_LATE),
        duplicate: word(map.JITTER_COUNT_DUPLICATE),
        lost: word(map.JITTER_COUNT_LOST),
        skipped: word(map.JITTER_COUNT_SKIPPED),
        inserted: word(map.JITTER_COUNT_INSERTED),
      }),
      close: () => {
        this.#jitters.push(index);
      },
    };
  }
}

function tickOf(result: number): JitterTick {
  if (result > 0) return result;
  if (result === 0) return "wait";
  return result === -1 ? "lost" : "insert";
}
