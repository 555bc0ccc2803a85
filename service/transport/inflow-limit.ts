// How fast a caller may send: two token buckets per connection, one in audio time, one in messages.
// Real time is always allowed, and so is catching up after a stall of the network; a caller that
// pumps a file in, or a flood of tiny messages, is closed with 4429 (threat T13: Bun has no inbound
// backpressure, so the limit is what protects the others). Big messages that are not audio count as
// many: 64 KiB of metadata or unknown fields take 3 to 5 ms to decode (measured 2026-11-20), so at
// the rate of frames they would fill a core. Silence that the engine will put into a jump of the
// capture clock counts as audio: else one sample and a false clock would buy ten seconds of work.
import {
  FRAME_MS,
  GAP_FILL_MS_MAX,
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
  /**
   * A chunk by its length and its capture clock (-1: none). -> false when it, and the silence that
   * fills the jump before it, is more than the allowance.
   */
  takeAudio(durationMs: number, captureMs: number, nowMs: number): boolean;
}

/** An allowance that begins now with one burst. */
export function createInflowLimit(startMs: number): InflowLimit {
  let audioCreditMs = INFLOW_BURST_MS;
  let audioAtMs = startMs;
  /** Where the next chunk belongs on the caller's clock; -1: not known. */
  let captureNextMs = -1;
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
    takeAudio(durationMs, captureMs, nowMs) {
      const jumpMs = captureNextMs < 0 || captureMs < 0 ? 0 : captureMs - captureNextMs;
      const filledMs = jumpMs < FRAME_MS ? 0 : Math.min(jumpMs, GAP_FILL_MS_MAX);
      captureNextMs = captureMs < 0 ? -1 : captureMs + durationMs;
      const refillMs = (nowMs - audioAtMs) * INFLOW_RATE_MAX;
      const creditMs = Math.min(audioCreditMs + refillMs, INFLOW_CREDIT_MS_MAX);
      audioCreditMs = creditMs - durationMs - filledMs;
      audioAtMs = nowMs;
      return audioCreditMs >= 0;
    },
  };
}
