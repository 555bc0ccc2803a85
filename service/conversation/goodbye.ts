// The end of a call that is heard in full: what is being said is said to its end, then the goodbye,
// then the far end has played it, then the call closes.
// Station: begun by the call (time limit, drain, agent); asks the response sequence, watches the
// ledger.
//
//   none --> finishing --all heard, or FINISH_MS_MAX: cut--> speaking --> draining --> over
//
// Limits: FINISH_MS_MAX for what is being said, GOODBYE_MS_MAX from there; then the call ends, heard
// or not. Without words or recording there is nothing to make room for: the second limit alone.
import type { CallEffects, ConversationTimer } from "../contract/call-effects.ts";
import type { EndReason } from "../contract/call-terms.ts";
import type { PlayoutLedger } from "./playout-ledger.ts";
import type { ResponseSequence } from "./response-sequence.ts";

/** A long answer is cut off, so that its goodbye is heard and not the answer's middle. */
const FINISH_MS_MAX = 10_000;
const GOODBYE_MS_MAX = 20_000;
/** The goodbye is asked for when so little is left to hear: what it takes to come. */
const REST_MS = 800;
/** How often the ledger is asked whether everything was heard. */
const DRAIN_POLL_MS = 100;

/** Nobody else is heard once the goodbye has begun. */
const FORGOTTEN = ["turn", "tool", "greeting", "nudge", "progress"] as const;

export interface GoodbyeParts {
  readonly effects: CallEffects;
  readonly sequence: ResponseSequence;
  readonly ledger: PlayoutLedger;
  /** Stops what is being said. */
  readonly cut: () => void;
}

export interface GoodbyeWords {
  /** Has the last words said: asks for them, or queues a recording. null: there are none. */
  readonly say: ((deadlineMs: number) => void) | null;
}

export class Goodbye {
  readonly #parts: GoodbyeParts;
  #state: "none" | "finishing" | "speaking" | "draining" | "over" = "none";
  #reason: EndReason = "agent_ended";
  #say: GoodbyeWords["say"] = null;

  constructor(parts: GoodbyeParts) {
    this.#parts = parts;
  }

  isBegun(): boolean {
    return this.#state !== "none";
  }

  isOver(): boolean {
    return this.#state === "over";
  }

  /** Once; a second call is ignored. */
  begin(reason: EndReason, { say }: GoodbyeWords): void {
    if (this.#state !== "none") return;
    const { effects, sequence } = this.#parts;
    this.#reason = reason;
    this.#say = say;
    for (const asker of FORGOTTEN) sequence.forget(asker);
    sequence.setHeld(false);
    if (say === null) {
      this.#speak();
      return;
    }
    this.#state = "finishing";
    effects.setTimer("goodbye", FINISH_MS_MAX);
    this.onSequence();
  }

  /** The response sequence moved on: is there still something to wait for? */
  onSequence(): void {
    if (this.#state === "finishing") this.#onFinishing();
    if (this.#state !== "speaking") return;
    const { effects, sequence } = this.#parts;
    if (sequence.state() !== "idle" || sequence.isWanted("goodbye")) return;
    this.#state = "draining";
    effects.setTimer("drain", DRAIN_POLL_MS);
  }

  /** The call ended some other way. */
  close(): void {
    this.#state = "over";
    this.#parts.effects.clearTimer("goodbye");
    this.#parts.effects.clearTimer("drain");
  }

  onTimer(timer: ConversationTimer): void {
    if (timer === "drain") this.#onPoll();
    else if (this.#state === "finishing") this.#cutShort();
    else if (this.#state !== "none" && this.#state !== "over") this.#end();
  }

  #onFinishing(): void {
    const { effects, sequence, ledger } = this.#parts;
    const isGenerated = sequence.state() === "idle";
    if (isGenerated && ledger.restMs(effects.nowMs()) <= REST_MS) this.#speak();
    else effects.setTimer("drain", DRAIN_POLL_MS);
  }

  #cutShort(): void {
    this.#parts.cut();
    this.#speak();
  }

  #speak(): void {
    const { effects } = this.#parts;
    this.#state = "speaking";
    effects.clearTimer("drain");
    effects.setTimer("goodbye", GOODBYE_MS_MAX);
    this.#say?.(effects.nowMs() + GOODBYE_MS_MAX);
    this.onSequence();
  }

  #onPoll(): void {
    const { effects, ledger } = this.#parts;
    if (this.#state === "finishing") this.#onFinishing();
    else if (this.#state !== "draining") return;
    else if (ledger.isDrained(effects.nowMs())) this.#end();
    else effects.setTimer("drain", DRAIN_POLL_MS);
  }

  #end(): void {
    this.close();
    this.#parts.sequence.close();
    this.#parts.effects.end(this.#reason);
  }
}
