// CallEffects of a real call: the conversation's wishes become calls on engine, upstream, transport
// and clock. Station: between conversation/ and everything that acts. No decision is taken here.
import type { AudioEngine } from "../../contract/audio-engine.ts";
import type {
  CallEffects,
  ConversationCount,
  ConversationTimer,
  TurnEndAsk,
} from "../../contract/call-effects.ts";
import type { EndReason, TurnDetection } from "../../contract/call-terms.ts";
import type { Clock, TimerHandle } from "../../contract/clock.ts";
import type { SendResult } from "../../contract/send-result.ts";
import type { CallNotice, Transport } from "../../contract/transport.ts";
import type { ResponseRequest, Upstream } from "../../contract/upstream.ts";
import { queueRecording } from "../../engine/queue-recording.ts";
import { FRAME_MS } from "../../limits.ts";
import { type HybridDetector, providerTurns } from "../../upstream/provider-turns.ts";
import type { HeldToolCalls } from "./held-tool-calls.ts";
import type { SpanForwarder } from "../../upstream/span-forwarder.ts";
import type { TurnEndAsker } from "./turn-end-asker.ts";

/** One frame: after it phone audio passes byte for byte again. */
const RESUME_FADE_MS = FRAME_MS;

export interface LaneEffectsDeps {
  readonly clock: Clock;
  readonly engine: AudioEngine;
  readonly upstream: Upstream;
  readonly hybridDetector: HybridDetector;
  readonly transport: Transport;
  readonly forwarder: SpanForwarder;
  readonly heldToolCalls: HeldToolCalls;
  readonly failedRecording: Uint8Array;
  readonly upstreamSampleBytes: number;
  readonly generation: () => number;
  readonly onTimer: (timer: ConversationTimer) => void;
  readonly onCount: (name: ConversationCount) => void;
  readonly onSavedMs: (savedMs: number) => void;
  readonly onNotice: (notice: CallNotice) => void;
  readonly onEnd: (reason: EndReason) => void;
  /** null: nobody votes on the end of a turn. */
  readonly asker: TurnEndAsker | null;
}

export class LaneEffects implements CallEffects {
  readonly #deps: LaneEffectsDeps;
  readonly #timers = new Map<ConversationTimer, TimerHandle>();

  constructor(deps: LaneEffectsDeps) {
    this.#deps = deps;
  }

  nowMs(): number {
    return this.#deps.clock.nowMs();
  }

  appendBegin(frameIndex: number): number {
    return this.#deps.forwarder.begin(frameIndex);
  }

  appendEnd(): number {
    return this.#deps.forwarder.end();
  }

  appendDiscard(): void {
    this.#deps.forwarder.discard();
  }

  appendTrim(frameIndex: number): void {
    this.#deps.forwarder.trim(frameIndex);
  }

  commit(_turnId: number, speechEndFrame: number): void {
    this.#deps.forwarder.commit(speechEndFrame);
  }

  commitEarly(firstFrame: number, speechEndFrame: number): number {
    return this.#deps.forwarder.commitEarly(firstFrame, speechEndFrame);
  }

  keepEarly(): void {
    this.#deps.forwarder.keepEarly();
  }

  takeBackEarly(frameIndex: number): void {
    this.#deps.forwarder.takeBackEarly(frameIndex);
  }

  hintTurnEnd(isMaybe: boolean): void {
    const { upstream, forwarder } = this.#deps;
    if (upstream.hintTurnEnd === undefined) return;
    if (isMaybe) forwarder.flush();
    upstream.hintTurnEnd(isMaybe);
  }

  setTurnSilence(silenceMs: number): void {
    const { engine } = this.#deps;
    engine.applyVadSettings({ ...engine.config.vad, minSilenceMs: silenceMs });
  }

  askTurnEnd(ask: TurnEndAsk): void {
    this.#deps.asker?.ask(ask);
  }

  forceSpeechEnd(): void {
    this.#deps.engine.forceEnd();
  }

  answerHere(turnDetection: TurnDetection): void {
    const { upstream, hybridDetector } = this.#deps;
    upstream.updateSession({ turnDetection: providerTurns(turnDetection, hybridDetector, true) });
  }

  respond(request: ResponseRequest): SendResult {
    return this.#deps.upstream.respond(request);
  }

  cancelResponse(responseId: string): void {
    this.#deps.upstream.cancel(responseId);
  }

  truncateItem(itemId: string, contentIndex: number, audioEndMs: number): void {
    this.#deps.upstream.truncate(itemId, contentIndex, audioEndMs);
  }

  deleteItem(itemId: string): void {
    this.#deps.upstream.deleteItem(itemId);
  }

  clearPlayback(): void {
    this.#deps.engine.interruptPlayback();
    this.#deps.transport.sendClear(this.#deps.generation());
  }

  pausePlayback(): void {
    this.#deps.engine.pausePlayback();
  }

  /** Comes back within its first frame, without the click of a voice that starts in full swing. */
  resumePlayback(): void {
    const { engine } = this.#deps;
    engine.setPlaybackGain(0, 0);
    engine.resumePlayback();
    engine.setPlaybackGain(1, RESUME_FADE_MS);
  }

  setPlaybackGain(gain: number, rampMs: number): void {
    this.#deps.engine.setPlaybackGain(gain, rampMs);
  }

  holdAnswer(): void {
    this.#deps.engine.pausePlayback();
    this.#deps.heldToolCalls.hold();
  }

  releaseAnswer(): void {
    this.#deps.engine.resumePlayback();
    this.#deps.heldToolCalls.release();
  }

  dropAnswer(): void {
    this.#deps.engine.interruptPlayback();
    this.#deps.heldToolCalls.drop();
  }

  apologySamples(): number {
    return this.#deps.failedRecording.length / this.#deps.upstreamSampleBytes;
  }

  playApology(item: number): SendResult {
    return queueRecording(this.#deps.engine, item, this.#deps.failedRecording);
  }

  endPlaybackItem(item: number): void {
    this.#deps.engine.endPlaybackItem(item);
  }

  setAgentAudible(isAudible: boolean): void {
    this.#deps.engine.setAgentAudible(isAudible);
  }

  setTimer(timer: ConversationTimer, delayMs: number): void {
    this.clearTimer(timer);
    const fire = () => {
      this.#timers.delete(timer);
      this.#deps.onTimer(timer);
    };
    this.#timers.set(timer, this.#deps.clock.setTimer(delayMs, fire));
  }

  clearTimer(timer: ConversationTimer): void {
    const handle = this.#timers.get(timer);
    if (handle === undefined) return;
    this.#timers.delete(timer);
    this.#deps.clock.clearTimer(handle);
  }

  clearTimers(): void {
    this.#deps.asker?.close();
    for (const handle of this.#timers.values()) this.#deps.clock.clearTimer(handle);
    this.#timers.clear();
  }

  notice(notice: CallNotice): void {
    this.#deps.onNotice(notice);
  }

  count(name: ConversationCount): void {
    this.#deps.onCount(name);
  }

  noteSavedMs(savedMs: number): void {
    this.#deps.onSavedMs(savedMs);
  }

  end(reason: EndReason): void {
    this.#deps.onEnd(reason);
  }
}
