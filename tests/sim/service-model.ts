// The service's side of a simulated call: the real conversation and the real span forwarder, wired as
// the fast lane wires them, over models of tape, pacer and core. Everything it does to the world goes
// over links and is watched by the rules.
import type {
  CallEffects,
  ConversationCount,
  ConversationTimer,
} from "../../service/contract/call-effects.ts";
import type { EndReason } from "../../service/contract/call-terms.ts";
import { SEND, type SendResult } from "../../service/contract/send-result.ts";
import type { CallNotice } from "../../service/contract/transport.ts";
import type { ResponseRequest } from "../../service/contract/upstream.ts";
import { Conversation } from "../../service/conversation/conversation.ts";
import { SpanForwarder } from "../../service/upstream/span-forwarder.ts";
import type { CallWorld } from "./call-world.ts";
import { CoreModel } from "./core-model.ts";
import { PacerModel } from "./pacer-model.ts";
import type { ProviderEvents } from "./provider-model.ts";
import { framesIn, TapeModel } from "./tape-model.ts";
import type { Appointment } from "./virtual-time.ts";

export const SAMPLES_PER_MS = 8;
const FRAME_SAMPLES = 160;
/** The ledger is held against the ear in every so many frames. */
const HEARD_CHECK_FRAMES = 4;

interface Cut {
  readonly item: number;
  readonly audioEndMs: number;
}

export class ServiceModel implements CallEffects, ProviderEvents {
  readonly #world: CallWorld;
  readonly conversation: Conversation;
  readonly core: CoreModel;
  readonly #tape = new TapeModel();
  readonly #forwarder: SpanForwarder;
  readonly #pacer: PacerModel;
  readonly #timers = new Map<ConversationTimer, Appointment>();
  readonly #tagOfResponse = new Map<string, string>();
  readonly #spans: { readonly first: number; readonly end: number }[] = [];
  #span = { first: 0, end: 0 };
  #cuts: Cut[] | null = null;
  #isReady = false;
  isOver = false;

  constructor(world: CallWorld) {
    this.#world = world;
    const { knobs, time, dice } = world;
    this.core = new CoreModel(SAMPLES_PER_MS, knobs.silenceWindows);
    this.#forwarder = new SpanForwarder(this.#tape, this.#sink(), true);
    const lateMs = () => dice.between(0, knobs.timerLateMs);
    this.#pacer = new PacerModel(time, this.#pacerOwner(), FRAME_SAMPLES, lateMs);
    const words = { instructions: "Say hello.", isProtected: knobs.isGreetingProtected };
    const settings = {
      turnDetection: "local",
      callerRateHz: SAMPLES_PER_MS * 1000,
      callerFrameSamples: FRAME_SAMPLES,
      upstreamRateHz: SAMPLES_PER_MS * 1000,
      preRollMs: 300,
      commitMsMin: 100,
      turnMsMax: 60_000,
      responseWaitMs: 10_000,
      greeting: knobs.hasGreeting ? words : null,
      protectedSpeech: knobs.protectedSpeech,
    } as const;
    this.conversation = new Conversation(settings, this, this.core);
  }

  timersSet(): number {
    return this.#timers.size;
  }

  // ---- from the caller ----------------------------------------------------------------------

  onMicrophone(isSpeech: boolean): void {
    if (this.isOver) return;
    const bits = this.core.ingest(isSpeech);
    this.#tape.onFrame();
    if (bits > 1) this.#world.trace.note("bits", bits, this.core.frames() - 1);
    this.conversation.onCapture(bits, this.core.frames() - 1);
    this.#forwarder.onFrame();
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
    this.conversation.onText();
  }

  sayGoodbye(): void {
    if (this.isOver) return;
    this.#world.trace.note("goodbye");
    this.#world.rules.onGoodbye();
    this.conversation.sayGoodbye("limit_reached", "Say goodbye.");
  }

  close(): void {
    this.isOver = true;
    this.conversation.close();
    this.#pacer.close();
  }

  // ---- from the provider --------------------------------------------------------------------

  onReady(): void {
    if (this.isOver) return;
    this.#isReady = true;
    this.#forwarder.flush();
    this.conversation.onUpstreamReady();
  }

  onCommitted(): void {
    if (this.isOver) return;
    this.#forwarder.onCommitted();
    this.conversation.onCommitted();
  }

  onCreated(responseId: string, tag: string): void {
    this.#tagOfResponse.set(responseId, tag);
    if (this.isOver) return;
    this.#world.trace.note("created", idNumber(responseId));
    this.conversation.onResponseCreated(responseId, tag);
  }

  onAudio(responseId: string, itemId: string, samples: number): void {
    if (this.isOver) return;
    const item = this.conversation.onAudio(responseId, itemId, 0);
    if (item === 0) return;
    const tag = this.#tagOfResponse.get(responseId) ?? "";
    this.#world.rules.onItemAudio(item, tag);
    this.#pacer.queue(item, samples);
    this.conversation.onAudioQueued(item, samples);
  }

  onAudioDone(_responseId: string, itemId: string): void {
    if (this.isOver) return;
    const item = this.conversation.onAudioDone(itemId);
    if (item !== 0) this.#pacer.endItem(item);
  }

  onToolCall(responseId: string, toolCallId: string): void {
    if (this.isOver) return;
    const turnId = this.conversation.onToolCall(responseId);
    this.#world.trace.note("tool", turnId);
    const { knobs, dice, time, rules } = this.#world;
    const answer = () => {
      if (this.isOver) return;
      this.#world.toProvider((provider) => provider.submitToolOutput(toolCallId));
      if (turnId === this.conversation.turnId()) rules.onAnswerOwed();
      this.conversation.onToolAnswered(turnId);
    };
    if (dice.chance(30)) answer();
    else time.atService(time.nowMs() + dice.between(0, knobs.toolMsMax), answer);
  }

  onDone(responseId: string, status: "completed" | "cancelled" | "failed"): void {
    if (this.isOver) return;
    this.#world.trace.note("done", idNumber(responseId));
    this.#world.rules.onRequestOver(this.#tagOfResponse.get(responseId) ?? "");
    for (const item of this.conversation.onResponseDone(responseId, status)) {
      this.#pacer.endItem(item);
    }
  }

  onError(code: string): void {
    if (this.isOver) return;
    this.#world.trace.note("error", code.length);
    const { rules } = this.#world;
    if (code === "conversation_already_has_active_response") {
      rules.onRequestOver(rules.openRequest());
    } else if (code === "response_cancel_not_active") rules.onNothingToCancel();
    this.conversation.onUpstreamError(code);
  }

  onClosed(): void {
    this.#world.trace.note("upstream closed");
    this.close();
  }

  // ---- CallEffects --------------------------------------------------------------------------

  nowMs(): number {
    return this.#world.time.nowMs();
  }

  appendBegin(frameIndex: number): number {
    const earliest = Math.max(this.#tape.endLast(), this.core.frames() - 100);
    const first = this.#forwarder.begin(frameIndex);
    this.#span = { first, end: -1 };
    this.#world.trace.note("begin", first, frameIndex);
    this.#world.rules.checkSpanStart(first, this.#world.voiceStart(), earliest);
    return first;
  }

  appendEnd(): number {
    const end = this.#forwarder.end();
    this.#span = { ...this.#span, end };
    return end;
  }

  appendDiscard(): void {
    this.#world.trace.note("discard");
    this.#forwarder.discard();
  }

  commit(turnId: number): void {
    this.#world.trace.note("commit", turnId, this.#span.end - this.#span.first);
    this.#spans.push(this.#span);
    this.#forwarder.commit();
  }

  forceSpeechEnd(): void {
    const bits = this.core.forceEnd();
    if (bits !== 0) this.conversation.onCapture(bits, this.core.frames() - 1);
  }

  respond(request: ResponseRequest): SendResult {
    this.#world.trace.note("respond", Number(request.tag.split(":").at(-1)));
    this.#world.rules.onRequest(request.tag);
    this.#world.toProvider((provider) => provider.respond(request.tag));
    return SEND.SENT;
  }

  cancelResponse(responseId: string): void {
    this.#world.trace.note("cancel", idNumber(responseId));
    this.#world.rules.onCancel(this.#tagOfResponse.get(responseId) ?? "");
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
    this.#pacer.flush();
    const generation = this.conversation.generation();
    this.#world.trace.note("clear", generation);
    this.#world.rules.onClear(generation);
    const cuts: Cut[] = [];
    this.#cuts = cuts;
    this.#world.clearFarEnd(generation, cuts);
  }

  endPlaybackItem(item: number): void {
    this.#pacer.endItem(item);
  }

  setAgentAudible(isAudible: boolean): void {
    this.#world.trace.note(isAudible ? "audible" : "quiet");
    this.core.setAgentAudible(isAudible);
  }

  setTimer(timer: ConversationTimer, delayMs: number): void {
    this.clearTimer(timer);
    const { time, dice, knobs } = this.#world;
    const fire = () => {
      this.#timers.delete(timer);
      this.#world.trace.note("timer", timer.length);
      this.conversation.onTimer(timer);
    };
    const atMs = time.nowMs() + delayMs + dice.between(0, knobs.timerLateMs);
    this.#timers.set(timer, time.atService(atMs, fire));
  }

  clearTimer(timer: ConversationTimer): void {
    const appointment = this.#timers.get(timer);
    if (appointment !== undefined) this.#world.time.cancel(appointment);
    this.#timers.delete(timer);
  }

  notice(notice: CallNotice): void {
    const { rules, trace } = this.#world;
    if (notice.kind === "speech_started") {
      trace.note("turn", notice.turnId, notice.positionMs);
      rules.onStopped(true);
    } else if (notice.kind === "speech_ended") rules.onTurnOver();
    else if (notice.kind === "turn_committed") this.#world.onTurnCommitted(notice.turnId);
    else if (notice.kind === "receipt" && notice.isComplete) this.#world.onReceipt(notice);
  }

  count(name: ConversationCount): void {
    this.#world.count(name);
    if (name === "response_resync") this.#world.rules.onResync();
  }

  end(reason: EndReason): void {
    this.#world.trace.note("ended", reason.length);
    this.isOver = true;
    this.#pacer.close();
  }

  // ---- inside -------------------------------------------------------------------------------

  #cut(itemId: string, audioEndMs: number): void {
    const item = this.conversation
      .ledger()
      .items()
      .findLast((entry) => entry.itemId === itemId);
    if (this.#cuts === null || item === undefined) {
      this.#world.rules.fail("an item is cut only together with a clear");
    }
    this.#cuts.push({ item: item.number, audioEndMs });
  }

  #checkHeard(): void {
    const ledger = this.conversation.ledger();
    const item = ledger.items().findLast((entry) => entry.sentSamples > 0);
    if (item === undefined || item.isCut) return;
    const heard = ledger.heardSamples(item, this.nowMs());
    this.#world.rules.checkCounts(item, heard);
    if (this.core.frames() % HEARD_CHECK_FRAMES !== 0) return;
    this.#world.heardByThen(item.number, (truth) => this.#world.rules.checkHeard(heard, truth));
  }

  #sink() {
    const world = this.#world;
    return {
      isReady: () => this.#isReady,
      append: (source: Uint8Array, start: number, end: number) => {
        const frames = framesIn(source, start, end);
        world.toProvider((provider) => provider.append(frames));
        return SEND.SENT;
      },
      commit: () => {
        const span = this.#spans.shift();
        world.toProvider((provider) => {
          provider.commit();
          world.rules.checkSpan(span?.first ?? -1, span?.end ?? -1, provider.committed.at(-1));
        });
        return SEND.SENT;
      },
      clearInput: () => {
        world.toProvider((provider) => provider.clearInput());
        return SEND.SENT;
      },
    };
  }

  #pacerOwner() {
    const world = this.#world;
    return {
      onFrame: (item: number, positionSamples: number, samples: number) => {
        world.rules.onFrameSent(item, positionSamples);
        this.conversation.onFrameSent(item, positionSamples, samples);
        world.toFarEnd(item, positionSamples, samples, this.conversation.generation());
      },
      onItemSent: (item: number) => world.endItemAtFarEnd(item),
      onUnderrun: () => world.rules.onUnderrun(),
    };
  }
}

function idNumber(responseId: string): number {
  return Number(responseId.slice(1));
}
