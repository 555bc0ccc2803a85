// Synthetic packet traces for the jitter buffer, and the fixed buffer it is compared with.

/** One packet: which frame, and when it arrives on the receiver's clock; null: lost on the way. */
export type Trace = readonly (number | null)[];

/** What a buffer made of a trace. */
export interface Outcome {
  /** Share of the received frames that were never played: too late, or skipped. */
  readonly lateLoss: number;
  /** Mean of (played - sent), over the fastest way a packet can take. */
  readonly meanDelayMs: number;
}

const FRAME_MS = 20;
const NETWORK_MS = 40;

/** Uniform 0..1, reproducible (Lehmer generator, Park and Miller 1988). */
export function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

export const TRACES: Record<string, (frames: number, random: () => number) => Trace> = {
  // A good line: 8 ms of uniform jitter.
  steady: (frames, random) =>
    Array.from({ length: frames }, (_, frame) => sent(frame) + 8 * random()),
  // Radio: every 4 s on average the line stands for 60 to 140 ms, then all that waited comes.
  bursty: (frames, random) => {
    let heldUntil = 0;
    return Array.from({ length: frames }, (_, frame) => {
      const arrival = sent(frame) + 10 * random();
      if (random() < 0.005) heldUntil = arrival + 60 + 80 * random();
      return Math.max(arrival, heldUntil);
    });
  },
  // A sender whose clock is 300 ppm slow: 90 ms in five minutes.
  drifting: (frames, random) =>
    Array.from({ length: frames }, (_, frame) => sent(frame) * 1.0003 + 12 * random()),
  // 5 % lost, jitter with a long tail (exponential, mean 8 ms, reordering).
  lossy: (frames, random) =>
    Array.from({ length: frames }, (_, frame) =>
      random() < 0.05 ? null : sent(frame) - 8 * Math.log(1 - random()),
    ),
};

/** The fixed buffer: each frame is due `bufferMs` after the fastest way a packet can take. */
export function fixedOutcome(trace: Trace, bufferMs: number): Outcome {
  let late = 0;
  let received = 0;
  trace.forEach((arrival, frame) => {
    if (arrival === null) return;
    received += 1;
    if (arrival > sent(frame) + bufferMs) late += 1;
  });
  return { lateLoss: late / received, meanDelayMs: bufferMs };
}

/** The smallest fixed buffer, in whole frames, with at most `share` of late loss. */
export function smallestFixed(trace: Trace, share: number): { bufferMs: number; outcome: Outcome } {
  for (let bufferMs = FRAME_MS; bufferMs <= 1000; bufferMs += FRAME_MS) {
    const outcome = fixedOutcome(trace, bufferMs);
    if (outcome.lateLoss <= share) return { bufferMs, outcome };
  }
  throw new Error("no fixed buffer up to a second is good enough");
}

/** When a frame left, on the receiver's clock, plus the fastest network way. */
export function sent(frame: number): number {
  return frame * FRAME_MS + NETWORK_MS;
}
