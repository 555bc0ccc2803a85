// Synthetic packet traces for the jitter buffer, how it plays them, and the fixed buffer it is
// compared with. Frames carry their number as payload.

import type { JitterBuffer } from "../../service/core/datagram-kernels.ts";
import type { LoadedCore } from "../../service/core/core.ts";

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

/**
 * Plays a trace on a 20 ms tick through the core's buffer. Frames come out in order, none twice.
 */
export function adaptiveOutcome(core: LoadedCore, trace: Trace): Outcome {
  const buffer = openBuffer(core);
  const arrivals = trace
    .flatMap((arrival, frame) => (arrival === null ? [] : [{ arrival, frame }]))
    .sort((a, b) => a.arrival - b.arrival);
  let next = 0;
  let played = 0;
  let delayMs = 0;
  let last = -1;
  for (let nowMs = 0; nowMs < (trace.length + 50) * FRAME_MS; nowMs += FRAME_MS) {
    for (let packet = arrivals[next]; packet && packet.arrival <= nowMs; packet = arrivals[next]) {
      pushFrame(core, buffer, packet.frame, packet.arrival);
      next += 1;
    }
    if (typeof buffer.tick(nowMs) !== "number") continue;
    if (playedFrame(core) <= last) throw new Error("a frame was played out of order or twice");
    last = playedFrame(core);
    played += 1;
    delayMs += nowMs - sent(last);
  }
  buffer.close();
  return { lateLoss: 1 - played / arrivals.length, meanDelayMs: delayMs / played };
}

export function openBuffer(core: LoadedCore): JitterBuffer {
  const buffer = core.datagram.openJitterBuffer();
  if (buffer === null) throw new Error("no jitter buffer left");
  return buffer;
}

export function pushFrame(
  core: LoadedCore,
  buffer: JitterBuffer,
  frame: number,
  arrivalMs: number,
): string {
  const { bytes } = core.kernels.input;
  new DataView(bytes.buffer, bytes.byteOffset).setInt32(0, frame);
  return buffer.push(frame, Math.round(arrivalMs), 160);
}

export function playedFrame(core: LoadedCore): number {
  const { buffer, byteOffset } = core.kernels.output.bytes;
  return new DataView(buffer, byteOffset).getInt32(0);
}
