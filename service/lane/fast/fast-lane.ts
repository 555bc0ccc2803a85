// The fast lane: one call wired by direct calls (S0-17, S0-23). From the transport's bytes to the
// event bits, and from a decision to the socket, everything is one synchronous call chain.
//
//   transport -> sendAudio -> engine.capture -> onCaptureFrame -> conversation -> LaneEffects
//   upstream  -> onAudio   -> conversation (wanted?) -> engine.queuePlayback
//   pacer     -> onPlaybackFrame -> transport.sendAudio -> conversation (ledger)
//
// Station: made by call.ts, which owns the call's life; the lane only moves audio and events.
import type { ConversationCount } from "../../contract/call-effects.ts";
import type { TurnDetection } from "../../contract/call-terms.ts";
import type { CallLane } from "../../contract/lane.ts";
import { SEND, type SendResult } from "../../contract/send-result.ts";
import {
  respondTagOf,
  type ResponseStatus,
  type StageLatency,
  type TokenUsage,
  type UpstreamClosure,
} from "../../contract/upstream.ts";
import { Conversation } from "../../conversation/conversation.ts";
import { isStageFailure, providerTurns } from "../../upstream/provider-turns.ts";
import { SpanForwarder } from "../../upstream/span-forwarder.ts";
import { atCallerRate } from "./caller-rate.ts";
import type { FastLaneDeps } from "./fast-lane-deps.ts";
import { fateOf } from "./audio-fate.ts";
import { ToolAnswers } from "./tool-answer.ts";
import { HeldToolCalls } from "./held-tool-calls.ts";
import { guard } from "./lane-owner.ts";
import { LaneEffects } from "./lane-effects.ts";
import { StageTimer } from "./stage-timer.ts";
import { askerOf } from "./turn-end-asker.ts";

export class FastLane implements CallLane {
  readonly name = "fast";
  readonly #deps: FastLaneDeps;
  readonly #effects: LaneEffects;
  readonly #forwarder: SpanForwarder;
  readonly #toolAnswers: ToolAnswers;
  readonly #heldToolCalls: HeldToolCalls;
  readonly #conversation: Conversation;
  readonly #timer: StageTimer;
  /** Caller samples per upstream sample. */
  readonly #callerScale: number;
  readonly isCallerQuiet = () => this.#conversation.isCallerQuiet();
  #isOpen = false;
  /** The provider wrote down the newest turn: a new session gets it as text. */
  #isTurnWritten = false;

  constructor(deps: FastLaneDeps) {
    this.#deps = deps;
    const { clock, engine, upstream, owner, settings, faults } = deps;
    const onDropped = () => faults.onFault("commit_dropped", "");
    this.#forwarder = new SpanForwarder(engine, upstream, settings.turnDetection, onDropped);
    this.#toolAnswers = new ToolAnswers({
      ...deps,
      onAnswered: (turnId) => this.#conversation.onToolAnswered(turnId),
    });
    this.#heldToolCalls = new HeldToolCalls(this.#toolAnswers);
    this.#effects = new LaneEffects({
      ...deps,
      forwarder: this.#forwarder,
      heldToolCalls: this.#heldToolCalls,
      generation: () => this.#conversation.generation(),
      onTimer: (timer) => guard(owner, () => this.#conversation.onTimer(timer)),
      onCount: (name) => this.#onCount(name),
      onNotice: (notice) => owner.onNotice(atCallerRate(notice, this.#callerScale)),
      onEnd: (reason) => owner.end(reason),
      asker: askerOf(deps, deps.turnEndVote, (generation, probability) =>
        guard(owner, () => this.#conversation.turnEnd()?.onVote(generation, probability)),
      ),
    });
    this.#conversation = new Conversation(settings, this.#effects, engine);
    this.#callerScale = settings.callerRateHz / settings.upstreamRateHz;
    const { callerRateHz, turnDetection } = settings;
    this.#timer = new StageTimer({ clock, engine, stages: deps.stages, callerRateHz });
    this.#timer.setTurnDetection(turnDetection);
  }

  conversation(): Conversation {
    return this.#conversation;
  }

  start(): string {
    this.#isOpen = true;
    this.#deps.engine.startCapture();
    if (this.#deps.upstream.isReady()) this.onReady();
    return this.#deps.id;
  }

  sendAudio(message: Uint8Array, start: number, end: number, captureMs: number): SendResult {
    if (!this.#isOpen) return SEND.DROPPED;
    const { engine } = this.#deps;
    const framesBefore = engine.framesCaptured();
    this.#timer.begin();
    const taken = engine.capture(message, start, end, captureMs);
    this.#timer.end();
    return fateOf(taken, engine.framesCaptured() - framesBefore, this.#forwarder.isAllSent());
  }

  sendAudioBase64(payload: string, captureMs: number): SendResult {
    if (!this.#isOpen) return SEND.DROPPED;
    const { engine } = this.#deps;
    const framesBefore = engine.framesCaptured();
    this.#timer.begin();
    const taken = engine.captureBase64(payload, captureMs);
    this.#timer.end();
    return fateOf(taken, engine.framesCaptured() - framesBefore, this.#forwarder.isAllSent());
  }

  /** The far end played `samples` (caller's rate) of the item. */
  onPlayed(item: number, samples: number, generation: number): void {
    const upstreamSamples = Math.floor(samples / this.#callerScale);
    const isKnown = this.#conversation.onReport(item, upstreamSamples, generation);
    if (!isKnown) this.#deps.faults.onFault("report_unknown", `item ${item}`);
  }

  interrupt(): void {
    this.#timer.begin();
    this.#conversation.onInterrupt();
    this.#timer.end();
  }

  sendText(text: string): void {
    this.#deps.upstream.createText("user", text);
    this.#conversation.onText();
  }

  /** Another owner of the turns, here and at the provider, without a seam (S4-C06). */
  setTurnDetection(turnDetection: TurnDetection): void {
    const { upstream, hybridDetector, settings } = this.#deps;
    const turns = providerTurns(turnDetection, hybridDetector, settings.isAnsweredHere === true);
    upstream.updateSession({ turnDetection: turns });
    this.#forwarder.setTurnDetection(turnDetection);
    this.#timer.setTurnDetection(turnDetection);
    this.#conversation.setTurnDetection(turnDetection);
  }

  close(): void {
    this.#isOpen = false;
    this.#deps.engine.stopCapture();
    this.#conversation.close();
    this.#toolAnswers.close();
    this.#effects.clearTimers();
  }

  onCaptureFrame(bits: number, frameIndex: number): void {
    this.#conversation.onCapture(bits, frameIndex);
    this.#forwarder.onFrame();
    if (this.#deps.upstream.isReady()) this.#timer.onFrame(bits, frameIndex);
  }

  onPlaybackFrame(
    frame: Uint8Array,
    item: number,
    itemPositionSamples: number,
    itemSamples: number,
  ): SendResult {
    const { transport, owner } = this.#deps;
    const position = Math.floor(itemPositionSamples * this.#callerScale);
    const sent = transport.sendAudio(frame, item, position, this.#conversation.generation());
    owner.onSent(sent);
    if (sent === SEND.DROPPED) {
      owner.onTransportFull();
      return sent;
    }
    this.#conversation.onFrameSent(item, itemPositionSamples, itemSamples);
    return sent;
  }

  onPlaybackItemSent(item: number, samples: number): void {
    const callerSamples = Math.floor(samples * this.#callerScale);
    this.#deps.transport.sendItemEnd(item, callerSamples, this.#conversation.generation());
  }

  onPlaybackUnderrun(): void {} // Counted by the engine; the ledger follows the send times.

  /** The answer queue is full or has room again: the upstream's socket waits (decision 17). */
  onPlaybackQueueHigh(isHigh: boolean): void {
    if (isHigh) this.#deps.upstream.pauseReading();
    else this.#deps.upstream.resumeReading();
  }

  // ---- UpstreamListener -------------------------------------------------------------------

  onReady(): void {
    if (!this.#isOpen) return;
    this.#forwarder.flush();
    this.#conversation.onUpstreamReady();
    this.#deps.owner.onUpstreamReady();
  }

  onCommitted(itemId: string): void {
    const ack = this.#forwarder.onCommitted(itemId);
    if (ack === "turn" || ack === "early") this.#isTurnWritten = false;
    this.#conversation.onCommitted(itemId, ack);
  }

  onSpeechStarted(audioStartMs: number): void {
    this.#timer.begin();
    this.#conversation.onProviderSpeechStarted(this.#forwarder.positionOf(audioStartMs));
    this.#timer.end();
  }

  onSpeechStopped(audioEndMs: number, itemId: string): void {
    const stopFrame = this.#forwarder.onProviderStopped(itemId, audioEndMs);
    this.#conversation.onProviderSpeechStopped(this.#forwarder.positionOf(audioEndMs), stopFrame);
  }

  onResponseCreated(responseId: string, tag: string): void {
    this.#conversation.onResponseCreated(responseId, tag);
  }

  onAudio(
    responseId: string,
    itemId: string,
    contentIndex: number,
    audio: Uint8Array,
    byteCount: number,
  ): void {
    const item = this.#conversation.onAudio(responseId, itemId, contentIndex);
    if (item === 0) return;
    const samples = byteCount / this.#deps.upstreamSampleBytes;
    // Counted first: the pacer may send the first frames from within queuePlayback.
    this.#conversation.onAudioQueued(item, samples);
    const queued = this.#deps.engine.queuePlayback(item, audio, 0, byteCount);
    if (queued === SEND.DROPPED) this.#conversation.onAudioQueued(item, -samples);
  }

  onStageLatency(responseId: string, latency: StageLatency): void {
    this.#conversation.onStageLatency(responseId, latency);
  }

  onAudioDone(_responseId: string, itemId: string): void {
    const item = this.#conversation.onAudioDone(itemId);
    if (item !== 0) this.#deps.engine.endPlaybackItem(item);
  }

  onAgentTranscript(responseId: string, itemId: string, text: string, isFinal: boolean): void {
    this.#conversation.onAgentTranscript(responseId, itemId, text, isFinal);
  }

  onCallerTranscript(itemId: string, text: string): void {
    if (this.#conversation.onCallerTranscript(itemId, text)) this.#isTurnWritten = true;
  }

  onToolCall(responseId: string, toolCallId: string, name: string, argumentsText: string): void {
    const turnId = this.#conversation.onToolCall(responseId);
    this.#heldToolCalls.onToolCall({ toolCallId, name, argumentsText, turnId });
  }

  onResponseDone(responseId: string, status: ResponseStatus, usage: TokenUsage): void {
    this.#deps.owner.onUsage(usage);
    for (const item of this.#conversation.onResponseDone(responseId, status)) {
      this.#deps.engine.endPlaybackItem(item);
    }
  }

  onError(code: string, message: string, commandId: string): void {
    if (code === "input_audio_buffer_commit_empty") {
      this.#conversation.onCommitRefused(this.#forwarder.onCommitRefused());
    }
    this.#conversation.onUpstreamError(code, respondTagOf(commandId));
    if (isStageFailure(code)) this.#deps.owner.onNotice({ kind: "error", code, message });
  }

  onClosed(closure: UpstreamClosure): void {
    this.#deps.owner.onUpstreamClosed(closure);
  }

  onLost(closure: UpstreamClosure): void {
    this.#conversation.onUpstreamLost();
    this.#deps.owner.onUpstreamLost(closure);
  }

  /** What the old session had not acknowledged goes out first, then what waits for an answer. */
  onRestored(): void {
    if (!this.#isOpen) return;
    this.#conversation.onUpstreamReplaced(this.#isTurnWritten);
    const isUnheard = this.#conversation.isAnswerLost() && !this.#isTurnWritten;
    this.#forwarder.onRestored(isUnheard);
    this.#conversation.onUpstreamRestored();
    this.#deps.owner.onUpstreamRestored();
  }

  #onCount(name: ConversationCount): void {
    if (name === "barge_in") this.#deps.owner.onBargeIn(this.#timer.onReaction());
    this.#deps.owner.onCount(name);
  }
}
