// The speculative turn (S1-68..71), off by default: at an early silence the turn is committed and
// its answer asked for and held; the silence then confirms it, or the caller goes on and all of it
// is taken back, so that the model has one utterance and not two halves.
// Station: between the caller's speech, which sees the silence, and the agent's voice, which holds
// the answer; the span forwarder commits early and appends again from the turn tape.
//
//                     silent for earlySilenceMs: commit, respond, hold
//   open (a turn) -----------------------------------------------------> pending
//      ^    speech again (miss), interrupt, text, switch, loss              |
//      +-- cancel, delete the caller's item and the answer's, append again -+
//                                                                           | END, force, the
//   committed, answer heard <-----------------------------------------------+ provider's stop (hit)
//
// The caller's item has no name before the provider acknowledged its commit. A turn taken back
// before that is deleted when the acknowledgement comes; until then nothing is asked
// (TAKE_BACK_MS_MAX at most), or the model would answer with the half it must not know.
// Limits: one speculation in one silence, perTurnMax in a turn, perMinuteMax in a minute; off for
// the rest of the call once hitRateMin is missed over at least sampleMin outcomes.
import { assert } from "../assert.ts";
import type { CallEffects, CommitAck } from "../contract/call-effects.ts";
import type { AgentVoice } from "./agent-voice.ts";
import type { CallerItems } from "./caller-items.ts";
import type { CallerSpan } from "./caller-span.ts";
import type { ProviderParts } from "./provider-parts.ts";
import type { FrameSpan, TurnCommit } from "./turn-commit.ts";

/** A lost acknowledgement must not silence the agent. */
const TAKE_BACK_MS_MAX = 2_000;
const MINUTE_MS = 60_000;

export interface SpeculationSettings {
  /** Silence after the last speech; shorter than the silence that ends a turn. */
  readonly earlySilenceMs: number;
  readonly perTurnMax: number;
  readonly perMinuteMax: number;
  /** Share of hits under which it is given up, once sampleMin were hit or missed. */
  readonly hitRateMin: number;
  readonly sampleMin: number;
}

interface Pending extends FrameSpan {
  readonly beganMs: number;
  /** Where it is appended again from, should the caller go on. */
  readonly againFrame: number;
  /** The caller's item, none until the provider has named it. */
  readonly itemIds: string[];
  /** The provider refused the commit: there is no item. */
  isRefused: boolean;
}

export interface SpeculationParts {
  readonly effects: CallEffects;
  readonly voice: AgentVoice;
  readonly turn: TurnCommit;
  readonly span: CallerSpan;
  readonly parts: ProviderParts;
  readonly items: CallerItems;
}

export class Speculation {
  readonly #settings: SpeculationSettings | null;
  readonly #effects: CallEffects;
  readonly #voice: AgentVoice;
  readonly #turn: TurnCommit;
  readonly #span: CallerSpan;
  readonly #parts: ProviderParts;
  readonly #items: CallerItems;
  #pending: Pending | null = null;
  #isAckOwed = false;
  #isSilenceUsed = false;
  #ofTurn = 0;
  /** When the newest perMinuteMax speculations began, the oldest first. */
  readonly #beganMs: number[] = [];
  #hits = 0;
  #misses = 0;
  #isOff = false;

  /** settings null: never. */
  constructor(settings: SpeculationSettings | null, parts: SpeculationParts) {
    this.#settings = settings;
    this.#effects = parts.effects;
    this.#voice = parts.voice;
    this.#turn = parts.turn;
    this.#span = parts.span;
    this.#parts = parts.parts;
    this.#items = parts.items;
  }

  isPending(): boolean {
    return this.#pending !== null;
  }

  /** The item is what was committed early and may be taken back. */
  isAbout(itemId: string): boolean {
    return this.#pending?.itemIds.includes(itemId) === true;
  }

  onTurnStarted(): void {
    this.#ofTurn = 0;
    this.#isSilenceUsed = false;
  }

  /** One frame of the silence that may end the turn, whose audio so far is the span. */
  onSilence(span: FrameSpan): void {
    if (this.#settings === null || this.#pending !== null || !this.#isAllowed()) return;
    const silenceMs = this.#turn.silenceMs(span.endFrame);
    const restFrame = this.#parts.restFrame(span.firstFrame);
    const isLong = this.#turn.isLongEnough({ ...span, firstFrame: restFrame });
    if (silenceMs < this.#settings.earlySilenceMs || !isLong) return;
    const speechEndFrame = this.#turn.speechEndFrame();
    // The provider has committed it all by itself: the local detection's word is near.
    if (this.#parts.covers(speechEndFrame)) return;
    const endFrame = this.#effects.commitEarly(restFrame, speechEndFrame);
    if (endFrame >= 0) this.#begin({ firstFrame: span.firstFrame, endFrame }, silenceMs);
  }

  /** The caller speaks again. */
  onSpeech(): void {
    this.#isSilenceUsed = false;
    if (this.#pending === null) return;
    this.#misses += 1;
    this.#takeBack("speculation_miss");
    this.#judge();
  }

  /** The turn is over. -> true when it had been committed early, and nothing is left to do. */
  confirm(): boolean {
    const pending = this.#pending;
    if (pending === null) return false;
    this.#pending = null;
    this.#hits += 1;
    this.#effects.count("speculation_hit");
    const nowMs = this.#effects.nowMs();
    this.#effects.noteSavedMs(nowMs - pending.beganMs);
    this.#voice.latency.onConfirmed(nowMs);
    this.#span.keepEarly(pending.endFrame);
    this.#parts.clear();
    this.#turn.tell(pending);
    this.#voice.hold.release();
    this.#judge();
    return true;
  }

  /** Something else than the caller's speech overtakes it: neither hit nor miss. */
  drop(): void {
    if (this.#pending !== null) this.#takeBack("speculation_dropped");
  }

  /** A commit was acknowledged as this item. */
  onCommitted(itemId: string, ack: CommitAck): void {
    if (ack === "taken_back") {
      this.#items.delete(itemId);
      this.#settle();
    } else if (ack === "early") {
      this.#pending?.itemIds.push(itemId);
    }
  }

  /** The provider had nothing to commit. -> true when that ends the matter here. */
  onCommitRefused(ack: CommitAck): boolean {
    if (ack === "turn") return false;
    if (ack === "taken_back") this.#settle();
    if (ack === "early" && this.#pending !== null) {
      this.#pending.isRefused = true;
      this.drop();
    }
    return true;
  }

  /** Nothing is asked any more that could be answered wrongly. */
  onEnding(): void {
    this.#settle();
  }

  /** The session and every item in it are gone; what was pending was dropped before. */
  onLost(): void {
    this.#settle();
  }

  /** The acknowledgement of a turn taken back did not come in time. */
  onOverdue(): void {
    this.#effects.count("take_back_overdue");
    this.#settle();
  }

  #isAllowed(): boolean {
    const settings = this.#settings;
    if (settings === null || this.#isOff || this.#isAckOwed || this.#isSilenceUsed) return false;
    if (this.#ofTurn >= settings.perTurnMax) return false;
    const oldestMs = this.#beganMs[0] ?? 0;
    if (this.#beganMs.length < settings.perMinuteMax) return true;
    return this.#effects.nowMs() - oldestMs >= MINUTE_MS;
  }

  #begin(span: FrameSpan, silenceMs: number): void {
    const nowMs = this.#effects.nowMs();
    this.#isSilenceUsed = true;
    this.#ofTurn += 1;
    this.#beganMs.push(nowMs);
    if (this.#beganMs.length > (this.#settings?.perMinuteMax ?? 0)) this.#beganMs.shift();
    const againFrame = this.#parts.againFrame(span.firstFrame);
    this.#pending = { ...span, againFrame, beganMs: nowMs, itemIds: [], isRefused: false };
    this.#effects.count("speculation_begun");
    this.#turn.decide(silenceMs);
    this.#voice.hold.hold();
    this.#turn.ask();
    this.#voice.sequence.setHeld(false);
  }

  #takeBack(outcome: "speculation_miss" | "speculation_dropped"): void {
    const pending = this.#pending;
    assert(pending !== null, "speculation: nothing to take back");
    this.#pending = null;
    this.#effects.count(outcome);
    this.#voice.sequence.setHeld(true);
    this.#voice.takeBack();
    for (const itemId of pending.itemIds) this.#items.delete(itemId);
    if (pending.itemIds.length === 0 && !pending.isRefused) this.#owe();
    this.#effects.takeBackEarly(pending.againFrame);
  }

  #owe(): void {
    this.#isAckOwed = true;
    this.#voice.sequence.setUnsettled(true);
    this.#effects.setTimer("take_back", TAKE_BACK_MS_MAX);
  }

  #settle(): void {
    if (!this.#isAckOwed) return;
    this.#isAckOwed = false;
    this.#effects.clearTimer("take_back");
    this.#voice.sequence.setUnsettled(false);
  }

  #judge(): void {
    const { sampleMin, hitRateMin } = this.#settings ?? { sampleMin: 0, hitRateMin: 0 };
    const outcomes = this.#hits + this.#misses;
    if (this.#isOff || outcomes < sampleMin || this.#hits >= hitRateMin * outcomes) return;
    this.#isOff = true;
    this.#effects.count("speculation_off");
  }
}
