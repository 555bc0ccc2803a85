// Brings the answers of a model beside the core into order and bounds how late they may be.
// Station: between the Worker's answers and CoreSlot.decide; one per call.
// Source: decision 3: in order, at most 8 windows behind, then probability 0 and a counter.
// Limits: WINDOWS_IN_MODEL_MAX windows may lie in the model; one more is not given to it at all
// (its recurrent state then misses 32 ms, which is better than falling behind for ever).

import { assert } from "../assert.ts";
import type { VadDecide } from "../contract/vad-model.ts";
import { VAD_WINDOWS_BEHIND_MAX } from "../limits.ts";

/** Windows of one call that may wait inside the model. */
export const WINDOWS_IN_MODEL_MAX = 2 * VAD_WINDOWS_BEHIND_MAX;

/** One call's windows between submit and decide. No allocation after it is made. */
export class WindowOrder {
  readonly #decide: VadDecide;
  /** First window that has no decision yet, and first that was not submitted yet. */
  #nextDecision = -1;
  #nextSubmit = -1;
  #inModel = 0;
  #lateCount = 0;
  #skippedCount = 0;

  constructor(decide: VadDecide) {
    this.#decide = decide;
  }

  /** Windows that were decided with 0 because the model was 8 behind. */
  lateCount(): number {
    return this.#lateCount;
  }

  /** Windows the model never saw because too many waited in it. */
  skippedCount(): number {
    return this.#skippedCount;
  }

  /** A window was completed. -> true: give it to the model. */
  submit(windowIndex: number): boolean {
    if (this.#nextSubmit < 0) {
      this.#nextDecision = windowIndex;
      this.#nextSubmit = windowIndex;
    }
    assert(windowIndex === this.#nextSubmit, "VAD windows must be submitted in order");
    this.#nextSubmit = windowIndex + 1;
    this.#decideLate(windowIndex - VAD_WINDOWS_BEHIND_MAX);
    if (this.#inModel < WINDOWS_IN_MODEL_MAX) {
      this.#inModel++;
      return true;
    }
    this.#skippedCount++;
    return false;
  }

  /** The model answered. Windows before it that it never saw are decided with 0. */
  answer(windowIndex: number, probability: number): void {
    assert(this.#inModel > 0, "A VAD answer must belong to a submitted window");
    this.#inModel--;
    if (windowIndex < this.#nextDecision) return;
    assert(windowIndex < this.#nextSubmit, "A VAD answer must belong to a submitted window");
    while (this.#nextDecision < windowIndex) this.#decideNext(0);
    this.#decideNext(isProbability(probability) ? probability : 0);
  }

  #decideLate(indexLast: number): void {
    while (this.#nextDecision <= indexLast) {
      this.#lateCount++;
      this.#decideNext(0);
    }
  }

  #decideNext(probability: number): void {
    const windowIndex = this.#nextDecision;
    // Counted before the call: what decide triggers may submit or close.
    this.#nextDecision = windowIndex + 1;
    this.#decide(windowIndex, probability);
  }
}

/** A broken model may answer NaN; the core's state machine takes 0..1 only. */
function isProbability(value: number): boolean {
  return value >= 0 && value <= 1;
}
