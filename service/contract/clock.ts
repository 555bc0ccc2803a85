// Injected time (decision 15). Nothing but service/clock.ts reads a clock or sets a timer.

/** Opaque: only the clock that gave it knows what it is. */
export type TimerHandle = number;

export interface Clock {
  /** Monotonic milliseconds with fraction. Deadlines, latencies and pacing use this. */
  nowMs(): number;
  /** Wall time in ms since 1970. Logs and recordings only. */
  wallMs(): number;
  /** Calls back once, not before delayMs (>= 0) has passed, never within setTimer itself. */
  setTimer(delayMs: number, callback: () => void): TimerHandle;
  /** Forgets a timer; a fired or unknown handle is ignored. */
  clearTimer(handle: TimerHandle): void;
}

/** Injected randomness: ids, tokens, jitter. */
export interface Random {
  /** Uniform 0..2^32-1. */
  uint32(): number;
  /** `count` random bytes as lower-case hex (2 x count characters), unguessable in production. */
  hex(count: number): string;
}
