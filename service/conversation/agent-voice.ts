// The agent's side of the conversation: what it says, what of it was heard, how it is cut off.
// Station: between the upstream's audio events, the pacer's sent frames and the transport's
// reports. Owns the ledger, the response sequence and the generation; the turns are
// conversation.ts's.
//
//   response created -> audio -> queued -> sent -> (reports) heard -> receipt
//                         \-- late or cut: dropped, counted
import { assert } from "../assert.ts";
import type { CallEffects } from "../contract/call-effects.ts";
import { AnswerHold } from "./answer-hold.ts";
import type { BargeInSettings } from "./barge-in-action.ts";
import { BargeInDuck } from "./barge-in-duck.ts";
import { BargeInPause } from "./barge-in-pause.ts";
import { FailedAnswer } from "./failed-answer.ts";
import { FlowMeter } from "./flow-meter.ts";
import { type Interrupted, interrupt } from "./interruption.ts";
import { type LedgerItem, type LedgerItemNames, PlayoutLedger } from "./playout-ledger.ts";
import { Recordings } from "./recordings.ts";
import { ResponseSequence } from "./response-sequence.ts";
import { TurnLatency } from "./turn-latency.ts";

const FRAME_MS = 20;
/** What a response that was stopped still asks of tools belongs to no turn that will come. */
const STOPPED_TURN_ID = -1;

export interface AgentVoiceSettings extends BargeInSettings {
  readonly upstreamRateHz: number;
  /** Longest silence of the provider inside one answer; default 15 s. */
  readonly answerSilentMs?: number;
}

export class AgentVoice {
  readonly ledger: PlayoutLedger;
  readonly sequence: ResponseSequence;
  readonly latency = new TurnLatency();
  readonly flow = new FlowMeter();
  readonly hold: AnswerHold;
  readonly failed: FailedAnswer;
  readonly recordings: Recordings;
  readonly #pause: BargeInPause;
  readonly #duck: BargeInDuck;
  readonly #effects: CallEffects;
  readonly #turnId: () => number;
  #generation = 0;
  /** Made once: an interruption takes no memory before its clear (S0-10). */
  readonly #onCleared = () => {
    this.#generation += 1;
  };
  #isAudible = false;
  #receiptNext = 1;

  /** turnId: the conversation's newest turn, which provider-made responses answer. */
  constructor(
    { upstreamRateHz, answerSilentMs, bargeInAction, duckGain }: AgentVoiceSettings,
    effects: CallEffects,
    turnId: () => number,
  ) {
    this.#pause = new BargeInPause(effects, bargeInAction === "pause");
    this.#duck = new BargeInDuck(effects, bargeInAction === "duck", duckGain);
    this.hold = new AnswerHold(effects);
    this.ledger = new PlayoutLedger(upstreamRateHz);
    this.recordings = new Recordings(effects, this.ledger);
    this.sequence = new ResponseSequence(effects, answerSilentMs);
    this.failed = new FailedAnswer(effects, this.sequence, () => this.recordings.apologize());
    // Asks wait for the first session as they do for every later one.
    this.sequence.onLost();
    this.#effects = effects;
    this.#turnId = turnId;
  }

  /** Grows with every clear; frames and reports carry it. */
  generation(): number {
    return this.#generation;
  }

  isAudible(): boolean {
    return this.#isAudible;
  }

  isDrained(): boolean {
    return this.ledger.isDrained(this.#effects.nowMs());
  }

  /** The turn that the response being spoken answers. */
  responseTurnId(): number {
    return this.sequence.current()?.turnId ?? this.#turnId();
  }

  /** -> false for a report of nothing that was sent. */
  onReport(item: number, samples: number, generation: number): boolean {
    if (generation !== this.#generation) return true;
    return this.ledger.onReport(item, samples, this.#effects.nowMs());
  }

  onFrameSent(item: number, positionSamples: number, samples: number): void {
    const nowMs = this.#effects.nowMs();
    this.ledger.onSent(item, positionSamples, samples, nowMs, FRAME_MS);
    this.#setAudible(true);
    if (positionSamples !== 0 || item === 0) return;
    const turnId = this.ledger.item(item)?.turnId ?? 0;
    const latency = this.latency.onFirstSent(turnId, nowMs);
    if (latency === null) return;
    if (latency.kind === "turn_latency") this.flow.onResponse(latency.perceivedMs);
    this.#effects.notice(latency);
  }

  onResponseCreated(responseId: string, tag: string): void {
    const isWanted = this.sequence.onCreated(responseId, tag);
    if (!isWanted) return;
    this.failed.onTakenUp(this.sequence.current()?.asker ?? "turn");
    this.hold.notice({ kind: "response_started", turnId: this.responseTurnId(), responseId });
  }

  onAudio(responseId: string, itemId: string, contentIndex: number): number {
    if (!this.sequence.accepts(responseId)) {
      this.#effects.count("late_audio_dropped");
      this.#deleteUnheard({ responseId, itemId, contentIndex, turnId: STOPPED_TURN_ID });
      return 0;
    }
    this.sequence.onProgress();
    const turnId = this.responseTurnId();
    const item = this.ledger.itemFor({ responseId, itemId, contentIndex, turnId });
    if (item.isCut) return 0;
    this.failed.onAnswered(this.sequence.current()?.asker ?? "turn");
    if (item.generatedSamples === 0) this.latency.onFirstAudio(turnId, this.#effects.nowMs());
    return item.number;
  }

  onAudioQueued(item: number, samples: number): void {
    const entry = this.ledger.item(item);
    if (entry !== undefined) entry.generatedSamples += samples;
  }

  onAudioDone(itemId: string): number {
    const entry = this.#itemOf(itemId);
    if (entry === undefined) return 0;
    entry.isGenerated = true;
    return entry.isCut ? 0 : entry.number;
  }

  onTranscript(responseId: string, itemId: string, text: string, isFinal: boolean): void {
    if (!this.sequence.accepts(responseId)) return;
    this.sequence.onProgress();
    const item = this.#itemOf(itemId)?.number ?? 0;
    const turnId = this.responseTurnId();
    this.hold.notice({ kind: "transcript", speaker: "agent", text, isFinal, turnId, item });
  }

  /** -> the turn a tool call belongs to; a stopped response's belongs to none. */
  turnOfToolCall(responseId: string): number {
    if (!this.sequence.accepts(responseId)) return STOPPED_TURN_ID;
    this.sequence.onProgress();
    return this.responseTurnId();
  }

  /** The response is over. -> items whose end the provider never announced. */
  onResponseDone(responseId: string, status: string): number[] {
    const turnId = this.responseTurnId();
    const isFailed = status === "failed" || status === "incomplete";
    const failed = isFailed ? this.sequence.barrenAsk(responseId) : null;
    const unfinished: number[] = [];
    for (const item of this.ledger.items()) {
      if (item.responseId !== responseId || item.isGenerated) continue;
      item.isGenerated = true;
      if (!item.isCut) unfinished.push(item.number);
    }
    this.hold.notice({ kind: "response_done", turnId, responseId, status });
    this.sequence.onDone(responseId);
    this.failed.onFailed(failed, this.#turnId());
    return unfinished;
  }

  /** The provider refused something. tag: of the request for an answer that it was, else "". */
  onRefused(code: string, tag: string): void {
    if (code === "conversation_already_has_active_response") this.sequence.onAlreadyActive();
    else if (code === "response_cancel_not_active") this.sequence.onCancelNotActive();
    else if (tag !== "") this.failed.onFailed(this.sequence.onRefused(tag), this.#turnId());
  }

  /** The provider has not answered, or stopped in the middle. */
  onTimeout(): void {
    this.failed.onFailed(this.sequence.onTimeout(), this.#turnId());
    this.finishItems();
  }

  /** A response was given up: what came of its audio is all there is. */
  finishItems(): void {
    for (const item of this.ledger.items()) {
      if (item.isGenerated) continue;
      item.isGenerated = true;
      if (!item.isCut) this.#effects.endPlaybackItem(item.number);
    }
  }

  /** The call is over. */
  close(): void {
    this.failed.close();
    this.sequence.close();
  }

  /** Clear, cancel, truncate; one synchronous call. */
  interrupt(): Interrupted {
    const nowMs = this.#effects.nowMs();
    const cut = interrupt(this.ledger, this.sequence, this.#effects, nowMs, this.#onCleared);
    this.#pause.end();
    this.#duck.end();
    // Also when a pause outlasted what was there to cut: it alone kept the agent audible.
    this.#setAudible(false);
    return cut;
  }

  /** The caller's side is told what turn turnId has cut off, if anything. */
  tellBargeIn({ wasAudible, item, heardMs }: Interrupted, turnId: number): void {
    if (!wasAudible) return;
    this.#effects.count("barge_in");
    this.flow.onInterruption();
    this.#effects.notice({ kind: "barge_in", item, heardMs, turnId });
  }

  /** The caller's turn is to be answered; its speech truly ended silenceMs ago. */
  onTurnDecided(turnId: number, silenceMs: number): void {
    this.flow.onTurn();
    this.latency.onTurnDecided(turnId, this.#effects.nowMs(), silenceMs);
  }

  /** The provider had no audio to commit: an answer to it would answer nothing. */
  onCommitRefused(): void {
    this.failed.drop();
    this.sequence.forget("turn");
    if (this.sequence.current()?.asker === "turn") this.sequence.cancel();
  }

  /**
   * A frame's bits, after the turns had them. isSpoken: a span of the caller's speech is open;
   * isAllowed: speech may do something to the agent.
   */
  onCallerFrame(bits: number, isSpoken: boolean, isAllowed: boolean): void {
    const isOverAgent = isAllowed && this.#isAudible;
    this.#pause.onCapture(bits, isOverAgent);
    this.#duck.onFrame(isSpoken, isOverAgent);
  }

  /** The answer being held is given up: nothing of it stays, here or upstream. */
  takeBack(): void {
    this.failed.drop();
    this.sequence.forget("turn");
    this.sequence.cancel();
    for (const item of this.ledger.cut(this.#effects.nowMs())) {
      assert(item.sentSamples === 0, "agent voice: audio of a held answer was sent");
      this.#effects.deleteItem(item.itemId);
      this.#effects.count("item_deleted");
    }
    this.hold.drop();
  }

  /** Once per captured frame: has the far end fallen silent, has an item been heard to its end? */
  follow(): void {
    const nowMs = this.#effects.nowMs();
    const isHeard = this.#pause.isPaused() || this.ledger.isAudible(nowMs);
    if (this.#isAudible && !isHeard) this.#setAudible(false);
    const oldest = this.ledger.items()[0]?.number ?? 0;
    const item = this.ledger.item(Math.max(this.#receiptNext, oldest));
    if (item === undefined || !this.ledger.isHeardToEnd(item, nowMs)) return;
    this.#receiptNext = item.number + 1;
    if (!item.isCut) this.#giveReceipt(item, nowMs);
  }

  /** First audio of an item after its response was stopped: nobody will have heard of it. */
  #deleteUnheard(names: LedgerItemNames): void {
    if (this.#itemOf(names.itemId) !== undefined) return;
    const item = this.ledger.itemFor(names);
    item.isGenerated = true;
    item.isCut = true;
    this.#effects.deleteItem(names.itemId);
    this.#effects.count("item_deleted");
  }

  #giveReceipt(item: LedgerItem, nowMs: number): void {
    this.#effects.notice({
      kind: "receipt",
      item: item.number,
      heardSamples: item.generatedSamples,
      heardMs: this.ledger.heardMs(item, nowMs),
      isEstimated: this.ledger.isEstimated(item),
      isComplete: true,
    });
  }

  #itemOf(itemId: string): LedgerItem | undefined {
    return this.ledger.items().findLast((item) => item.itemId === itemId);
  }

  #setAudible(isAudible: boolean): void {
    if (isAudible === this.#isAudible) return;
    this.#isAudible = isAudible;
    this.#effects.setAgentAudible(isAudible);
  }
}
