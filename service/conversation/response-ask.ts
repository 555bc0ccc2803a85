// Who wants the agent to speak, and what for. Station: between those who ask and the response
// sequence, which asks the provider for one of them at a time.

export type ResponseAsker = "goodbye" | "turn" | "tool" | "greeting" | "nudge" | "progress";

/** Lower goes first; this is also the bound of the waiting asks. */
const PRIORITY: Readonly<Record<ResponseAsker, number>> = {
  goodbye: 0,
  turn: 1,
  tool: 2,
  greeting: 3,
  nudge: 4,
  progress: 5,
};

export interface ResponseAsk {
  readonly asker: ResponseAsker;
  /** The turn this answers; everything but the goodbye is stale when a newer turn begins. */
  readonly turnId: number;
  readonly instructions: string;
  /** As in ResponseRequest. */
  readonly openingText?: string;
  /** Monotonic ms after which it is no longer wanted. */
  readonly deadlineMs: number;
}

export type SequenceState = "idle" | "requested" | "active" | "cancelling";

/** One ask per asker at most, by priority: a newer one takes its place, as one response answers both. */
export class WaitingAsks {
  readonly #asks: ResponseAsk[] = [];

  count(): number {
    return this.#asks.length;
  }

  add(ask: ResponseAsk): void {
    this.forget(ask.asker);
    this.#asks.push(ask);
    this.#asks.sort((first, second) => PRIORITY[first.asker] - PRIORITY[second.asker]);
  }

  /** Was asked for already, and goes before all others. */
  addFirst(ask: ResponseAsk): void {
    this.forget(ask.asker);
    this.#asks.unshift(ask);
  }

  next(): ResponseAsk | undefined {
    return this.#asks.shift();
  }

  has(asker: ResponseAsker): boolean {
    return this.#asks.some((ask) => ask.asker === asker);
  }

  forget(asker: ResponseAsker): void {
    const index = this.#asks.findIndex((ask) => ask.asker === asker);
    if (index >= 0) this.#asks.splice(index, 1);
  }

  /** What waited for something that is over may wait until then; a line or a nudge is too late. */
  renew(deadlineMs: number): void {
    const asks = this.#asks.splice(0);
    for (const ask of asks) {
      const isPassing = ask.asker === "progress" || ask.asker === "nudge";
      this.#asks.push(isPassing ? ask : { ...ask, deadlineMs });
    }
  }

  clear(): void {
    this.#asks.length = 0;
  }
}
