// CallEffects of a simulated call: what the conversation wants becomes messages on links, watched
// by the rules. The real span forwarder carries the caller's audio, over models of tape and pacer.
import type {
  CallEffects,
  ConversationCount,
  ConversationTimer,
  TurnEndAsk,
} from "../../service/contract/call-effects.ts";
import type { EndReason } from "../../service/contract/call-terms.ts";
import { SEND, type SendResult } from "../../service/contract/send-result.ts";
import type { CallNotice } from "../../service/contract/transport.ts";
import type { ResponseRequest } from "../../service/contract/upstream.ts";
import { SpanForwarder } from "../../service/upstream/span-forwarder.ts";
import type { CallWorld } from "./call-world.ts";
import { watchCount } from "./count-watch.ts";
import { PacerModel } from "./pacer-model.ts";
import { pacerOwner } from "./pacer-owner.ts";
import { asking, providerSink } from "./provider-sink.ts";
import type { ServiceModel } from "./service-model.ts";
import { ServiceTimers } from "./service-timers.ts";
import { SpanRecord } from "./span-record.ts";
import { RING_FRAMES, TapeModel } from "./tape-model.ts";
import { idNumber } from "./trace.ts";

export const FRAME_SAMPLES = 160;
const APOLOGY_SAMPLES = 4_000;

interface Cut {
  readonly item: number;
  readonly audioEndMs: number;
}

export class ServiceEffects implements CallEffects {
  readonly #world: CallWorld;
  readonly #service: ServiceModel;
  readonly tape = new TapeModel();
  readonly forwarder: SpanForwarder;
  readonly pacer: PacerModel;
  readonly #timers: ServiceTimers;
  readonly spans = new SpanRecord();
  #cuts: Cut[] | null = null;
  /** What is committed next is a turn's, not speech that was held and is kept without an answer. */
  #isTurnEnding = false;
  /** The turn that is being confirmed has asked for its answer. */
  #isAskedEarly = false;
  isReady = false;

  constructor(world: CallWorld, service: ServiceModel) {
    this.#world = world;
    this.#service = service;
    const { knobs, time, dice } = world;
    const sink = providerSink({ world, spans: this.spans, isReady: () => this.isReady });
    this.forwarder = new SpanForwarder(this.tape, sink, knobs.turnDetection);
    const lateMs = () => dice.between(0, knobs.timerLateMs);
    this.#timers = new ServiceTimers(time, lateMs, (timer) => {
      world.trace.note("timer", timer.length);
      service.conversation.onTimer(timer);
    });
    this.pacer = new PacerModel(time, pacerOwner(world, service), FRAME_SAMPLES, lateMs);
  }

  timersSet(): number {
    return this.#timers.count();
  }

  nowMs(): number {
    return this.#world.time.nowMs();
  }

  appendBegin(frameIndex: number): number {
    const earliest = Math.max(this.spans.committedEnd(), this.#service.core.frames() - RING_FRAMES);
    const first = this.forwarder.begin(frameIndex);
    this.spans.begin(first);
    this.#world.bargeIn.onSpan(true);
    this.#world.trace.note("begin", first, frameIndex);
    this.#world.rules.checkSpanStart(first, this.#world.voiceStart(), earliest);
    return first;
  }

  appendEnd(): number {
    const end = this.forwarder.end();
    this.spans.end(end);
    this.#world.bargeIn.onSpan(false);
    return end;
  }

  appendDiscard(): void {
    this.#world.trace.note("discard");
    this.#world.bargeIn.onSpan(false);
    this.forwarder.discard();
  }

  commit(turnId: number, speechEndFrame: number): void {
    this.#world.trace.note("commit", turnId, this.spans.commit());
    this.forwarder.commit(speechEndFrame);
  }

  appendTrim(frameIndex: number): void {
    this.spans.trim(frameIndex);
    this.forwarder.trim(frameIndex);
  }

  commitEarly(firstFrame: number, speechEndFrame: number): number {
    const isCommitted = this.spans.beginEarly(this.tape.framesCaptured());
    const end = this.forwarder.commitEarly(firstFrame, speechEndFrame);
    if (end < 0) this.spans.cancelEarly(isCommitted);
    else this.#world.speculation.onBegun(this.#service.conversation.turnId());
    return end;
  }

  keepEarly(): void {
    this.#isAskedEarly = this.#world.speculation.onKept();
    this.spans.keepEarly(this.tape.framesCaptured());
    this.forwarder.keepEarly();
    this.#world.bargeIn.onSpan(false);
  }

  takeBackEarly(frameIndex: number): void {
    this.#world.trace.note("take back", frameIndex);
    this.spans.takeBack();
    this.forwarder.takeBackEarly(frameIndex);
  }

  holdAnswer(): void {
    this.pacer.pause();
    this.#service.thinking.held.hold();
  }

  releaseAnswer(): void {
    this.#world.trace.note("release");
    this.#world.speculation.onReleased(this.pacer.isPlayable());
    this.pacer.resume();
    this.#service.thinking.held.release();
  }

  dropAnswer(): void {
    this.#world.speculation.onDropped();
    this.#world.rules.onStopped(false);
    this.#world.bargeIn.onTakenBack();
    this.pacer.flush();
    this.#service.thinking.held.drop();
  }

  forceSpeechEnd(): void {
    this.#service.turnEnd.onForce();
    const bits = this.#service.core.forceEnd();
    if (bits !== 0) this.#service.conversation.onCapture(bits, this.#service.core.frames() - 1);
  }

  respond(request: ResponseRequest): SendResult {
    this.#world.trace.note("respond", Number(request.tag.split(":").at(-1)));
    if (this.#world.isLost()) this.#world.rules.fail("nothing is asked of a session that is gone");
    const { rules, speculation } = this.#world;
    rules.onRequest(request.tag, this.#service.conversation.turnId(), speculation.onRequest());
    this.#world.bargeIn.onRequest(request.tag, request.instructions);
    const { conversation, thinking } = this.#service;
    thinking.rules.onRequest(request.tag, request.instructions, conversation.turnId());
    this.#world.toProvider(asking(this.#world.provider, request.tag));
    return SEND.SENT;
  }

  cancelResponse(responseId: string): void {
    this.#world.trace.note("cancel", idNumber(responseId));
    this.#world.rules.onCancel(this.#service.tagOf(responseId));
    this.#world.toProvider((provider) => provider.cancel(responseId));
  }

  truncateItem(itemId: string, _contentIndex: number, audioEndMs: number): void {
    this.#world.trace.note("truncate", audioEndMs);
    this.#cut(itemId, audioEndMs);
    this.#world.toProvider((provider) => provider.truncate(itemId, audioEndMs));
  }

  deleteItem(itemId: string): void {
    this.#world.trace.note("delete");
    this.#cut(itemId, 0);
    this.#world.toProvider((provider) => provider.deleteItem(itemId));
  }

  clearPlayback(): void {
    this.pacer.flush();
    const generation = this.#service.conversation.generation();
    this.#world.trace.note("clear", generation);
    this.#world.rules.onClear(generation);
    this.#world.speculation.onExcused();
    this.#world.bargeIn.onClear(this.#world.rules.isCommand());
    const cuts: Cut[] = [];
    this.#cuts = cuts;
    this.#world.clearFarEnd(generation, cuts);
  }

  pausePlayback(): void {
    this.#world.trace.note("pause");
    this.#world.rules.pace.onPause();
    this.pacer.pause();
  }

  resumePlayback(): void {
    this.#world.trace.note("resume");
    this.#world.rules.pace.onResume();
    this.pacer.resume();
  }

  setPlaybackGain(gain: number, rampMs: number): void {
    this.#world.trace.note("gain", gain * 100, rampMs);
    this.#world.bargeIn.onGain(gain);
  }

  setTurnSilence(silenceMs: number): void {
    this.#service.turnEnd.onSilence(silenceMs);
    this.#service.core.setSilence(silenceMs);
  }

  askTurnEnd({ generation }: TurnEndAsk): void {
    this.#service.turnEnd.onAsk(generation);
  }

  readonly answerHere = () => this.#world.toProvider(({ input }) => input.answerNothing());

  hintTurnEnd(): void {} // The provider of the simulator takes none.
  noteSavedMs(): void {}
  apologySamples(): number {
    return APOLOGY_SAMPLES;
  }

  playApology(item: number): SendResult {
    this.#world.rules.onItemAudio(item, "", "");
    return this.pacer.queueWhole(item, APOLOGY_SAMPLES);
  }

  endPlaybackItem(item: number): void {
    this.pacer.endItem(item);
  }

  setAgentAudible(isAudible: boolean): void {
    this.#world.trace.note(isAudible ? "audible" : "quiet");
    this.#world.bargeIn.onAudible(isAudible);
    this.#service.core.setAgentAudible(isAudible);
  }

  setTimer(timer: ConversationTimer, delayMs: number): void {
    if (timer === "goodbye") this.#world.rules.onGoodbyePart();
    this.#timers.set(timer, delayMs);
  }

  clearTimer(timer: ConversationTimer): void {
    this.#timers.clear(timer);
  }

  notice(notice: CallNotice): void {
    const { rules, trace } = this.#world;
    if (notice.kind === "speech_started") {
      trace.note("turn", notice.turnId, notice.positionMs);
      rules.onStopped(true);
    } else if (notice.kind === "speech_ended") {
      rules.onTurnOver();
      this.#isTurnEnding = !this.#service.isProviderTurns();
    } else if (notice.kind === "turn_committed") {
      if (this.#service.turns() === "none") {
        rules.onStopped(false);
        if (!this.spans.isTold(notice)) rules.fail("what is told of a turn is what is committed");
      }
      this.#world.hybrid.onTurn(notice.startMs, notice.endMs);
      this.#world.onTurnCommitted(this.#isTurnEnding && !this.#isAskedEarly);
      this.#isTurnEnding = false;
      this.#isAskedEarly = false;
    } else if (notice.kind === "barge_in") {
      this.#world.bargeIn.onBargeIn(notice.turnId, notice.heardMs);
    }
    if (notice.kind === "error" && notice.code === "answer_failed") rules.owed.settle();
    if (notice.kind === "receipt" && notice.isComplete) this.#world.onReceipt(notice);
  }

  count(name: ConversationCount): void {
    this.#world.count(name);
    watchCount(this.#world, this.#service.thinking.rules, name);
  }

  end(reason: EndReason): void {
    this.#world.trace.note("ended", reason.length);
    this.#world.rules.onEnd(this.pacer.queuedSamples());
    this.#service.isOver = true;
    this.#service.thinking.close();
    this.pacer.close();
  }

  // ---- inside -------------------------------------------------------------------------------

  #cut(itemId: string, audioEndMs: number): void {
    const items = this.#service.conversation.ledger().items();
    const item = items.findLast((entry) => entry.itemId === itemId);
    // Of what was never sent the far end has nothing to clear; the caller's items are not there.
    if (audioEndMs === 0 && (item?.sentSamples ?? 0) === 0) return;
    if (this.#cuts === null || item === undefined) {
      this.#world.rules.fail("an item is cut only together with a clear");
    }
    this.#world.rules.onCut(item.number);
    this.#cuts.push({ item: item.number, audioEndMs });
  }
}
