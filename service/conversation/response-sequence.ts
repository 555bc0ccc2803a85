// The one owner of response.create (decision 11, S1-21, D-21, D-23): turn, greeting, tool answer,
// nudge and goodbye all ask here.
//
//            ask                 created               done
//   idle ----------> requested ----------> active ----------> idle
//                        | cancel             | cancel
//                        v                    v
//                    cancelling <-------------+   (ends with done, or by deadline)
//
// `requested` starts when we send, so two askers can never both pass between send and created.
// Each request carries a tag of its own, so a response that was given up and comes all the same is
// known and stopped. Waiting asks go by priority, one per asker (a newer one replaces it: one
// response answers both), and are dropped when stale or past their deadline. A provider that never
// answers is resynchronised by timer: nothing waits for ever.
import { assert } from "../assert.ts";
import type { CallEffects } from "../contract/call-effects.ts";
import { SEND } from "../contract/send-result.ts";

/** response.create to response.created: a lost answer is rare and costs only this wait. */
const REQUEST_MS_MAX = 10_000;
/** Longest silence of the provider inside one response before we stop believing in it. */
const RESPONSE_SILENT_MS_MAX = 30_000;
const CANCEL_MS_MAX = 5_000;

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

export class ResponseSequence {
  readonly #effects: CallEffects;
  readonly #asks: ResponseAsk[] = [];
  #state: SequenceState = "idle";
  #current: ResponseAsk | null = null;
  #responseId = "";
  #tag = "";
  #requestLast = 0;
  #turnId = 0;
  #isHeld = false;
  #isProviderOwned = false;
  #isUnsettled = false;
  #isLost = false;

  constructor(effects: CallEffects) {
    this.#effects = effects;
  }

  state(): SequenceState {
    return this.#state;
  }

  /** The ask being requested, spoken or cancelled. */
  current(): ResponseAsk | null {
    return this.#current;
  }

  responseId(): string {
    return this.#responseId;
  }

  waiting(): number {
    return this.#asks.length;
  }

  /** A newer turn began: what answers older ones is stale (S1-28, S1-30). */
  setTurn(turnId: number): void {
    assert(turnId >= this.#turnId, "response sequence: turn ids only grow");
    this.#turnId = turnId;
  }

  /** The provider answers by itself; else an answer that nobody asked for may have come late. */
  setProviderOwned(isProviderOwned: boolean): void {
    this.#isProviderOwned = isProviderOwned;
  }

  /** While held (the caller speaks), nothing is requested; asks wait. */
  setHeld(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) this.#sendNext();
  }

  /** While the conversation upstream holds what is being taken back, nothing is requested. */
  setUnsettled(isUnsettled: boolean): void {
    this.#isUnsettled = isUnsettled;
    if (!isUnsettled) this.#sendNext();
  }

  /** Wants a response; asked before by the same asker and still waiting: this one, unless stale. */
  ask(ask: ResponseAsk): void {
    if (this.#isStale(ask)) {
      this.#effects.count("response_stale");
      return;
    }
    this.forget(ask.asker);
    this.#asks.push(ask);
    this.#asks.sort((first, second) => PRIORITY[first.asker] - PRIORITY[second.asker]);
    this.#sendNext();
  }

  /** True while this asker's response waits, is requested or is spoken. */
  isWanted(asker: ResponseAsker): boolean {
    if (this.#state !== "cancelling" && this.#current?.asker === asker) return true;
    return this.#asks.some((ask) => ask.asker === asker);
  }

  /** Stops what is requested or active. -> true when there was something to stop. */
  cancel(): boolean {
    if (this.#state === "requested") {
      this.#state = "cancelling";
      this.#effects.setTimer("response_request", CANCEL_MS_MAX);
      return true;
    }
    if (this.#state !== "active") return false;
    this.#state = "cancelling";
    this.#effects.cancelResponse(this.#responseId);
    this.#effects.clearTimer("response_silent");
    this.#effects.setTimer("response_request", CANCEL_MS_MAX);
    return true;
  }

  /**
   * tag: the request's, "" when the provider made the response or does not echo tags.
   * -> true when the response may be spoken.
   */
  onCreated(responseId: string, tag: string): boolean {
    if (responseId === this.#responseId) return this.#state === "active";
    const isOwnLate = tag === "" && this.#isHeld && !this.#isProviderOwned;
    const isGivenUp = tag !== "" && (tag !== this.#tag || this.#responseId !== "");
    if (isGivenUp || (isOwnLate && this.#state === "idle")) {
      // Its request timed out long ago, or nobody made one: the caller speaks by now.
      this.#effects.cancelResponse(responseId);
      return false;
    }
    this.#effects.clearTimer("response_request");
    const isUnnamed = this.#responseId === "";
    this.#responseId = responseId;
    if (this.#state === "cancelling" && (isUnnamed || isOwnLate)) {
      // Cancelled before we knew its name: now it can be told to stop.
      this.#effects.cancelResponse(responseId);
      this.#effects.setTimer("response_request", CANCEL_MS_MAX);
      return false;
    }
    // Another response while we waited for one's end: that one is over, its done was lost.
    if (this.#state === "cancelling") this.#current = null;
    this.#state = "active";
    this.#effects.setTimer("response_silent", RESPONSE_SILENT_MS_MAX);
    return true;
  }

  /** True when audio or words of this response may reach the caller: drops late deltas (RT-06). */
  accepts(responseId: string): boolean {
    return this.#state === "active" && responseId !== "" && responseId === this.#responseId;
  }

  /** The provider gave a sign of life inside the active response. */
  onProgress(): void {
    if (this.#state === "active") {
      this.#effects.setTimer("response_silent", RESPONSE_SILENT_MS_MAX);
    }
  }

  /** -> the ask that ended, or null when it was not ours. */
  onDone(responseId: string): ResponseAsk | null {
    if (this.#state === "idle" || this.#state === "requested") return null;
    const isUnnamed = this.#responseId === "";
    // Cancelled before it was created: its created comes first, so this is an older response's end.
    if (isUnnamed && this.#state === "cancelling") return null;
    if (!isUnnamed && responseId !== this.#responseId) return null;
    const ended = this.#current;
    this.#toIdle();
    this.#sendNext();
    return ended;
  }

  /** Another response is active, our create was refused: wait for its end, then again. */
  onAlreadyActive(): void {
    this.#effects.count("response_already_active");
    if (this.#state !== "requested" && this.#state !== "cancelling") return;
    const wanted = this.#state === "requested" ? this.#current : null;
    this.#state = "active";
    this.#responseId = "";
    this.#tag = "";
    this.#current = null;
    if (wanted !== null && !this.isWanted(wanted.asker)) this.#asks.unshift(wanted);
    this.#effects.clearTimer("response_request");
    this.#effects.setTimer("response_silent", RESPONSE_SILENT_MS_MAX);
  }

  /** The provider says that there was nothing to cancel: whatever we waited for is over. */
  onCancelNotActive(): void {
    // Without a name no cancel of it was sent: the answer belongs to an older one.
    if (this.#state !== "cancelling" || this.#responseId === "") return;
    this.#toIdle();
    this.#sendNext();
  }

  /** A deadline passed: the provider's state is unknown, so ask it to stop and begin anew. */
  onTimeout(): void {
    if (this.#state === "idle") return;
    this.#effects.count("response_resync");
    this.#effects.cancelResponse(this.#responseId);
    this.#toIdle();
    this.#sendNext();
  }

  /**
   * The session is gone, and with it any response. Nothing is requested until onRestored.
   * -> the ask that was requested or being spoken, null when there was none or it was being
   * stopped.
   */
  onLost(): ResponseAsk | null {
    const interrupted = this.#state === "cancelling" ? null : this.#current;
    this.#isLost = true;
    this.#toIdle();
    return interrupted;
  }

  /** A new session is there: waiting asks get their full wait again; a line is too late by now. */
  onRestored(waitMs: number): void {
    this.#isLost = false;
    this.forget("progress");
    const deadlineMs = this.#effects.nowMs() + waitMs;
    const asks = this.#asks.splice(0);
    this.#asks.push(...asks.map((ask) => ({ ...ask, deadlineMs })));
    this.#sendNext();
  }

  /** Forgets what this asker waits for: one ask at most. */
  forget(asker: ResponseAsker): void {
    const index = this.#asks.findIndex((ask) => ask.asker === asker);
    if (index >= 0) this.#asks.splice(index, 1);
  }

  /** The call is over: no timer stays behind, nothing more is asked. */
  close(): void {
    this.#asks.length = 0;
    this.#toIdle();
  }

  #toIdle(): void {
    this.#state = "idle";
    this.#tag = "";
    this.#current = null;
    this.#responseId = "";
    this.#effects.clearTimer("response_request");
    this.#effects.clearTimer("response_silent");
  }

  #isStale(ask: ResponseAsk): boolean {
    return ask.asker !== "goodbye" && ask.turnId !== this.#turnId;
  }

  #sendNext(): void {
    while (this.#state === "idle" && !this.#isHeld && !this.#isUnsettled && !this.#isLost) {
      const ask = this.#asks.shift();
      if (ask === undefined) return;
      if (this.#isStale(ask)) this.#effects.count("response_stale");
      else if (this.#effects.nowMs() > ask.deadlineMs) this.#effects.count("response_expired");
      else this.#request(ask);
    }
  }

  #request(ask: ResponseAsk): void {
    this.#requestLast += 1;
    const tag = `${ask.asker}:${ask.turnId}:${this.#requestLast}`;
    const { instructions, openingText = "" } = ask;
    const opening = openingText === "" ? {} : { openingText };
    const sent = this.#effects.respond({ instructions, tag, ...opening });
    if (sent === SEND.DROPPED) {
      this.#effects.count("response_expired");
      return;
    }
    this.#effects.count("response_asked");
    this.#state = "requested";
    this.#current = ask;
    this.#responseId = "";
    this.#tag = tag;
    this.#effects.setTimer("response_request", REQUEST_MS_MAX);
  }
}
