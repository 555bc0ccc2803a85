// The updates of each caller, one step at a time: those that come while one is under way wait and
// go together in the next.
// Station: in stores whose atomic step crosses a network, so that a process never races itself.
// Limits: STORE_REQUESTS_MAX waiting in all, STORE_BATCH_MAX in one step.
import type { CallerContext, ContextUpdate } from "../contract/caller-context.ts";
import { STORE_BATCH_MAX, STORE_REQUESTS_MAX } from "../limits.ts";
import { storeUnavailable } from "./store-failure.ts";

interface Waiting {
  readonly update: ContextUpdate;
  readonly resolve: (context: CallerContext) => void;
  readonly reject: (error: Error) => void;
  /** Whoever asked was told that it failed: it is not done any more. */
  isGivenUp: boolean;
}

/** Does them in order, atomically. -> the context after each. */
export type ApplyUpdates = (
  callerKey: string,
  updates: readonly ContextUpdate[],
) => Promise<readonly CallerContext[]>;

export interface UpdateAsked {
  readonly answer: Promise<CallerContext>;
  /** Takes it out, if it still waits. */
  readonly giveUp: () => void;
}

export class UpdateLine {
  readonly #apply: ApplyUpdates;
  readonly #waiting = new Map<string, Waiting[]>();
  #count = 0;

  constructor(apply: ApplyUpdates) {
    this.#apply = apply;
  }

  ask(callerKey: string, update: ContextUpdate): UpdateAsked {
    if (this.#count >= STORE_REQUESTS_MAX) {
      const full = storeUnavailable(`Cannot use store: ${STORE_REQUESTS_MAX} updates wait for it`);
      return { answer: Promise.reject(full), giveUp: () => undefined };
    }
    const { promise: answer, resolve, reject } = Promise.withResolvers<CallerContext>();
    const waiting: Waiting = { update, resolve, reject, isGivenUp: false };
    this.#count += 1;
    const line = this.#waiting.get(callerKey);
    if (line === undefined) {
      const started = [waiting];
      this.#waiting.set(callerKey, started);
      void this.#run(callerKey, started);
    } else {
      line.push(waiting);
    }
    return {
      answer,
      giveUp() {
        waiting.isGivenUp = true;
      },
    };
  }

  async #run(callerKey: string, line: Waiting[]): Promise<void> {
    while (line.length > 0) {
      const taken = line.splice(0, STORE_BATCH_MAX);
      const batch = taken.filter(({ isGivenUp }) => !isGivenUp);
      if (batch.length > 0) await this.#step(callerKey, batch);
      this.#count -= taken.length;
    }
    this.#waiting.delete(callerKey);
  }

  async #step(callerKey: string, batch: readonly Waiting[]): Promise<void> {
    try {
      const contexts = await this.#apply(
        callerKey,
        batch.map(({ update }) => update),
      );
      for (const [index, { resolve, reject }] of batch.entries()) {
        const context = contexts[index];
        if (context === undefined) reject(storeUnavailable("Cannot use store: no context came"));
        else resolve(context);
      }
    } catch (error) {
      const failure = error instanceof Error ? error : storeUnavailable("Cannot use store", error);
      for (const { reject } of batch) reject(failure);
    }
  }
}
