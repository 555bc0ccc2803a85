// How fast a caller may send: two token buckets per connection, one in audio time, one in messages.
// Real time is always allowed, and so is catching up after a stall of the network; a caller that
// pumps a file in, or a flood of tiny messages, is closed with 4429 (threat T13: Bun has no inbound
// backpressure, so the limit is what protects the others). Big messages that are not audio count as
// many: 64 KiB of metadata or unknown fields take 3 to 5 ms to decode (measured 2026-11-20), so at
// the rate of frames they would fill a core.
import {
  INFLOW_BURST_MS,
  INFLOW_CREDIT_MS_MAX,
  INFLOW_RATE_MAX,
  MESSAGE_OVERHEAD_BYTES,
  MESSAGES_CREDIT_MAX,
  MESSAGES_PER_SECOND_MAX,
} from "../limits.ts";

/** One connection's allowance. Time is the monotonic ms of the injected clock. */
export interface InflowLimit {
  /** -> false when this message is one too many. */
  takeMessage(nowMs: number): boolean;
  /** Bytes of a message that are not audio. -> false when they are too many. */
  takeOverhead(bytes: number): boolean;
  /** -> false when this much audio is more than the allowance. */
  takeAudio(durationMs: number, nowMs: number): boolean;
}

/** An allowance that begins now with one burst. */
export function createInflowLimit(startMs: number): InflowLimit {
  let audioCreditMs = INFLOW_BURST_MS;
  let audioAtMs = startMs;
  let messageCredit = MESSAGES_CREDIT_MAX;
  let messageAtMs = startMs;
  return {
    takeMessage(nowMs) {
      const refill = ((nowMs - messageAtMs) * MESSAGES_PER_SECOND_MAX) / 1_000;
      messageCredit = Math.min(messageCredit + refill, MESSAGES_CREDIT_MAX) - 1;
      messageAtMs = nowMs;
      return messageCredit >= 0;
    },
    takeOverhead(bytes) {
      if (bytes > 0) messageCredit -= Math.floor(bytes / MESSAGE_OVERHEAD_BYTES);
      return messageCredit >= 0;
    },
    takeAudio(durationMs, nowMs) {
      const refillMs = (nowMs - audioAtMs) * INFLOW_RATE_MAX;
      audioCreditMs = Math.min(audioCreditMs + refillMs, INFLOW_CREDIT_MS_MAX) - durationMs;
      audioAtMs = nowMs;
      return audioCreditMs >= 0;
    },
  };
}
