// Whom the agent owes an answer, and how long nobody has been at it: every turn is answered, or its
// caller is told that it cannot be.

/** A request that waits for its place behind another, and what the provider may need to end that. */
const ANSWER_MS_MAX = 17_000;

export class AnswerOwed {
  readonly #nowMs: () => number;
  readonly #fail: (rule: string) => never;
  #sinceMs = -1;

  constructor(nowMs: () => number, fail: (rule: string) => never) {
    this.#nowMs = nowMs;
    this.#fail = fail;
  }

  /** Somebody must be answered from here on. */
  owe(): void {
    if (this.#sinceMs < 0) this.#sinceMs = this.#nowMs();
  }

  /** Nobody must, or not yet. */
  settle(): void {
    this.#sinceMs = -1;
  }

  /** Now and then. isUnderWay: an answer is asked for, or the caller speaks. */
  check(isUnderWay: boolean): void {
    if (this.#sinceMs < 0) return;
    if (isUnderWay) this.#sinceMs = this.#nowMs();
    else if (this.#nowMs() - this.#sinceMs > ANSWER_MS_MAX) this.#fail("every turn is answered");
  }
}
