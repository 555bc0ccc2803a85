// Tool calls of an answer whose turn is not confirmed yet (S1-68): what a tool does cannot be taken
// back, so nothing is called before it is certain that the turn was one.
// Station: in front of the lane's answering of tools; told by the conversation's effects.
// A call of a response that was stopped before is not carried out either; the model is told so,
// since a call without an answer would stay open in its conversation.
// Limits: CALLS_MAX calls wait; more are answered as not carried out.

const CALLS_MAX = 16;

export interface ToolCall {
  readonly toolCallId: string;
  readonly name: string;
  readonly argumentsText: string;
  /** The turn it belongs to, negative: a response that was stopped. */
  readonly turnId: number;
}

export interface ToolCallSinks {
  carryOut(call: ToolCall): void;
  /** It is not carried out; the model is told `output`. */
  refuse(call: ToolCall, output: string): void;
}

const NOT_CARRIED_OUT = JSON.stringify({ error: "Not carried out: the caller went on speaking" });

export class HeldToolCalls {
  readonly #sinks: ToolCallSinks;
  readonly #calls: ToolCall[] = [];
  #isHeld = false;

  constructor(sinks: ToolCallSinks) {
    this.#sinks = sinks;
  }

  /** Calls wait from here on. */
  hold(): void {
    this.#isHeld = true;
  }

  /** What waits is carried out, in order. */
  release(): void {
    this.#isHeld = false;
    for (const call of this.#calls.splice(0)) this.#sinks.carryOut(call);
  }

  /** What waits is never carried out. */
  drop(): void {
    this.#isHeld = false;
    for (const call of this.#calls.splice(0)) this.#sinks.refuse(call, NOT_CARRIED_OUT);
  }

  onToolCall(call: ToolCall): void {
    const isWanted = call.turnId >= 0 && this.#calls.length < CALLS_MAX;
    if (!isWanted) this.#sinks.refuse(call, NOT_CARRIED_OUT);
    else if (this.#isHeld) this.#calls.push(call);
    else this.#sinks.carryOut(call);
  }
}
