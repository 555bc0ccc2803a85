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
// known and stopped. Waiting asks go by priority (response-ask.ts), and are dropped when stale or
// past their deadline. A provider that never answers is resynchronised by timer.
import { assert } from "../assert.ts";
import type { CallEffects } from "../contract/call-effects.ts";
import { SEND } from "../contract/send-result.ts";
import {
  type ResponseAsk,
  type ResponseAsker,
  type SequenceState,
  WaitingAsks,
} from "./response-ask.ts";

/** response.create to response.created: a lost answer is rare and costs only this wait. */
const REQUEST_MS_MAX = 10_000;
/** As settings.answerSilentMs, unless told otherwise. */
export const ANSWER_SILENT_MS = 15_000;
const CANCEL_MS_MAX = 5_000;

export class ResponseSequence {
  readonly #effects: CallEffects;
  readonly #asks = new WaitingAsks();
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
  /** Nothing has come of the active response: no sound, no word, no tool call. */
  #isBarren = true;
  readonly #silentMs: number;

  /** silentMs: longest silence of the provider inside one response, before we give it up. */
  constructor(effects: CallEffects, silentMs = ANSWER_SILENT_MS) {
    this.#effects = effects;
    this.#silentMs = silentMs;
  }

  state(): SequenceState {
    return this.#state;
  }

  /** The ask being requested, spoken or cancelled. */
  current(): ResponseAsk | null {
    return this.#current;
  }

  waiting(): number {
    return this.#asks.count();
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

  /** Wants a response; takes the place of what the same asker waits for, unless stale. */
  ask(ask: ResponseAsk): void {
    if (this.#isStale(ask)) {
      this.#effects.count("response_stale");
      return;
    }
    this.#asks.add(ask);
    this.#sendNext();
  }

  /** True while this asker's response waits, is requested or is spoken. */
  isWanted(asker: ResponseAsker): boolean {
    if (this.#state !== "cancelling" && this.#current?.asker === asker) return true;
    return this.#asks.has(asker);
  }

  /** Stops what is requested or active. -> true when there was something to stop. */
  cancel(): boolean {
    const isActive = this.#state === "active";
    if (!isActive && this.#state !== "requested") return false;
    this.#state = "cancelling";
    if (isActive) this.#effects.cancelResponse(this.#responseId);
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
    this.#isBarren = true;
    this.#effects.setTimer("response_silent", this.#silentMs);
    return true;
  }

  /** True when audio or words of this response may reach the caller: drops late deltas (RT-06). */
  accepts(responseId: string): boolean {
    return this.#state === "active" && responseId !== "" && responseId === this.#responseId;
  }

  /** The provider gave a sign of life inside the active response. */
  onProgress(): void {
    if (this.#state !== "active") return;
    this.#isBarren = false;
    this.#effects.setTimer("response_silent", this.#silentMs);
  }

  /**
   * -> what the active response was to answer, while nothing has come of it: a turn, when the
   * provider made it by itself; null when it is another one, or is being stopped.
   */
  barrenAsk(responseId: string): ResponseAsk | null {
    if (!this.accepts(responseId) || !this.#isBarren) return null;
    if (this.#current !== null) return this.#current;
    return { asker: "turn", turnId: this.#turnId, instructions: "", deadlineMs: 0 };
  }

  /** The provider refused this request. -> what it was to answer; null when nobody wants it now. */
  onRefused(tag: string): ResponseAsk | null {
    if (tag !== this.#tag || this.#responseId !== "") return null;
    const ask = this.#state === "requested" ? this.#current : null;
    this.#toIdle();
    this.#sendNext();
    return ask;
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
    this.#sendWaiting();
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
    if (wanted !== null && !this.isWanted(wanted.asker)) this.#asks.addFirst(wanted);
    this.#effects.clearTimer("response_request");
    this.#effects.setTimer("response_silent", this.#silentMs);
  }

  /** The provider says that there was nothing to cancel: whatever we waited for is over. */
  onCancelNotActive(): void {
    // Without a name no cancel of it was sent: the answer belongs to an older one.
    if (this.#state !== "cancelling" || this.#responseId === "") return;
    this.#toIdle();
    this.#sendNext();
  }

  /** A deadline passed: asks the provider to stop. -> what it was to answer, when nothing came. */
  onTimeout(): ResponseAsk | null {
    if (this.#state === "idle") return null;
    const isRequested = this.#state === "requested";
    const ask = isRequested ? this.#current : this.barrenAsk(this.#responseId);
    this.#effects.count("response_resync");
    this.#effects.cancelResponse(this.#responseId);
    this.#toIdle();
    this.#sendWaiting();
    return ask;
  }

  /** The session is gone. -> what was requested or spoken; null when it was being stopped. */
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
    this.#asks.renew(this.#effects.nowMs() + waitMs);
    this.#sendNext();
  }

  /** What this asker waits for is not wanted any more. */
  forget(asker: ResponseAsker): void {
    this.#asks.forget(asker);
  }

  /** The call is over. */
  close(): void {
    this.#asks.clear();
    this.#toIdle();
  }

  #toIdle(): void {
    this.#state = "idle";
    this.#isBarren = true;
    this.#tag = "";
    this.#current = null;
    this.#responseId = "";
    this.#effects.clearTimer("response_request");
    this.#effects.clearTimer("response_silent");
  }

  #isStale(ask: ResponseAsk): boolean {
    return ask.asker !== "goodbye" && ask.turnId !== this.#turnId;
  }

  /** However long a response was: whose turn is still the newest is waited for (S1-29, S1-30). */
  #sendWaiting(): void {
    this.#asks.renew(this.#effects.nowMs());
    this.#sendNext();
  }

  #sendNext(): void {
    while (this.#state === "idle" && !this.#isHeld && !this.#isUnsettled && !this.#isLost) {
      const ask = this.#asks.next();
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
