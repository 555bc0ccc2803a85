// Our commands to a Realtime API server, as text. On the frame's way: the last thing before the
// upstream's socket. Source: protocols.md 1.2 and 1.3 (GA names; realtime-dialect.ts has the others).
// Every command carries an event_id, so that an error names the command it answers.
// Cost: JSON.stringify for the rare ones; an append is put together from a fixed text, because
// stringify would scan the audio for characters that base64 cannot hold.
import type {
  RealtimeAudioFormats,
  RealtimeAudioInputTurnDetection,
  RealtimeClientEvent,
  RealtimeSessionCreateRequest,
} from "openai/resources/realtime/realtime";
import { assert } from "../assert.ts";
import { inDialect, type RealtimeDialect } from "./realtime-dialect.ts";
import type {
  ProviderTurnDetection,
  ResponseRequest,
  UpstreamFormat,
  UpstreamSession,
} from "../contract/upstream.ts";

const RATE_PCM_HZ = 24_000;
const RATE_G711_HZ = 8_000;

/** `audioBase64` must be base64 and nothing else; it goes onto the wire as it is. */
export function appendText(commandId: string, audioBase64: string): string {
  return `{"type":"input_audio_buffer.append","event_id":"${commandId}","audio":"${audioBase64}"}`;
}

export function commitText(commandId: string): string {
  return command({ type: "input_audio_buffer.commit", event_id: commandId });
}

export function clearInputText(commandId: string): string {
  return command({ type: "input_audio_buffer.clear", event_id: commandId });
}

/** The tag travels as metadata and comes back in response.created. */
export function respondText(
  commandId: string,
  request: ResponseRequest,
  dialect: RealtimeDialect,
): string {
  return commandIn(dialect, {
    type: "response.create",
    event_id: commandId,
    response: {
      output_modalities: ["audio"],
      metadata: { tag: request.tag },
      ...(request.instructions === "" ? {} : { instructions: request.instructions }),
    },
  });
}

export function cancelText(commandId: string, responseId: string): string {
  return command({
    type: "response.cancel",
    event_id: commandId,
    ...(responseId === "" ? {} : { response_id: responseId }),
  });
}

export function truncateText(
  commandId: string,
  itemId: string,
  contentIndex: number,
  audioEndMs: number,
): string {
  assert(Number.isInteger(audioEndMs), "audioEndMs must be whole milliseconds");
  return command({
    type: "conversation.item.truncate",
    event_id: commandId,
    item_id: itemId,
    content_index: contentIndex,
    audio_end_ms: audioEndMs,
  });
}

export function deleteItemText(commandId: string, itemId: string): string {
  return command({ type: "conversation.item.delete", event_id: commandId, item_id: itemId });
}

export function createMessageText(
  commandId: string,
  role: "user" | "system" | "assistant",
  text: string,
  dialect: RealtimeDialect,
): string {
  if (role === "assistant") {
    return commandIn(dialect, {
      type: "conversation.item.create",
      event_id: commandId,
      item: { type: "message", role, content: [{ type: "output_text", text }] },
    });
  }
  return command({
    type: "conversation.item.create",
    event_id: commandId,
    item: { type: "message", role, content: [{ type: "input_text", text }] },
  });
}

export function toolOutputText(commandId: string, toolCallId: string, output: string): string {
  return command({
    type: "conversation.item.create",
    event_id: commandId,
    item: { type: "function_call_output", call_id: toolCallId, output },
  });
}

/** Only the fields present in `change` are sent; `turnDetection: null` is sent as null (RT-01). */
export function sessionUpdateText(
  commandId: string,
  change: Partial<UpstreamSession>,
  dialect: RealtimeDialect,
): string {
  const session: RealtimeSessionCreateRequest = { type: "realtime", output_modalities: ["audio"] };
  if (change.instructions !== undefined) session.instructions = change.instructions;
  if (change.tools !== undefined) {
    session.tools = change.tools.map((tool) => ({ type: "function", ...tool }));
    session.tool_choice = "auto";
  }
  const input = sessionInput(change);
  const output = sessionOutput(change);
  if (input !== undefined || output !== undefined) {
    session.audio = {
      ...(input === undefined ? {} : { input }),
      ...(output === undefined ? {} : { output }),
    };
  }
  return commandIn(dialect, { type: "session.update", event_id: commandId, session });
}

type SessionAudio = NonNullable<RealtimeSessionCreateRequest["audio"]>;
type SessionInput = NonNullable<SessionAudio["input"]>;
type SessionOutput = NonNullable<SessionAudio["output"]>;

function sessionInput(change: Partial<UpstreamSession>): SessionInput | undefined {
  const input: SessionInput = {};
  if (change.format !== undefined) input.format = formatOf(change.format);
  if (change.turnDetection !== undefined) {
    input.turn_detection = turnDetectionOf(change.turnDetection);
  }
  if (change.transcriptionModel !== undefined) {
    const model = change.transcriptionModel;
    // Null switches it off; the package's type forgets that.
    const transcription = model === "" ? null : { model };
    input.transcription = transcription as NonNullable<typeof transcription>;
  }
  return Object.keys(input).length === 0 ? undefined : input;
}

function sessionOutput(change: Partial<UpstreamSession>): SessionOutput | undefined {
  const output: SessionOutput = {};
  if (change.format !== undefined) output.format = formatOf(change.format);
  if (change.voice !== undefined && change.voice !== "") output.voice = change.voice;
  return Object.keys(output).length === 0 ? undefined : output;
}

/** G.711 carries no rate field in this protocol; pcm is 24 kHz only. */
export function formatOf(format: UpstreamFormat): RealtimeAudioFormats {
  if (format.encoding === "pcm16") {
    assert(format.rateHz === RATE_PCM_HZ, "the Realtime API takes pcm16 at 24 kHz only");
    return { type: "audio/pcm", rate: RATE_PCM_HZ };
  }
  assert(format.rateHz === RATE_G711_HZ, "G.711 is 8 kHz");
  return { type: format.encoding === "mulaw" ? "audio/pcmu" : "audio/pcma" };
}

function turnDetectionOf(wanted: ProviderTurnDetection): RealtimeAudioInputTurnDetection | null {
  if (wanted === null) return null;
  const isServersTurn = !wanted.endsWith("_signal");
  return {
    type: wanted.startsWith("semantic_vad") ? "semantic_vad" : "server_vad",
    create_response: isServersTurn,
    interrupt_response: isServersTurn,
  };
}

function command(event: RealtimeClientEvent): string {
  return JSON.stringify(event);
}

function commandIn(dialect: RealtimeDialect, event: RealtimeClientEvent): string {
  return JSON.stringify(inDialect(dialect, event));
}
