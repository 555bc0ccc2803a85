// Tries an act again that may succeed later: with a pause that doubles, half of it random, so that
// many calls which failed at once do not come back at once.
// Limits: retriesMax; a provider that asks for a longer pause than RETRY_AFTER_MS_MAX, or longer than
// the deadline leaves, is not waited for: its error goes to whoever can try another one.
import { assert } from "../assert.ts";
import type { Clock, Random } from "../contract/clock.ts";
import { VoxError } from "../errors.ts";
import { pause } from "./deadline.ts";

const PAUSE_MS_MIN = 200;
const PAUSE_MS_MAX = 4_000;
/** What a provider may ask for and is given. */
const RETRY_AFTER_MS_MAX = 5_000;

export interface RetryTerms {
  readonly clock: Clock;
  readonly random: Random;
  /** 0: once and no more. */
  readonly retriesMax: number;
  /** Monotonic ms by which all must be over. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly onRetry: () => void;
}

/** -> what `act` resolves to; rejects with its last error. */
export async function retrying<Value>(
  terms: RetryTerms,
  act: () => Promise<Value>,
): Promise<Value> {
  const { clock, retriesMax, deadlineMs, signal } = terms;
  assert(retriesMax >= 0, "retries must be counted from 0");
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof VoxError) || !error.isRetryable) throw error;
      if (attempt >= retriesMax || signal.aborted) throw error;
      const waitMs = pauseMs(error, attempt, terms.random);
      if (waitMs > RETRY_AFTER_MS_MAX || clock.nowMs() + waitMs >= deadlineMs) throw error;
      terms.onRetry();
      await pause(clock, waitMs, signal);
      if (signal.aborted) throw error;
    }
  }
}

/** The pause doubles with each attempt; a provider that names a longer one gets that. */
function pauseMs(error: VoxError, attempt: number, random: Random): number {
  const longest = Math.min(PAUSE_MS_MIN * 2 ** attempt, PAUSE_MS_MAX);
  const jitter = random.uint32() / 2 ** 32;
  return Math.max(longest / 2 + (longest / 2) * jitter, error.retryAfterMs);
}
