// The ordered stages of the big lane: what the caller's side is told passes them one by one.
// Station: between the conversation's notices and the transport. Stages can be added and removed
// during the call. Limits: STAGES_MAX stages; one that throws is taken out and counted.
import { assert } from "../../assert.ts";
import type { FaultSink } from "../../contract/call-faults.ts";
import type { CallStage } from "../../contract/call-events.ts";
import type { CallNotice } from "../../contract/transport.ts";

const STAGES_MAX = 16;

export class StageLine {
  #stages: readonly CallStage[] = [];
  readonly #faults: FaultSink;

  constructor(stages: readonly CallStage[], faults: FaultSink) {
    this.#faults = faults;
    for (const stage of stages) this.add(stage);
  }

  /** Puts the stage at the end, or before the one named `before`. Names are unique. */
  add(stage: CallStage, before = ""): void {
    assert(this.#stages.length < STAGES_MAX, "too many stages in one call");
    assert(!this.names().includes(stage.name), "a stage of that name is in the line already");
    const place = this.#stages.findIndex(({ name }) => name === before);
    this.#stages = this.#stages.toSpliced(place < 0 ? this.#stages.length : place, 0, stage);
  }

  /** -> false when there is no stage of that name. */
  remove(name: string): boolean {
    const rest = this.#stages.filter((stage) => stage.name !== name);
    const isFound = rest.length < this.#stages.length;
    this.#stages = rest;
    return isFound;
  }

  names(): string[] {
    return this.#stages.map(({ name }) => name);
  }

  /** -> what is left of the notice after every stage, null when one kept it. */
  pass(notice: CallNotice): CallNotice | null {
    let passed: CallNotice | null = notice;
    for (const stage of this.#stages) {
      if (passed === null) return null;
      passed = this.#through(stage, passed);
    }
    return passed;
  }

  #through(stage: CallStage, notice: CallNotice): CallNotice | null {
    try {
      return stage.onNotice(notice);
    } catch (error) {
      // Without the stage the caller is still told the truth, so the notice goes on as it was.
      this.remove(stage.name);
      this.#faults.onFault("stage_threw", `${stage.name}: ${String(error)}`);
      return notice;
    }
  }
}
