// The big lane (S0-18, S0-23): the same direct way as the fast lane, and behind it a typed event
// bus and ordered stages for everything that the caller's side and other listeners are told.
//
//   provider event -> inner lane: clear, cancel, truncate (one synchronous call, S0-07, S0-10, D-40)
//                  -> then the bus (subscribers) and, for notices, the stages -> transport
//
// Station: made by the call around the inner lane, which it knows by contract only. Provider turns,
// push to talk and whoever needs events take this lane; audio frames never touch bus or stages.
import type { CallEvents, CallStage } from "../../contract/call-events.ts";
import type { FaultSink } from "../../contract/call-faults.ts";
import type { CallLane } from "../../contract/lane.ts";
import type { SendResult } from "../../contract/send-result.ts";
import type { CallNotice } from "../../contract/transport.ts";
import type {
  ResponseStatus,
  StageLatency,
  TokenUsage,
  UpstreamClosure,
} from "../../contract/upstream.ts";
import { StageLine } from "./stage-line.ts";

export interface BigLaneDeps {
  readonly inner: CallLane;
  /** Of the call, which closes it: it outlives a switch of lanes. */
  readonly events: CallEvents;
  readonly stages: readonly CallStage[];
  readonly faults: FaultSink;
  /** Where a notice goes that every stage let through. */
  readonly passNotice: (notice: CallNotice) => void;
}

export class BigLane implements CallLane {
  readonly name = "big";
  readonly events: CallEvents;
  readonly stages: StageLine;
  readonly #inner: CallLane;
  readonly #passNotice: (notice: CallNotice) => void;

  constructor({ inner, events, stages, faults, passNotice }: BigLaneDeps) {
    this.#inner = inner;
    this.events = events;
    this.stages = new StageLine(stages, faults);
    this.#passNotice = passNotice;
  }

  start(): string {
    return this.#inner.start();
  }

  sendAudio(message: Uint8Array, start: number, end: number, captureMs: number): SendResult {
    return this.#inner.sendAudio(message, start, end, captureMs);
  }

  sendAudioBase64(payload: string, captureMs: number): SendResult {
    return this.#inner.sendAudioBase64(payload, captureMs);
  }

  close(): void {
    this.#inner.close();
  }

  /** The conversation said something to the caller's side. */
  onNotice(notice: CallNotice): void {
    const passed = this.stages.pass(notice);
    if (passed !== null) this.#passNotice(passed);
    this.events.emit(notice);
  }

  // ---- EngineListener: the direct way, untouched --------------------------------------------

  onCaptureFrame(bits: number, frameIndex: number): void {
    this.#inner.onCaptureFrame(bits, frameIndex);
  }

  onPlaybackFrame(
    frame: Uint8Array,
    item: number,
    itemPositionSamples: number,
    itemSamples: number,
  ): SendResult {
    return this.#inner.onPlaybackFrame(frame, item, itemPositionSamples, itemSamples);
  }

  onPlaybackItemSent(item: number, samples: number): void {
    this.#inner.onPlaybackItemSent(item, samples);
  }

  onPlaybackUnderrun(item: number): void {
    this.#inner.onPlaybackUnderrun(item);
  }

  onPlaybackQueueHigh(isHigh: boolean): void {
    this.#inner.onPlaybackQueueHigh?.(isHigh);
  }

  // ---- UpstreamListener: react first, publish afterwards ------------------------------------

  onReady(): void {
    this.#inner.onReady();
  }

  onCommitted(itemId: string): void {
    this.#inner.onCommitted(itemId);
    this.events.emit({ kind: "provider_committed", itemId });
  }

  onSpeechStarted(audioStartMs: number, itemId: string): void {
    this.#inner.onSpeechStarted(audioStartMs, itemId);
    this.events.emit({ kind: "provider_speech_started", audioMs: audioStartMs });
  }

  onSpeechStopped(audioEndMs: number, itemId: string): void {
    this.#inner.onSpeechStopped(audioEndMs, itemId);
    this.events.emit({ kind: "provider_speech_stopped", audioMs: audioEndMs });
  }

  onResponseCreated(responseId: string, tag: string): void {
    this.#inner.onResponseCreated(responseId, tag);
  }

  onAudio(
    responseId: string,
    itemId: string,
    contentIndex: number,
    audio: Uint8Array,
    byteCount: number,
  ): void {
    this.#inner.onAudio(responseId, itemId, contentIndex, audio, byteCount);
  }

  onStageLatency(responseId: string, latency: StageLatency): void {
    this.#inner.onStageLatency?.(responseId, latency);
  }

  onAudioDone(responseId: string, itemId: string): void {
    this.#inner.onAudioDone(responseId, itemId);
    this.events.emit({ kind: "audio_ended", responseId, itemId });
  }

  onAgentTranscript(responseId: string, itemId: string, text: string, isFinal: boolean): void {
    this.#inner.onAgentTranscript(responseId, itemId, text, isFinal);
  }

  onCallerTranscript(itemId: string, text: string): void {
    this.#inner.onCallerTranscript(itemId, text);
  }

  onToolCall(responseId: string, toolCallId: string, name: string, argumentsText: string): void {
    this.#inner.onToolCall(responseId, toolCallId, name, argumentsText);
    this.events.emit({ kind: "tool_called", toolCallId, name, argumentsText });
  }

  onResponseDone(
    responseId: string,
    status: ResponseStatus,
    usage: TokenUsage,
    errorCode: string,
  ): void {
    this.#inner.onResponseDone(responseId, status, usage, errorCode);
    this.events.emit({ kind: "response_ended", responseId, status });
  }

  onError(code: string, message: string, commandId: string): void {
    this.#inner.onError(code, message, commandId);
    this.events.emit({ kind: "provider_error", code });
  }

  onClosed(closure: UpstreamClosure): void {
    this.#inner.onClosed(closure);
  }

  onLost(closure: UpstreamClosure): void {
    this.#inner.onLost?.(closure);
    this.events.emit({ kind: "provider_lost", reason: closure.reason });
  }

  isCallerQuiet(): boolean {
    return this.#inner.isCallerQuiet?.() ?? true;
  }

  onRestored(): void {
    this.#inner.onRestored?.();
    this.events.emit({ kind: "provider_restored" });
  }
}
