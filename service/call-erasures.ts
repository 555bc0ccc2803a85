// Erasures that another process was asked for, followed by the calls of this one (T21).
// Station: beside the memories of calls, over the store that processes share; none for a store that
// this process has for itself. A store that is away is asked again: the number of the last erasure
// known is kept, so nothing is missed meanwhile.
// Limits: asked every ERASURES_EVERY_MS, one question at a time.
import type { ErasureNews } from "./contract/caller-context.ts";
import type { Clock, TimerHandle } from "./contract/clock.ts";
import { ERASURES_EVERY_MS } from "./limits.ts";

export interface CallErasuresDeps {
  readonly news: ErasureNews;
  readonly clock: Clock;
  /** A caller was erased; when it rejects, it is told of again. */
  readonly onErased: (callerKey: string) => Promise<void>;
}

export class CallErasures {
  readonly #deps: CallErasuresDeps;
  #timer: TimerHandle | null = null;
  #isStopped = false;
  /** Of the newest erasure known; null: the store has not been reached yet. */
  #number: number | null = null;

  constructor(deps: CallErasuresDeps) {
    this.#deps = deps;
    void this.#ask();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) this.#deps.clock.clearTimer(this.#timer);
  }

  /** Owned by itself: never rejects. */
  async #ask(): Promise<void> {
    const { news, clock, onErased } = this.#deps;
    this.#timer = null;
    try {
      const { number, callerKeys } = await news.since(this.#number);
      for (const callerKey of callerKeys) await onErased(callerKey);
      this.#number = number;
    } catch {
      // Counted where the store is (context/steady-store.ts); asked again from the same number.
    }
    if (this.#isStopped) return;
    this.#timer = clock.setTimer(ERASURES_EVERY_MS, () => void this.#ask());
  }
}
