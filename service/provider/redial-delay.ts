// When a lost connection is dialled again. Pure.
// Limits: at most one dial per UPSTREAM_BACKOFF_MS_MIN, at least one per UPSTREAM_BACKOFF_MS_MAX.
import type { Random } from "../contract/clock.ts";
import { UPSTREAM_BACKOFF_MS_MAX, UPSTREAM_BACKOFF_MS_MIN } from "../limits.ts";

/** More doublings change nothing: the ceiling is reached long before. */
const DOUBLINGS_MAX = 16;

/** Ms until dial number `attempts`: doubling, with jitter in its upper half. */
export function redialDelayMs(attempts: number, random: Random): number {
  const growth = Math.min(attempts, DOUBLINGS_MAX);
  const ceilingMs = Math.min(UPSTREAM_BACKOFF_MS_MAX, UPSTREAM_BACKOFF_MS_MIN * 2 ** growth);
  const jitter = random.uint32() / 2 ** 32;
  return Math.max(UPSTREAM_BACKOFF_MS_MIN, ceilingMs * (0.5 + jitter / 2));
}
