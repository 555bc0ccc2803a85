// CallEffects and CaptureFacts that write down what they are told, over a stepped clock.
// The tape is a pair of numbers: spans are checked as they are opened and closed.
import type {
  CallEffects,
  CaptureFacts,
  ConversationCount,
  ConversationTimer,
  TurnEndAsk,
} from "../../service/contract/call-effects.ts";
import type { TurnDetection } from "../../service/contract/call-terms.ts";
import { SEND, type SendResult } from "../../service/contract/send-result.ts";
import type { CallNotice } from "../../service/contract/transport.ts";
import type { ResponseRequest } from "../../service/contract/upstream.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

/** Of a CallerSpeech's listener: what most of its tests are not about. */
export const UNEVENTFUL = {
  isBargeInHeld: () => false,
  onTurnSilence: () => undefined,
  onTurnResumed: () => undefined,
  onTurnConfirmed: () => false,
  onDiscarded: () => undefined,
};

export class RecordedEffects implements CallEffects, CaptureFacts {
  readonly clock = createSteppedClock();
  /** Every effect that reaches the world, as short text, in order. */
  readonly log: string[] = [];
  readonly notices: CallNotice[] = [];
  readonly requests: ResponseRequest[] = [];
  readonly turnEndAsks: TurnEndAsk[] = [];
  readonly #counts = new Map<ConversationCount, number>();
  readonly #timers = new Map<ConversationTimer, number>();
  onTimer: (timer: ConversationTimer) => void = () => undefined;
  /** Called by forceSpeechEnd, as the core would: synchronously. */
  onForce: () => void = () => undefined;
  respondResult: SendResult = SEND.SENT;
  /** For early commits. */
  isUpstreamReady = true;
  /** Hybrid turns: the span goes on behind an early commit. */
  isAlwaysSent = false;
  readonly savedMs: number[] = [];
  /** Samples of the recording for an answer that failed. */
  apology = 0;
  apologyResult: SendResult = SEND.SENT;

  framesCaptured = 0;
  spanFirstFrame = -1;
  lastEndFrame = 0;
  onsetSamples = 0;
  endSamples = 0;
  bargeOnsetSamples = 0;
  vad = 0;

  count(name: ConversationCount): void {
    this.#counts.set(name, this.counted(name) + 1);
  }
  counted(name: ConversationCount): number {
    return this.#counts.get(name) ?? 0;
  }
  /** Takes and empties the log. */
  taken(): string[] {
    return this.log.splice(0);
  }
  timers(): ConversationTimer[] {
    return [...this.#timers.keys()].sort();
  }
  tag(): string {
    return this.requests.at(-1)?.tag ?? "";
  }

  nowMs(): number {
    return this.clock.nowMs();
  }
  appendBegin(frameIndex: number): number {
    if (this.spanFirstFrame >= 0) throw new Error("a span is open");
    this.spanFirstFrame = Math.max(frameIndex, this.lastEndFrame);
    this.log.push(`begin ${this.spanFirstFrame}`);
    return this.spanFirstFrame;
  }
  appendEnd(): number {
    if (this.spanFirstFrame < 0) throw new Error("no span is open");
    this.spanFirstFrame = -1;
    this.lastEndFrame = this.framesCaptured;
    this.log.push(`end ${this.framesCaptured}`);
    return this.framesCaptured;
  }
  appendDiscard(): void {
    this.spanFirstFrame = -1;
    this.log.push("discard");
  }
  commit(turnId: number): void {
    this.log.push(`commit ${turnId}`);
  }
  appendTrim(frameIndex: number): void {
    this.log.push(`trim ${frameIndex}`);
  }
  commitEarly(): number {
    if (!this.isUpstreamReady) return -1;
    this.log.push(`commit early ${this.framesCaptured}`);
    return this.framesCaptured;
  }
  keepEarly(): void {
    if (!this.isAlwaysSent) {
      this.spanFirstFrame = -1;
      this.lastEndFrame = this.framesCaptured;
    }
    this.log.push("keep");
  }
  takeBackEarly(frameIndex: number): void {
    this.log.push(`take back ${frameIndex}`);
  }
  hintTurnEnd(isMaybe: boolean): void {
    this.log.push(isMaybe ? "hint over" : "hint goes on");
  }
  setTurnSilence(silenceMs: number): void {
    this.log.push(`silence ${silenceMs}`);
  }
  askTurnEnd(ask: TurnEndAsk): void {
    this.turnEndAsks.push(ask);
  }
  forceSpeechEnd(): void {
    this.log.push("force");
    this.onForce();
  }
  answerHere(turnDetection: TurnDetection): void {
    this.log.push(`answer here ${turnDetection}`);
  }
  respond(request: ResponseRequest): SendResult {
    if (this.respondResult === SEND.DROPPED) return SEND.DROPPED;
    this.requests.push(request);
    this.log.push(`respond ${request.tag.split(":").slice(0, 2).join(":")}`);
    return this.respondResult;
  }
  cancelResponse(responseId: string): void {
    this.log.push(`cancel ${responseId}`);
  }
  truncateItem(itemId: string, contentIndex: number, audioEndMs: number): void {
    this.log.push(`truncate ${itemId}/${contentIndex} ${audioEndMs}`);
  }
  deleteItem(itemId: string): void {
    this.log.push(`delete ${itemId}`);
  }
  apologySamples(): number {
    return this.apology;
  }
  playApology(item: number): SendResult {
    this.log.push(`apology ${item}`);
    return this.apologyResult;
  }
  clearPlayback(): void {
    this.log.push("clear");
  }
  pausePlayback(): void {
    this.log.push("pause");
  }
  resumePlayback(): void {
    this.log.push("resume");
  }
  setPlaybackGain(gain: number, rampMs: number): void {
    this.log.push(`gain ${gain} in ${rampMs}`);
  }
  holdAnswer(): void {
    this.log.push("hold");
  }
  releaseAnswer(): void {
    this.log.push("release");
  }
  dropAnswer(): void {
    this.log.push("drop");
  }
  endPlaybackItem(item: number): void {
    this.log.push(`play out ${item}`);
  }
  setAgentAudible(isAudible: boolean): void {
    this.log.push(isAudible ? "audible" : "quiet");
  }
  setTimer(timer: ConversationTimer, delayMs: number): void {
    this.clearTimer(timer);
    const fire = () => {
      this.#timers.delete(timer);
      this.onTimer(timer);
    };
    this.#timers.set(timer, this.clock.setTimer(delayMs, fire));
  }
  clearTimer(timer: ConversationTimer): void {
    const handle = this.#timers.get(timer);
    if (handle !== undefined) this.clock.clearTimer(handle);
    this.#timers.delete(timer);
  }
  notice(notice: CallNotice): void {
    this.notices.push(notice);
  }
  noteSavedMs(savedMs: number): void {
    this.savedMs.push(savedMs);
  }
  end(reason: string): void {
    this.log.push(`ended ${reason}`);
  }

  onsetPositionSamples(): number {
    return this.onsetSamples;
  }
  endPositionSamples(): number {
    return this.endSamples;
  }
  bargeInOnsetPositionSamples(): number {
    return this.bargeOnsetSamples;
  }
  vadState(): number {
    return this.vad;
  }
}
