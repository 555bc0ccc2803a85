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
import { createAudioDeltas } from "./audio-deltas.ts";
import { closureOfError, closureOfProtocol, withoutKeys } from "./upstream-closure.ts";
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
  /** Before the listener's onError. */
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
  const { listener, stats, metrics } = deps;
  const deltas = createAudioDeltas(deps.sampleBytes);
  const toolCallsTold: string[] = [];
  let badEvents = 0;

  const onBadEvent = () => {
    badEvents += 1;
    if (badEvents < UPSTREAM_BAD_EVENTS_MAX) return;
    deps.fail(closureOfProtocol(`Cannot read the upstream: ${badEvents} bad events in a row`));
  };

  const tellToolCall = (call: RealtimeToolCall) => {
    if (toolCallsTold.includes(call.toolCallId)) return;
    toolCallsTold.push(call.toolCallId);
    if (toolCallsTold.length > TOOL_CALLS_REMEMBERED) toolCallsTold.shift();
    listener.onToolCall(call.responseId, call.toolCallId, call.name, call.argumentsText);
  };

  const onAudio = (event: RealtimeEvent & { kind: "audio_delta" }) => {
    const { responseId, itemId, contentIndex } = event;
    const byteCount = deltas.decode(itemId, event.audioBase64);
    if (byteCount === 0) return;
    listener.onAudio(responseId, itemId, contentIndex, deltas.audio, byteCount);
  };

  const onResponseDone = (event: RealtimeEvent & { kind: "response_done" }) => {
    // The calls of a cancelled response are not carried out.
    if (event.status === "completed") for (const call of event.toolCalls) tellToolCall(call);
    const { responseId, status, inputTokens, outputTokens, errorCode } = event;
    if (status === "failed") metrics.countError(errorCode);
    listener.onResponseDone(responseId, status, { inputTokens, outputTokens }, errorCode);
  };

  const onError = (event: RealtimeEvent & { kind: "error" }) => {
    const { code, commandId } = event;
    metrics.countError(code);
    const closure = closureOfError(code);
    deps.onCommandRefused(commandId, code);
    listener.onError(code, withoutKeys(event.message, deps.apiKey), commandId);
    if (closure !== undefined) deps.fail(closure);
  };

  const onEvent = (event: RealtimeEvent) => {
    switch (event.kind) {
      case "audio_delta":
        return onAudio(event);
      case "audio_done":
        return listener.onAudioDone(event.responseId, event.itemId);
      case "agent_transcript":
        return listener.onAgentTranscript(event.responseId, event.itemId, event.text, event.isFinal);
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
        return onResponseDone(event);
      case "tool_call":
        return tellToolCall(event);
      case "session_updated":
        return deps.onSessionEcho(event.session);
      case "error":
        return onError(event);
      case "session_created":
      case "known":
        return undefined;
      case "unknown":
        stats.eventsUnknown += 1;
        return metrics.eventsUnknown.add(1);
      case "malformed":
        stats.eventsMalformed += 1;
        metrics.eventsMalformed.add(1);
        return onBadEvent();
    }
  };

  return {
    onText(text) {
      const event = parseRealtimeEvent(text);
      if (event.kind !== "malformed") badEvents = 0;
      onEvent(event);
    },
    onUnreadable(isOversized) {
      if (isOversized) {
        stats.eventsOversized += 1;
        metrics.eventsOversized.add(1);
      } else {
        stats.eventsMalformed += 1;
        metrics.eventsMalformed.add(1);
      }
      onBadEvent();
    },
  };
}
