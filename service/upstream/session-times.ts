// When an old session is replaced. Pure. Station: asked by the steady upstream.

/** Part of the time that the provider gives a session after which its successor is dialled. */
const EXPIRY_SHARE = 5 / 6;
/** A session that is said to end sooner (or a clock that is wrong) does not make us dial for ever. */
const EXPIRY_MS_MIN = 10_000;

/** Ms until a new session is old: as configured, earlier when the provider ends it earlier. */
export function rotationDueMs(rotateMs: number, expiresInMs: number): number {
  return expiresInMs < EXPIRY_MS_MIN ? rotateMs : Math.min(rotateMs, expiresInMs * EXPIRY_SHARE);
}
