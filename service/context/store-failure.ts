// How a store fails, in one way for all: VoxError store_unavailable, within the deadline.
// Station: inside the stores that reach outside this thread.
import type { Clock } from "../contract/clock.ts";
import { VoxError } from "../errors.ts";

/** message: what the store did not do; never what was stored. */
export function storeUnavailable(message: string, cause?: unknown): VoxError {
  return new VoxError(message, { code: "store_unavailable", isRetryable: true, cause });
}

interface DeadlineOptions<Value> {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly answer: Promise<Value>;
  /** Called once when the deadline passes first. */
  readonly onPassed?: () => void;
}

/**
 * -> the answer, or VoxError store_unavailable when it does not come in time. What is late is
 * ignored, a late failure too.
 */
export function withDeadline<Value>(options: DeadlineOptions<Value>): Promise<Value> {
  const { clock, deadlineMs, answer, onPassed } = options;
  return new Promise<Value>((resolve, reject) => {
    const timer = clock.setTimer(deadlineMs, () => {
      reject(storeUnavailable(`Cannot use store: no answer within ${deadlineMs} ms`));
      onPassed?.();
    });
    answer.then(
      (value) => {
        clock.clearTimer(timer);
        resolve(value);
      },
      (error: unknown) => {
        clock.clearTimer(timer);
        reject(error instanceof Error ? error : storeUnavailable("Cannot use store", error));
      },
    );
  });
}
