// Is this chunk of a backend caller's audio fit to go on, and when was it captured?
// On the frame's way: between the message and the call's port. Nothing is copied or kept.
//
// Sequence: counts up by one; a repeat is dropped, a jump is a gap. Capture clock: the caller's own
// `capture_ms` when it sends one; a caller that leaves it out is given the clock of its samples,
// with the missing chunks of a jump counted as long as the one after them. Either way the engine
// sees gaps in one form (decision 16).
import type { CallerEncoding } from "../contract/core.ts";
import { ODD_MESSAGES_MAX } from "../limits.ts";
import type { InflowLimit } from "./inflow-limit.ts";
import { type NonFiniteWatch, createNonFiniteWatch } from "./non-finite-watch.ts";
import { sampleBytes } from "./start-check.ts";
import type { Traffic } from "./traffic.ts";

/** What becomes of a chunk. PASS: give it to the call. The first three keep the call alive. */
export const INTAKE = {
  PASS: 0,
  /** Dropped: empty or a repeat of what came before. */
  DROP: 1,
  /** Dropped: it does not hold whole samples. */
  ODD: 2,
  /** The last of too many odd ones: close 1007. */
  ODD_TOO_OFTEN: 3,
  /** Too many NaN or infinite samples: close 1007. */
  NON_FINITE: 4,
  /** Faster than allowed: close 4429. */
  TOO_FAST: 5,
} as const;

export type IntakeResult = (typeof INTAKE)[keyof typeof INTAKE];

export interface CallerAudioIntake {
  /** Bytes [start, end) of `message`. Cost: f32 is looked through, else a few comparisons. */
  take(
    message: Uint8Array,
    start: number,
    end: number,
    sequence: number,
    captureMs: number,
    nowMs: number,
  ): IntakeResult;
  /** The capture time of the chunk that passed last. */
  captureMs(): number;
}

interface IntakeOptions {
  readonly encoding: CallerEncoding;
  readonly rateHz: number;
  readonly channels: number;
  readonly inflow: InflowLimit;
  readonly traffic: Traffic;
}

/** The intake of one connection, from its start on. */
export function createCallerAudioIntake(options: IntakeOptions): CallerAudioIntake {
  return new OneIntake(options);
}

class OneIntake implements CallerAudioIntake {
  readonly #blockBytes: number;
  readonly #rateHz: number;
  readonly #inflow: InflowLimit;
  readonly #traffic: Traffic;
  readonly #nonFinite: NonFiniteWatch | null;
  #sequenceNext = -1;
  #oddInRow = 0;
  /** Samples per channel up to here, lost ones included. */
  #positionSamples = 0;
  #hasCaptureClock = false;
  #captureMs = 0;

  constructor({ encoding, rateHz, channels, inflow, traffic }: IntakeOptions) {
    this.#blockBytes = sampleBytes(encoding) * channels;
    this.#rateHz = rateHz;
    this.#inflow = inflow;
    this.#traffic = traffic;
    this.#nonFinite = encoding === "f32" ? createNonFiniteWatch(rateHz * channels) : null;
  }

  captureMs(): number {
    return this.#captureMs;
  }

  take(
    message: Uint8Array,
    start: number,
    end: number,
    sequence: number,
    captureMs: number,
    nowMs: number,
  ): IntakeResult {
    const chunkBytes = end - start;
    const samples = Math.floor(chunkBytes / this.#blockBytes);
    const missing = this.#missingBefore(sequence);
    if (missing < 0) return INTAKE.DROP;
    this.#positionSamples += missing * samples;
    const positionSamples = this.#positionSamples;
    this.#positionSamples += samples;

    if (chunkBytes === 0) {
      this.#traffic.noteBadInput("empty_audio");
      return INTAKE.DROP;
    }
    if (chunkBytes !== samples * this.#blockBytes) return this.#odd();
    this.#oddInRow = 0;
    if (this.#nonFinite !== null && !this.#nonFinite.look(message, start, end)) {
      this.#traffic.noteBadInput("non_finite");
      return INTAKE.NON_FINITE;
    }
    if (captureMs !== 0) this.#hasCaptureClock = true;
    this.#captureMs = this.#hasCaptureClock
      ? captureMs
      : Math.floor((positionSamples * 1_000) / this.#rateHz);
    const durationMs = (samples * 1_000) / this.#rateHz;
    if (!this.#inflow.takeAudio(durationMs, this.#captureMs, nowMs)) {
      this.#traffic.noteBadInput("too_fast");
      return INTAKE.TOO_FAST;
    }
    return INTAKE.PASS;
  }

  /** -> how many chunks are missing before this one, or -1 when it has been here before. */
  #missingBefore(sequence: number): number {
    if (this.#sequenceNext < 0) this.#sequenceNext = sequence;
    // uint32 wraps after 2.7 years of 20 ms; the signed difference is right across it.
    const missing = (sequence - this.#sequenceNext) | 0;
    if (missing < 0) {
      this.#traffic.noteBadInput("sequence_repeated");
      return -1;
    }
    if (missing > 0) this.#traffic.noteBadInput("sequence_gap");
    this.#sequenceNext = (sequence + 1) >>> 0;
    return missing;
  }

  #odd(): IntakeResult {
    this.#traffic.noteBadInput("odd_bytes");
    this.#oddInRow += 1;
    return this.#oddInRow >= ODD_MESSAGES_MAX ? INTAKE.ODD_TOO_OFTEN : INTAKE.ODD;
  }
}
