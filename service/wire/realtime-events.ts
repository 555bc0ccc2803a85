// One server event of the Realtime API, from its text to a value of ours: the first thing that
// happens to a message of the speech model; audio stays base64 here (see upstream/audio-deltas.ts).
// Source: protocols.md 1.4. Field names are checked against the types of the `openai` package,
// the values are not trusted. Each text is parsed once and nothing here throws.
// Limits: the caller checks the length of the text before (UPSTREAM_MESSAGE_BYTES_MAX).
import type {
  RealtimeError,
  RealtimeResponse,
  RealtimeServerEvent,
} from "openai/resources/realtime/realtime";
import type { ResponseStatus } from "../contract/upstream.ts";
import { readSessionEcho, type SessionEcho } from "./realtime-session-echo.ts";
import { codeOf, type Fields, fieldsOf, type Inside, numberOf, textOf } from "./json-fields.ts";

export interface RealtimeToolCall {
  readonly responseId: string;
  readonly itemId: string;
  readonly toolCallId: string;
  readonly name: string;
  readonly argumentsText: string;
}

/**
 * `known`: part of the protocol, but nothing needs to be done. Texts are as the peer wrote them.
 */
export type RealtimeEvent =
  | { readonly kind: "session_created"; readonly session: SessionEcho }
  | { readonly kind: "session_updated"; readonly session: SessionEcho }
  | { readonly kind: "committed"; readonly itemId: string }
  | { readonly kind: "speech_started"; readonly audioStartMs: number; readonly itemId: string }
  | { readonly kind: "speech_stopped"; readonly audioEndMs: number; readonly itemId: string }
  | { readonly kind: "response_created"; readonly responseId: string; readonly tag: string }
  | {
      readonly kind: "audio_delta";
      readonly responseId: string;
      readonly itemId: string;
      readonly contentIndex: number;
      readonly audioBase64: string;
    }
  | { readonly kind: "audio_done"; readonly responseId: string; readonly itemId: string }
  | {
      readonly kind: "agent_transcript";
      readonly responseId: string;
      readonly itemId: string;
      readonly text: string;
      readonly isFinal: boolean;
    }
  | { readonly kind: "caller_transcript"; readonly itemId: string; readonly text: string }
  | { readonly kind: "caller_words"; readonly itemId: string; readonly text: string }
  | ({ readonly kind: "tool_call" } & RealtimeToolCall)
  | {
      readonly kind: "response_done";
      readonly responseId: string;
      readonly status: ResponseStatus;
      readonly inputTokens: number;
      readonly outputTokens: number;
      /**
       * The failure's code, or the reason of a cancelled or incomplete response; "" when completed.
       */
      readonly errorCode: string;
      readonly toolCalls: readonly RealtimeToolCall[];
    }
  | {
      readonly kind: "error";
      readonly code: string;
      readonly message: string;
      /** The event_id of the command that was refused; "" when the peer names none. */
      readonly commandId: string;
      /** The utterance that was not written down, and the server's code for why. */
      readonly unheard?: { readonly itemId: string; readonly code: string };
    }
  | { readonly kind: "known"; readonly type: string }
  | { readonly kind: "unknown" }
  | { readonly kind: "malformed" };

type ServerEventType = RealtimeServerEvent["type"];
type EventOf<T extends ServerEventType> = Extract<RealtimeServerEvent, { type: T }>;
type Parsers = { readonly [T in ServerEventType]: (event: Inside<EventOf<T>>) => RealtimeEvent };

const MALFORMED: RealtimeEvent = { kind: "malformed" };
const UNKNOWN: RealtimeEvent = { kind: "unknown" };

/**
 * Reads one server event; names of the beta protocol are accepted too.
 * Errors: none thrown; what cannot be read is `malformed`, a type not in the protocol `unknown`.
 * Cost: one JSON.parse and one small object.
 */
export function parseRealtimeEvent(text: string): RealtimeEvent {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return MALFORMED;
  }
  const event = fieldsOf(value);
  const type = event?.["type"];
  if (event === undefined || typeof type !== "string") return MALFORMED;
  const parser = PARSER_OF_TYPE.get(BETA_NAMES.get(type) ?? type);
  return parser === undefined ? UNKNOWN : parser(event);
}

/** Old names that some peers still use (protocols.md 1.4, beta renames; 1.2). */
const BETA_NAMES: ReadonlyMap<string, ServerEventType> = new Map([
  ["response.audio.delta", "response.output_audio.delta"],
  ["response.audio.done", "response.output_audio.done"],
  ["response.audio_transcript.delta", "response.output_audio_transcript.delta"],
  ["response.audio_transcript.done", "response.output_audio_transcript.done"],
  ["response.text.delta", "response.output_text.delta"],
  ["response.text.done", "response.output_text.done"],
  ["transcription_session.updated", "session.updated"],
]);

const known = (event: { readonly type?: unknown }): RealtimeEvent => ({
  kind: "known",
  type: textOf(event.type),
});

// A table, so that a new version of the types with a new event does not compile unnoticed.
const PARSERS: Parsers = {
  error: (event) => {
    const error = inside<RealtimeError>(event.error);
    const code = codeOf(error.code) || codeOf(error.type) || "unknown";
    return {
      kind: "error",
      code,
      message: textOf(error.message),
      commandId: textOf(error.event_id),
    };
  },
  "session.created": (event) => ({
    kind: "session_created",
    session: readSessionEcho(event.session),
  }),
  "session.updated": (event) => ({
    kind: "session_updated",
    session: readSessionEcho(event.session),
  }),
  "input_audio_buffer.committed": (event) => ({ kind: "committed", itemId: textOf(event.item_id) }),
  "input_audio_buffer.speech_started": (event) => ({
    kind: "speech_started",
    audioStartMs: numberOf(event.audio_start_ms),
    itemId: textOf(event.item_id),
  }),
  "input_audio_buffer.speech_stopped": (event) => ({
    kind: "speech_stopped",
    audioEndMs: numberOf(event.audio_end_ms),
    itemId: textOf(event.item_id),
  }),
  "response.created": (event) => {
    const response = inside<RealtimeResponse>(event.response);
    const responseId = textOf(response.id);
    if (responseId === "") return MALFORMED;
    const tag = textOf(fieldsOf(response.metadata)?.["tag"]);
    return { kind: "response_created", responseId, tag };
  },
  "response.output_audio.delta": (event) => {
    const responseId = textOf(event.response_id);
    const itemId = textOf(event.item_id);
    if (typeof event.delta !== "string" || responseId === "" || itemId === "") return MALFORMED;
    const contentIndex = numberOf(event.content_index);
    return { kind: "audio_delta", responseId, itemId, contentIndex, audioBase64: event.delta };
  },
  "response.output_audio.done": (event) => ({
    kind: "audio_done",
    responseId: textOf(event.response_id),
    itemId: textOf(event.item_id),
  }),
  "response.output_audio_transcript.delta": (event) => agentTranscript(event, event.delta, false),
  "response.output_audio_transcript.done": (event) =>
    agentTranscript(event, event.transcript, true),
  "response.output_text.delta": (event) => agentTranscript(event, event.delta, false),
  "response.output_text.done": (event) => agentTranscript(event, event.text, true),
  "conversation.item.input_audio_transcription.completed": (event) => ({
    kind: "caller_transcript",
    itemId: textOf(event.item_id),
    text: textOf(event.transcript),
  }),
  "conversation.item.input_audio_transcription.failed": (event) => {
    const error = inside<RealtimeError>(event.error);
    return {
      kind: "error",
      code: "input_audio_transcription_failed",
      message: textOf(error.message),
      commandId: "",
      unheard: { itemId: textOf(event.item_id), code: codeOf(error.code) || "unknown" },
    };
  },
  "conversation.item.input_audio_transcription.delta": (event) => ({
    kind: "caller_words",
    itemId: textOf(event.item_id),
    text: textOf(event.delta),
  }),
  "response.function_call_arguments.done": (event) => {
    const call: RealtimeToolCall = {
      responseId: textOf(event.response_id),
      itemId: textOf(event.item_id),
      toolCallId: textOf(event.call_id),
      name: textOf(event.name),
      argumentsText: textOf(event.arguments),
    };
    // Older peers leave the name out here; the finished item carries it.
    return call.toolCallId === "" || call.name === ""
      ? known(event)
      : { kind: "tool_call", ...call };
  },
  "response.output_item.done": (event) => {
    const call = readToolCall(textOf(event.response_id), event.item);
    return call === undefined ? known(event) : { kind: "tool_call", ...call };
  },
  "response.done": (event) => readResponseDone(inside<RealtimeResponse>(event.response)),
  "conversation.created": known,
  "conversation.item.created": known,
  "conversation.item.added": known,
  "conversation.item.done": known,
  "conversation.item.retrieved": known,
  "conversation.item.truncated": known,
  "conversation.item.deleted": known,
  "conversation.item.input_audio_transcription.segment": known,
  "input_audio_buffer.cleared": known,
  "input_audio_buffer.timeout_triggered": known,
  "input_audio_buffer.dtmf_event_received": known,
  "output_audio_buffer.started": known,
  "output_audio_buffer.stopped": known,
  "output_audio_buffer.cleared": known,
  "rate_limits.updated": known,
  "response.output_item.added": known,
  "response.content_part.added": known,
  "response.content_part.done": known,
  "response.function_call_arguments.delta": known,
  "mcp_list_tools.in_progress": known,
  "mcp_list_tools.completed": known,
  "mcp_list_tools.failed": known,
  "response.mcp_call_arguments.delta": known,
  "response.mcp_call_arguments.done": known,
  "response.mcp_call.in_progress": known,
  "response.mcp_call.completed": known,
  "response.mcp_call.failed": known,
};

// A Map, because a plain object would also know "constructor".
const PARSER_OF_TYPE: ReadonlyMap<string, (event: Fields) => RealtimeEvent> = new Map(
  Object.entries(PARSERS),
);

function inside<T>(value: unknown): Inside<T> {
  return (fieldsOf(value) ?? {}) as Inside<T>;
}

function agentTranscript(
  event: { readonly response_id?: unknown; readonly item_id?: unknown },
  text: unknown,
  isFinal: boolean,
): RealtimeEvent {
  return {
    kind: "agent_transcript",
    responseId: textOf(event.response_id),
    itemId: textOf(event.item_id),
    text: textOf(text),
    isFinal,
  };
}

function readToolCall(responseId: string, value: unknown): RealtimeToolCall | undefined {
  const item = fieldsOf(value);
  if (item?.["type"] !== "function_call") return undefined;
  const toolCallId = textOf(item["call_id"]);
  const name = textOf(item["name"]);
  // A call that was cut off by a cancel must not be carried out.
  if (toolCallId === "" || name === "" || item["status"] === "incomplete") return undefined;
  const argumentsText = textOf(item["arguments"]);
  return { responseId, itemId: textOf(item["id"]), toolCallId, name, argumentsText };
}

function readResponseDone(response: Inside<RealtimeResponse>): RealtimeEvent {
  const responseId = textOf(response.id);
  if (responseId === "") return MALFORMED;
  const usage = fieldsOf(response.usage);
  const details = fieldsOf(response.status_details);
  const errorCode = codeOf(fieldsOf(details?.["error"])?.["code"]) || codeOf(details?.["reason"]);
  const toolCalls: RealtimeToolCall[] = [];
  for (const item of Array.isArray(response.output) ? response.output : []) {
    const call = readToolCall(responseId, item);
    if (call !== undefined) toolCalls.push(call);
  }
  return {
    kind: "response_done",
    responseId,
    status: readStatus(response.status),
    inputTokens: numberOf(usage?.["input_tokens"]),
    outputTokens: numberOf(usage?.["output_tokens"]),
    errorCode,
    toolCalls,
  };
}

/** A status we do not know counts as failed: the response is over and may lack its answer. */
function readStatus(status: unknown): ResponseStatus {
  const isKnown = status === "completed" || status === "cancelled" || status === "incomplete";
  return isKnown ? status : "failed";
}
