// When a lost session is dialled again, and when an old one is replaced. Pure.
// Station: asked by the steady upstream. Limits: at most one dial per UPSTREAM_BACKOFF_MS_MIN.
import type { Random } from "../contract/clock.ts";
import { UPSTREAM_BACKOFF_MS_MAX, UPSTREAM_BACKOFF_MS_MIN } from "../limits.ts";

/** More doublings change nothing: the ceiling is reached long before. */
const DOUBLINGS_MAX = 16;
/** Part of the time that the provider gives a session after which its successor is dialled. */
const EXPIRY_SHARE = 5 / 6;
/** A session that is said to end sooner (or a clock that is wrong) does not make us dial for ever. */
const EXPIRY_MS_MIN = 10_000;

/** Ms until dial number `attempts`: doubling, with jitter in its upper half. */
export function redialDelayMs(attempts: number, random: Random): number {
  const growth = Math.min(attempts, DOUBLINGS_MAX);
  const ceilingMs = Math.min(UPSTREAM_BACKOFF_MS_MAX, UPSTREAM_BACKOFF_MS_MIN * 2 ** growth);
  const jitter = random.uint32() / 2 ** 32;
  return Math.max(UPSTREAM_BACKOFF_MS_MIN, ceilingMs * (0.5 + jitter / 2));
}

/** Ms until a new session is old: as configured, earlier when the provider ends it earlier. */
export function rotationDueMs(rotateMs: number, expiresInMs: number): number {
  return expiresInMs < EXPIRY_MS_MIN ? rotateMs : Math.min(rotateMs, expiresInMs * EXPIRY_SHARE);
}
