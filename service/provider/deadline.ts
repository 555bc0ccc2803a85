// One signal for two reasons to stop: nobody wants the answer any more, or it took too long.
// Station: around every wait for a provider. Time comes from the injected clock, so that tests move
// it; AbortSignal.timeout reads the system's own.
import type { Clock, TimerHandle } from "../contract/clock.ts";
import { VoxError } from "../errors.ts";

export class Deadline {
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onOuter = () => this.#controller.abort();
  readonly #timers: (TimerHandle | null)[] = [null, null];
  #isLate = false;

  /** `outer`: of whoever wants the answer. */
  constructor(clock: Clock, outer: AbortSignal) {
    this.#clock = clock;
    this.#outer = outer;
    this.signal = this.#controller.signal;
    if (outer.aborted) this.#controller.abort();
    else outer.addEventListener("abort", this.#onOuter, { once: true });
  }

  /** All of it must be over in `ms`. Again: anew. */
  total(ms: number): void {
    this.#arm(0, ms);
  }

  /** The next sign of life must come in `ms`. Again: anew. */
  next(ms: number): void {
    this.#arm(1, ms);
  }

  /** No sign of life is waited for now. */
  disarm(): void {
    this.#clear(1);
  }

  /** Frees timers and listener; the signal is not aborted by it. Idempotent. */
  end(): void {
    this.#clear(0);
    this.#clear(1);
    this.#outer.removeEventListener("abort", this.#onOuter);
  }

  /** Why the signal was aborted, as an error about `provider`. */
  error(provider: string): VoxError {
    return this.#isLate
      ? new VoxError(`Cannot use ${provider}: it did not answer within its time`, {
          code: "engine_timeout",
          isRetryable: true,
          provider,
        })
      : cancelled(provider);
  }

  #arm(index: 0 | 1, ms: number): void {
    this.#clear(index);
    this.#timers[index] = this.#clock.setTimer(ms, () => {
      this.#timers[index] = null;
      if (this.signal.aborted) return;
      this.#isLate = true;
      this.#controller.abort();
    });
  }

  #clear(index: 0 | 1): void {
    const timer = this.#timers[index] ?? null;
    if (timer !== null) this.#clock.clearTimer(timer);
    this.#timers[index] = null;
  }
}

export function cancelled(provider: string): VoxError {
  return new VoxError(`Cannot use ${provider}: the answer is not wanted any more`, {
    code: "cancelled",
    isRetryable: false,
    provider,
  });
}

/** The promise, or a rejection as soon as the signal is aborted, whatever the promise does then. */
export function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new Error("aborted"));
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Resolves after `ms`, or at once when the signal is aborted. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = () => {
      clock.clearTimer(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.setTimer(ms, done);
    signal.addEventListener("abort", done, { once: true });
  });
}
