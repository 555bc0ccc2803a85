// Leaves a provider in peace that keeps failing, and asks it again with one single request.
// Station: around whatever speaks to a provider (HTTP client, socket, program); one per provider.
//
//              failure number failuresMax                rest is over
//   closed ----------------------------------> resting ----------------> probing
//     ^                                          ^                         |
//     |   the probe succeeds                     |  the probe fails        |
//     +------------------------------------------+-------------------------+
//
// The count is exact: `failuresMax` failures in a row rest it, not one more (D-17, S2-88). While one
// probe is under way nobody else is let in. Whoever was let in before the last change of state
// changes nothing any more: an old request that ends late must not judge a new state.
import { assert } from "../assert.ts";
import type { Clock } from "../contract/clock.ts";
import { VoxError } from "../errors.ts";

/** However long a provider asks to be left alone, it is tried again after this. */
const REST_MS_MAX = 300_000;

export interface CircuitBreakerSettings {
  /** Failures in a row that rest the provider. */
  readonly failuresMax: number;
  readonly restMs: number;
}

export const BREAKER_DEFAULTS: CircuitBreakerSettings = { failuresMax: 5, restMs: 30_000 };

export type BreakerState = "closed" | "resting" | "probing";

/** One use of the provider. Exactly one of its calls counts, the first. */
export interface BreakerPass {
  succeed(): void;
  /** A failure of the provider; what it says of when to come back lengthens the rest. */
  fail(error: unknown): void;
  /** Says nothing of the provider: the answer was not wanted any more. */
  abandon(): void;
}

export class CircuitBreaker {
  readonly #settings: CircuitBreakerSettings;
  readonly #clock: Clock;
  readonly #onState: (state: BreakerState) => void;
  #state: BreakerState = "closed";
  #failures = 0;
  #restUntilMs = 0;
  /** Grows with every change of state. */
  #epoch = 0;

  constructor(
    settings: CircuitBreakerSettings,
    clock: Clock,
    onState: (state: BreakerState) => void = () => undefined,
  ) {
    assert(settings.failuresMax >= 1, "a breaker must wait for one failure at least");
    assert(settings.restMs > 0, "a rest must last");
    this.#settings = settings;
    this.#clock = clock;
    this.#onState = onState;
  }

  state(): BreakerState {
    return this.#state;
  }

  /** Monotonic ms until it may be asked again, 0 when now. */
  restMs(): number {
    if (this.#state !== "resting") return 0;
    return Math.max(0, this.#restUntilMs - this.#clock.nowMs());
  }

  /** -> the right to ask the provider once, or null: it rests, or its probe is under way. */
  enter(): BreakerPass | null {
    if (this.#state === "probing") return null;
    if (this.#state === "resting") {
      if (this.#clock.nowMs() < this.#restUntilMs) return null;
      this.#become("probing");
    }
    return this.#pass(this.#epoch);
  }

  #pass(epoch: number): BreakerPass {
    let isUsed = false;
    const once = (act: () => void) => () => {
      if (isUsed) return;
      isUsed = true;
      if (epoch === this.#epoch) act();
    };
    let failure: unknown;
    const failOnce = once(() => this.#onFailure(failure));
    return {
      succeed: once(() => this.#onSuccess()),
      fail: (error) => {
        failure = error;
        failOnce();
      },
      abandon: once(() => this.#onAbandoned()),
    };
  }

  #onSuccess(): void {
    this.#failures = 0;
    if (this.#state === "probing") this.#become("closed");
  }

  #onFailure(error: unknown): void {
    this.#failures += 1;
    if (this.#state === "closed" && this.#failures < this.#settings.failuresMax) return;
    const asked = error instanceof VoxError ? error.retryAfterMs : -1;
    const restMs = Math.min(Math.max(this.#settings.restMs, asked), REST_MS_MAX);
    this.#restUntilMs = this.#clock.nowMs() + restMs;
    this.#failures = 0;
    this.#become("resting");
  }

  /** A probe that nobody waits for: the next who comes is the probe. */
  #onAbandoned(): void {
    if (this.#state === "probing") this.#become("resting");
  }

  #become(state: BreakerState): void {
    this.#state = state;
    this.#epoch += 1;
    this.#onState(state);
  }
}

/** True for failures that say something of the provider's health, not of one request. */
export function isHealthFailure(error: unknown): boolean {
  if (!(error instanceof VoxError)) return true;
  switch (error.code) {
    case "engine_unavailable":
    case "engine_timeout":
    case "engine_rate_limited":
    case "engine_protocol":
      return true;
    default:
      return false;
  }
}
