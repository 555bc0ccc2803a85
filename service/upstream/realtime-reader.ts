// Reads the events of one Realtime session and tells the call what happened.
// On the frame's way: the first station of the agent's audio, between socket and conversation.
// Unknown events are counted and passed over; unreadable ones too, unless nothing else comes.
import type { UpstreamClosure, UpstreamListener } from "../contract/upstream.ts";
import { UPSTREAM_BAD_EVENTS_MAX } from "../limits.ts";
import {
  parseRealtimeEvent,
  type RealtimeEvent,
  type RealtimeToolCall,
} from "../wire/realtime-events.ts";
import type { SessionEcho } from "../wire/realtime-session-echo.ts";
import { type AudioDeltas, createAudioDeltas } from "./audio-deltas.ts";
import { closureOfError, closureOfProtocol, withoutKeys } from "../provider/upstream-closure.ts";
import type { UpstreamMetrics } from "./upstream-metrics.ts";
import type { UpstreamStats } from "./upstream-stats.ts";

export interface RealtimeReaderDeps {
  readonly listener: UpstreamListener;
  readonly stats: UpstreamStats;
  readonly metrics: UpstreamMetrics;
  /** Cut out of the provider's messages. */
  readonly apiKey: string;
  readonly sampleBytes: 1 | 2;
  /** session.updated came. */
  onSessionEcho(echo: SessionEcho): void;
  /** After the listener's onError. */
  onCommandRefused(commandId: string, code: string): void;
  /** Ends the session at once. */
  fail(closure: UpstreamClosure): void;
}

export interface RealtimeReader {
  onText(text: string): void;
  onUnreadable(isOversized: boolean): void;
}

/** A tool call is told of by up to three events; the newest ids are enough to tell repeats. */
const TOOL_CALLS_REMEMBERED = 32;

/** State: which tool calls were told, how many unreadable events came in a row. */
export function createRealtimeReader(deps: RealtimeReaderDeps): RealtimeReader {
  return new EventReader(deps);
}

class EventReader implements RealtimeReader {
  readonly #deps: RealtimeReaderDeps;
  readonly #listener: UpstreamListener;
  readonly #deltas: AudioDeltas;
  readonly #toolCallsTold: string[] = [];
  #badEvents = 0;

  constructor(deps: RealtimeReaderDeps) {
    this.#deps = deps;
    this.#listener = deps.listener;
    this.#deltas = createAudioDeltas(deps.sampleBytes);
  }

  onText(text: string): void {
    const event = parseRealtimeEvent(text);
    if (event.kind !== "malformed") this.#badEvents = 0;
    this.#onEvent(event);
  }

  onUnreadable(isOversized: boolean): void {
    const { stats, metrics } = this.#deps;
    if (isOversized) {
      stats.eventsOversized += 1;
      metrics.eventsOversized.add(1);
    } else {
      stats.eventsMalformed += 1;
      metrics.eventsMalformed.add(1);
    }
    this.#onBadEvent();
  }

  #onEvent(event: RealtimeEvent) {
    const listener = this.#listener;
    switch (event.kind) {
      case "audio_delta":
        return this.#onAudio(event);
      case "audio_done":
        return listener.onAudioDone(event.responseId, event.itemId);
      case "agent_transcript":
        return listener.onAgentTranscript(
          event.responseId,
          event.itemId,
          event.text,
          event.isFinal,
        );
      case "caller_transcript":
        return listener.onCallerTranscript(event.itemId, event.text);
      case "committed":
        return listener.onCommitted(event.itemId);
      case "speech_started":
        return listener.onSpeechStarted(event.audioStartMs, event.itemId);
      case "speech_stopped":
        return listener.onSpeechStopped(event.audioEndMs, event.itemId);
      case "response_created":
        return listener.onResponseCreated(event.responseId, event.tag);
      case "response_done":
        return this.#onResponseDone(event);
      case "tool_call":
        return this.#tellToolCall(event);
      case "session_updated":
        return this.#deps.onSessionEcho(event.session);
      case "error":
        return this.#onError(event);
      case "session_created":
      // A call takes the caller's words whole.
      case "caller_words":
      case "known":
        return undefined;
      case "unknown":
        this.#deps.stats.eventsUnknown += 1;
        return this.#deps.metrics.eventsUnknown.add(1);
      case "malformed":
        return this.onUnreadable(false);
    }
  }

  #onAudio(event: RealtimeEvent & { kind: "audio_delta" }): void {
    const { responseId, itemId, contentIndex } = event;
    const byteCount = this.#deltas.decode(itemId, event.audioBase64);
    if (byteCount === 0) return;
    this.#listener.onAudio(responseId, itemId, contentIndex, this.#deltas.audio, byteCount);
  }

  #onResponseDone(event: RealtimeEvent & { kind: "response_done" }): void {
    const { responseId, status, inputTokens, outputTokens, errorCode } = event;
    // The calls of a cancelled response are not carried out.
    if (status === "completed") for (const call of event.toolCalls) this.#tellToolCall(call);
    if (status === "failed") this.#deps.metrics.countError(errorCode);
    const usage = { inputTokens, outputTokens };
    this.#listener.onResponseDone(responseId, status, usage, errorCode);
    // An account without money fails every answer: nobody will be answered here.
    const closure = status === "failed" ? closureOfError(errorCode) : undefined;
    if (closure !== undefined) this.#deps.fail(closure);
  }

  #onError(event: RealtimeEvent & { kind: "error" }): void {
    const { code, commandId } = event;
    const { metrics, apiKey } = this.#deps;
    metrics.countError(code);
    this.#listener.onError(code, withoutKeys(event.message, apiKey), commandId);
    this.#deps.onCommandRefused(commandId, code);
    const closure = closureOfError(code);
    if (closure !== undefined) this.#deps.fail(closure);
  }

  #tellToolCall(call: RealtimeToolCall): void {
    if (this.#toolCallsTold.includes(call.toolCallId)) return;
    this.#toolCallsTold.push(call.toolCallId);
    if (this.#toolCallsTold.length > TOOL_CALLS_REMEMBERED) this.#toolCallsTold.shift();
    this.#listener.onToolCall(call.responseId, call.toolCallId, call.name, call.argumentsText);
  }

  #onBadEvent(): void {
    this.#badEvents += 1;
    if (this.#badEvents < UPSTREAM_BAD_EVENTS_MAX) return;
    const message = `Cannot read the upstream: ${this.#badEvents} bad events in a row`;
    this.#deps.fail(closureOfProtocol(message));
  }
}
