// The end of a call that is heard in full: say goodbye, wait until the far end has played it,
// close.
// Station: begun by the call (time limit, drain, agent); asks the response sequence, watches the
// ledger. Bounded: GOODBYE_MS_MAX after begin the call ends, heard or not.
import type { CallEffects, ConversationTimer } from "../contract/call-effects.ts";
import type { EndReason } from "../contract/call-terms.ts";
import type { PlayoutLedger } from "./playout-ledger.ts";
import type { ResponseSequence } from "./response-sequence.ts";

const GOODBYE_MS_MAX = 20_000;
/** How often the ledger is asked whether everything was heard. */
const DRAIN_POLL_MS = 100;

/** Nobody else is heard once the goodbye has begun. */
const FORGOTTEN = ["turn", "tool", "greeting", "nudge"] as const;

export interface GoodbyeWords {
  /** What the model is told to say; "": nothing, only what is on its way is let out. */
  readonly instructions: string;
  readonly turnId: number;
  readonly isUpstreamReady: boolean;
}

export class Goodbye {
  readonly #effects: CallEffects;
  readonly #sequence: ResponseSequence;
  readonly #ledger: PlayoutLedger;
  #state: "none" | "speaking" | "draining" | "over" = "none";
  #reason: EndReason = "agent_ended";

  constructor(effects: CallEffects, sequence: ResponseSequence, ledger: PlayoutLedger) {
    this.#effects = effects;
    this.#sequence = sequence;
    this.#ledger = ledger;
  }

  isBegun(): boolean {
    return this.#state !== "none";
  }

  isOver(): boolean {
    return this.#state === "over";
  }

  /** Asks for the words, then drains. Once; a second call is ignored. */
  begin(reason: EndReason, words: GoodbyeWords): void {
    if (this.#state !== "none") return;
    this.#reason = reason;
    const { instructions, turnId, isUpstreamReady } = words;
    this.#effects.setTimer("goodbye", GOODBYE_MS_MAX);
    for (const asker of FORGOTTEN) this.#sequence.forget(asker);
    this.#sequence.setHeld(false);
    this.#state = "speaking";
    if (instructions !== "" && isUpstreamReady) {
      const deadlineMs = this.#effects.nowMs() + GOODBYE_MS_MAX;
      this.#sequence.ask({ asker: "goodbye", turnId, instructions, deadlineMs });
    }
    this.onSequence();
  }

  /** The response sequence moved on: is there still something to wait for before the drain? */
  onSequence(): void {
    if (this.#state !== "speaking") return;
    const isSpeaking = this.#sequence.state() !== "idle";
    if (isSpeaking || this.#sequence.isWanted("goodbye")) return;
    this.#state = "draining";
    this.#effects.setTimer("drain", DRAIN_POLL_MS);
  }

  /** The call ended some other way. */
  close(): void {
    this.#state = "over";
    this.#effects.clearTimer("goodbye");
    this.#effects.clearTimer("drain");
  }

  onTimer(timer: ConversationTimer): void {
    if (this.#state === "none" || this.#state === "over") return;
    if (timer === "goodbye") this.#end();
    else if (timer === "drain") this.#onDrainPoll();
  }

  #onDrainPoll(): void {
    if (this.#ledger.isDrained(this.#effects.nowMs())) this.#end();
    else this.#effects.setTimer("drain", DRAIN_POLL_MS);
  }

  #end(): void {
    this.close();
    this.#sequence.close();
    this.#effects.end(this.#reason);
  }
}
