// The real clock: the only file of the service that reads time or sets timers (decision 15).
import type { Clock, Random, TimerHandle } from "./contract/clock.ts";

/**
 * Clock on performance.now and setTimeout. Timers are numbers, so that state machines can hold
 * them.
 */
export function createSystemClock(): Clock {
  const timers = new Map<TimerHandle, ReturnType<typeof setTimeout>>();
  let handleLast = 0;
  return {
    nowMs: () => performance.now(),
    wallMs: () => Date.now(),
    setTimer(delayMs, callback) {
      handleLast += 1;
      const handle = handleLast;
      const fire = () => {
        timers.delete(handle);
        callback();
      };
      timers.set(handle, setTimeout(fire, delayMs));
      return handle;
    },
    clearTimer(handle) {
      const timer = timers.get(handle);
      if (timer === undefined) return;
      clearTimeout(timer);
      timers.delete(handle);
    },
  };
}

/** Randomness of the platform's cryptographic generator. */
export function createSystemRandom(): Random {
  const word = new Uint32Array(1);
  return {
    uint32() {
      crypto.getRandomValues(word);
      return word[0] ?? 0;
    },
    hex: (count) => Buffer.from(crypto.getRandomValues(new Uint8Array(count))).toString("hex"),
  };
}
