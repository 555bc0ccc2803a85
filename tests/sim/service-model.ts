// The service's side of a simulated call: the real conversation, told of everything in the order in
// which the fast lane tells it. What it does about it: service-effects.ts.
import { Conversation } from "../../service/conversation/conversation.ts";
import type { IdleSettings } from "../../service/conversation/idle.ts";
import type { LedgerItem } from "../../service/conversation/playout-ledger.ts";
import { ACKNOWLEDGEMENT } from "./barge-in-rules.ts";
import type { CallWorld } from "./call-world.ts";
import { CoreModel } from "./core-model.ts";
import { isAnsweredHere, type Knobs, type SimulatedTurns } from "./knobs.ts";
import type { ProviderEvents } from "./provider-model.ts";
import { idNumber } from "./trace.ts";
import { FRAME_SAMPLES, ServiceEffects } from "./service-effects.ts";
import { ThinkingModel } from "./thinking-model.ts";
import { NUDGE, NUDGE_WAITING } from "./thinking-rules.ts";
import { TurnEndRules } from "./turn-end-rules.ts";

export const SAMPLES_PER_MS = 8;
/** The ledger is held against the ear in every so many frames. */
const HEARD_CHECK_FRAMES = 4;
/** The ledger remembers so many items. */
const LEDGER_ITEMS = 64;

export class ServiceModel implements ProviderEvents {
  readonly #world: CallWorld;
  readonly conversation: Conversation;
  readonly core: CoreModel;
  readonly turnEnd: TurnEndRules;
  readonly thinking: ThinkingModel;
  readonly #effects: ServiceEffects;
  readonly #tagOfResponse = new Map<string, string>();
  #turns: SimulatedTurns;
  isOver = false;

  constructor(world: CallWorld) {
    this.#world = world;
    const { knobs } = world;
    this.#turns = knobs.turnDetection;
    this.core = new CoreModel(SAMPLES_PER_MS, knobs.silenceWindows);
    this.#effects = new ServiceEffects(world, this);
    this.turnEnd = new TurnEndRules({
      ...{ time: world.time, dice: world.dice, knobs },
      fail: (rule) => world.rules.fail(rule),
      answer: (generation, probability) => {
        if (!this.isOver) this.conversation.turnEnd()?.onVote(generation, probability);
      },
    });
    this.thinking = new ThinkingModel({
      world,
      conversation: () => this.conversation,
      isOver: () => this.isOver,
      isAgentQuiet: () => this.#effects.pacer.queuedSamples() === 0,
    });
    const words = { instructions: "Say hello.", isProtected: knobs.isGreetingProtected };
    const settings = {
      turnDetection: knobs.turnDetection,
      isAnsweredHere: isAnsweredHere(knobs),
      callerRateHz: SAMPLES_PER_MS * 1000,
      callerFrameSamples: FRAME_SAMPLES,
      upstreamRateHz: SAMPLES_PER_MS * 1000,
      preRollMs: 300,
      commitMsMin: 100,
      turnMsMax: 60_000,
      responseWaitMs: 10_000,
      greeting: knobs.hasGreeting ? words : null,
      idle: idleOf(knobs),
      turnEnd: this.turnEnd.settings(),
      protectedSpeech: knobs.protectedSpeech,
      bargeInAction: knobs.bargeInAction,
      speculation: knobs.speculation,
      acknowledgement: knobs.bargeInAction === "acknowledge" ? ACKNOWLEDGEMENT : "",
    } as const;
    this.conversation = new Conversation(settings, this.#effects, this.core);
  }

  timersSet(): number {
    return this.#effects.timersSet();
  }

  tagOf(responseId: string): string {
    return this.#tagOfResponse.get(responseId) ?? "";
  }

  // ---- from the caller ----------------------------------------------------------------------

  onMicrophone(isSpeech: boolean): void {
    if (this.isOver) return;
    const bits = this.core.ingest(isSpeech);
    this.turnEnd.onBits(bits);
    this.#effects.tape.onFrame();
    if (bits > 1) this.#world.trace.note("bits", bits, this.core.frames() - 1);
    this.conversation.onCapture(bits, this.core.frames() - 1);
    this.#effects.forwarder.onFrame();
    this.#checkHeard();
  }

  onReport(item: number, samples: number, generation: number): void {
    if (!this.isOver) this.conversation.onReport(item, samples, generation);
  }

  onText(): void {
    if (this.isOver) return;
    this.#world.trace.note("text");
    this.#world.rules.onStopped(false);
    this.#world.rules.onAnswerOwed();
    this.#world.rules.onCommand(() => this.conversation.onText());
  }

  turns(): SimulatedTurns {
    return this.#turns;
  }

  onEndOfTurn(): void {
    if (this.isOver) return;
    this.#world.trace.note("key");
    this.#world.rules.onCommand(() => this.conversation.onEndOfTurn());
  }

  /** In the order of the fast lane. */
  setTurns(turns: SimulatedTurns): void {
    if (this.isOver) return;
    this.#effects.spans.onTurnsSwitched(this.isProviderTurns());
    this.#turns = turns;
    this.#world.rules.onTurnOver();
    this.#effects.forwarder.setTurnDetection(turns);
    this.conversation.setTurnDetection(turns);
  }

  isProviderTurns(): boolean {
    return this.#turns === "server_vad" || this.#turns === "semantic_vad";
  }

  sayGoodbye(): void {
    if (this.isOver) return;
    this.#world.trace.note("goodbye");
    this.#world.rules.onGoodbye();
    this.#world.bargeIn.onGoodbye();
    this.thinking.rules.onGoodbye();
    this.conversation.sayGoodbye("limit_reached", "Say goodbye.");
  }

  close(): void {
    this.isOver = true;
    this.conversation.close();
    this.thinking.close();
    this.#effects.pacer.close();
  }

  // ---- from the provider --------------------------------------------------------------------

  onReady(): void {
    if (this.isOver) return;
    this.#effects.isReady = true;
    this.#effects.forwarder.flush();
    this.conversation.onUpstreamReady();
    this.thinking.onUpstreamReady();
  }

  /** In the order of the fast lane: spans first, then what waits for an answer. */
  onLost(): void {
    this.#world.trace.note("lost");
    this.#world.rules.onLost();
    this.#effects.spans.onLost();
    this.thinking.onLost();
    this.conversation.onUpstreamLost();
  }

  onRestored(): void {
    if (this.isOver) return;
    this.#world.trace.note("restored");
    const isWritten = this.#world.dice.chance(50);
    this.conversation.onUpstreamReplaced(isWritten);
    const isUnheard = this.conversation.isAnswerLost() && !isWritten;
    this.#effects.spans.onRestored(isUnheard, this.isProviderTurns());
    this.#effects.forwarder.onRestored(isUnheard);
    this.thinking.rules.onRestored(() => this.conversation.onUpstreamRestored());
  }

  /** Was any sample of it ever sent to the caller? What a full ledger forgot counts as sent. */
  wasSent(itemId: string): boolean {
    const items = this.conversation.ledger().items();
    const item = items.findLast((entry) => entry.itemId === itemId);
    return item === undefined ? items.length >= LEDGER_ITEMS : isSent(item);
  }

  isReady(): boolean {
    return this.#effects.isReady && !this.isOver;
  }

  turnsUnacknowledged(): number {
    return this.#effects.spans.unacknowledged();
  }

  onCommitted(itemId: string): void {
    if (this.isOver) return;
    const ack = this.#effects.forwarder.onCommitted(itemId);
    if (ack !== "provider") this.#effects.spans.onAcknowledged();
    this.conversation.onCommitted(itemId, ack);
    if (this.isProviderTurns()) this.#world.onProviderTurn();
  }

  onSpeechStarted(positionMs: number): void {
    if (this.isOver) return;
    this.#world.trace.note("provider hears", positionMs);
    this.conversation.onProviderSpeechStarted(this.#effects.forwarder.positionOf(positionMs));
  }

  onSpeechStopped(positionMs: number, itemId: string): void {
    if (this.isOver) return;
    this.#world.trace.note("provider heard", positionMs);
    const { forwarder, spans } = this.#effects;
    const stopFrame = forwarder.onProviderStopped(itemId, positionMs);
    if (this.#turns !== "hybrid") spans.onProviderEnd(stopFrame);
    this.conversation.onProviderSpeechStopped(forwarder.positionOf(positionMs), stopFrame);
  }

  onCreated(responseId: string, tag: string): void {
    this.#tagOfResponse.set(responseId, tag);
    if (this.isOver) return;
    this.#world.trace.note("created", idNumber(responseId));
    this.#world.rules.onCreated(responseId, tag);
    this.conversation.onResponseCreated(responseId, tag);
  }

  onAudio(responseId: string, itemId: string, samples: number): void {
    if (this.isOver) return;
    const item = this.conversation.onAudio(responseId, itemId, 0);
    if (item === 0) return;
    const tag = this.tagOf(responseId);
    this.#world.rules.onItemAudio(item, tag, responseId);
    this.#effects.pacer.queue(item, samples);
    this.conversation.onAudioQueued(item, samples);
  }

  onAudioDone(_responseId: string, itemId: string): void {
    if (this.isOver) return;
    const item = this.conversation.onAudioDone(itemId);
    if (item !== 0) this.#effects.pacer.endItem(item);
  }

  onToolCall(responseId: string, toolCallId: string): void {
    if (this.isOver) return;
    const turnId = this.conversation.onToolCall(responseId);
    this.#world.trace.note("tool", turnId);
    this.thinking.onToolCall(toolCallId, turnId);
  }

  onDone(responseId: string, status: "completed" | "cancelled" | "failed"): void {
    if (this.isOver) return;
    this.#world.trace.note("done", idNumber(responseId));
    const tag = this.tagOf(responseId);
    if (tag === "") this.#world.rules.onOwnResponseOver();
    else this.#world.rules.onRequestOver(tag);
    if (status === "failed") this.#world.rules.onResponseFailed(tag, responseId);
    this.#world.bargeIn.onResponseOver(tag, status === "completed");
    for (const item of this.conversation.onResponseDone(responseId, status)) {
      this.#effects.pacer.endItem(item);
    }
  }

  onError(code: string, tag: string): void {
    if (this.isOver) return;
    this.#world.trace.note("error", code.length);
    const { rules } = this.#world;
    if (code === "conversation_already_has_active_response") {
      rules.onAlreadyActive();
      this.thinking.rules.onRefused();
    } else if (code === "response_cancel_not_active") rules.onNothingToCancel();
    else if (code === "input_audio_buffer_commit_empty") {
      this.#effects.spans.onRefused();
      this.conversation.onCommitRefused(this.#effects.forwarder.onCommitRefused());
    } else rules.onRefused(tag);
    this.conversation.onUpstreamError(code, tag);
  }

  onClosed(): void {
    this.#world.trace.note("upstream closed");
    this.close();
  }

  #checkHeard(): void {
    const ledger = this.conversation.ledger();
    const item = ledger.items().findLast(isSent);
    if (item === undefined || item.isCut) return;
    const heard = ledger.heardSamples(item, this.#world.time.nowMs());
    this.#world.rules.checkCounts(item, heard);
    if (this.core.frames() % HEARD_CHECK_FRAMES !== 0) return;
    this.#world.heardByThen(item.number, (truth) => this.#world.rules.checkHeard(heard, truth));
  }
}

function isSent(item: LedgerItem): boolean {
  return item.sentSamples > 0;
}

/** It never gives up on the caller: when the call ends is the schedule's. */
function idleOf({ nudgeAfterMs }: Knobs): IdleSettings | null {
  if (nudgeAfterMs === 0) return null;
  const words = { nudgeInstructions: NUDGE, nudgeWaitingInstructions: NUDGE_WAITING };
  return { nudgeAfterMs, nudgesMax: 1, ...words, goodbyeAfterMs: 0, goodbyeInstructions: "" };
}
