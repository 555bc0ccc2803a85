// Time that stands still until a test moves it: the Clock of every test (style 45).
// A binary heap would be faster; a test has tens of timers, so the next one is looked up.
import type { Clock, TimerHandle } from "../../service/contract/clock.ts";

/**
 * 2026-01-01T00:00:00Z: wall time is this plus the stepped time, so that logs are the same each
 * run.
 */
const WALL_EPOCH_MS = 1_767_225_600_000;
/** More callbacks than this in one advance are a timer that arms itself again with no delay. */
const CALLBACKS_PER_ADVANCE_MAX = 1_000_000;

export interface SteppedClock extends Clock {
  /**
   * Moves time by `ms` (>= 0, fractions allowed) and runs every timer that falls due, in order of
   * due time, then of setting, with nowMs() at its due time. Timers set meanwhile run too if due.
   * A callback that throws ends the advance; time stays at its due time and the timer is gone.
   */
  advance(ms: number): void;
  /** Timers set and neither fired nor cleared. */
  pendingTimers(): number;
  /** When the next timer is due, Infinity when there is none. */
  nextDueMs(): number;
}

interface Timer {
  readonly handle: TimerHandle;
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock at 0 ms. Not re-entrant: a callback may set and clear timers, not advance. */
export function createSteppedClock(): SteppedClock {
  const timers = new Map<TimerHandle, Timer>();
  let nowMs = 0;
  let handleLast = 0;
  let isAdvancing = false;

  return {
    nowMs: () => nowMs,
    wallMs: () => WALL_EPOCH_MS + nowMs,
    setTimer(delayMs, callback) {
      if (!(delayMs >= 0)) throw new RangeError(`Cannot set timer: delay is ${delayMs} ms`);
      handleLast += 1;
      timers.set(handleLast, { handle: handleLast, dueMs: nowMs + delayMs, callback });
      return handleLast;
    },
    clearTimer(handle) {
      timers.delete(handle);
    },
    pendingTimers: () => timers.size,
    nextDueMs: () => nextDue(timers, Number.POSITIVE_INFINITY)?.dueMs ?? Number.POSITIVE_INFINITY,
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`Cannot advance clock: step is ${ms} ms`);
      if (isAdvancing) throw new Error("Cannot advance clock: a timer callback is running");
      const endMs = nowMs + ms;
      isAdvancing = true;
      try {
        let callbackCount = 0;
        for (let timer = nextDue(timers, endMs); timer; timer = nextDue(timers, endMs)) {
          callbackCount += 1;
          if (callbackCount > CALLBACKS_PER_ADVANCE_MAX) {
            throw new Error(`Cannot advance clock: over ${CALLBACKS_PER_ADVANCE_MAX} callbacks`);
          }
          timers.delete(timer.handle);
          nowMs = timer.dueMs;
          timer.callback();
        }
        nowMs = endMs;
      } finally {
        isAdvancing = false;
      }
    },
  };
}

/**
 * The earliest timer due by `endMs`; of two at the same time the one set first (a Map keeps order).
 */
function nextDue(timers: ReadonlyMap<TimerHandle, Timer>, endMs: number): Timer | undefined {
  let next: Timer | undefined;
  for (const timer of timers.values()) {
    if (timer.dueMs > endMs) continue;
    if (next === undefined || timer.dueMs < next.dueMs) next = timer;
  }
  return next;
}
