// Several engines of one kind, tried in order: the next one answers when one fails.
// Station: between whoever wants an answer (thinker, cascade) and the engines; knows none of them.
// An engine that rests (circuit-breaker.ts) fails at once with engine_resting, so it costs nothing.
// What failed is remembered: for rememberMs the one that worked is asked first, then the first of
// the list gets its chance again. Once an answer has begun, nobody else can continue it: its failure
// goes to the caller.
import { assert } from "../assert.ts";
import type { Clock } from "../contract/clock.ts";
import type { Counter, Metrics } from "../contract/metrics.ts";
import { VoxError } from "../errors.ts";

export interface FallbackSettings {
  /** What is answered for, in metrics; lower snake case. */
  readonly purpose: string;
  readonly rememberMs: number;
}

export interface FallbackDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
}

export class FallbackChain<Engine> {
  readonly #engines: readonly Engine[];
  readonly #settings: FallbackSettings;
  readonly #clock: Clock;
  readonly #fallbacks: Counter;
  #index = 0;
  #untilMs = 0;

  /** engines: at least one, the preferred first. */
  constructor(engines: readonly Engine[], settings: FallbackSettings, deps: FallbackDeps) {
    assert(engines.length > 0, "a chain must have an engine");
    this.#engines = engines;
    this.#settings = settings;
    this.#clock = deps.clock;
    this.#fallbacks = deps.metrics.counter(
      "voxbridge_provider_fallbacks_total",
      "Answers that another engine than the one asked first was asked for",
      { purpose: settings.purpose },
    );
  }

  /** The engine that would be asked first now. */
  preferred(): Engine {
    return this.#order()[0]?.engine as Engine;
  }

  /** -> what `use` resolves to with the first engine that works; rejects with the last failure. */
  async ask<Value>(use: (engine: Engine) => Promise<Value>, signal: AbortSignal): Promise<Value> {
    let failure: unknown = null;
    for (const { engine, index } of this.#order()) {
      if (failure !== null) this.#fallbacks.add(1);
      try {
        const value = await use(engine);
        this.#remember(index);
        return value;
      } catch (error) {
        failure = error;
        if (!isOfEngine(error) || signal.aborted) break;
      }
    }
    throw failure;
  }

  /** As ask, for answers that come in parts: an engine may fail until its first part. */
  async *stream<Part>(
    use: (engine: Engine) => AsyncIterable<Part>,
    signal: AbortSignal,
  ): AsyncGenerator<Part> {
    let failure: unknown = null;
    for (const { engine, index } of this.#order()) {
      if (failure !== null) this.#fallbacks.add(1);
      let hasBegun = false;
      try {
        for await (const part of use(engine)) {
          if (!hasBegun) this.#remember(index);
          hasBegun = true;
          yield part;
        }
        return;
      } catch (error) {
        failure = error;
        if (hasBegun || !isOfEngine(error) || signal.aborted) break;
      }
    }
    throw failure;
  }

  /** From the remembered one to the end of the list, then those before it. */
  #order(): readonly { readonly engine: Engine; readonly index: number }[] {
    if (this.#clock.nowMs() >= this.#untilMs) this.#index = 0;
    const engines = this.#engines.map((engine, index) => ({ engine, index }));
    return [...engines.slice(this.#index), ...engines.slice(0, this.#index)];
  }

  #remember(index: number): void {
    if (index === this.#index) return;
    this.#index = index;
    this.#untilMs = this.#clock.nowMs() + this.#settings.rememberMs;
  }
}

/** An engine's failure, not ours, and not the end of whoever waits. */
function isOfEngine(error: unknown): boolean {
  return error instanceof VoxError && error.code !== "cancelled";
}
