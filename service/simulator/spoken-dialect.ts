// The simulator in other dialects of the protocol: commands are brought into the documented form
// before they are checked, events into the client's form before they are sent.
// Source: protocols.md 1.1, 1.4, 1.7; the client's side is wire/realtime-dialect.ts.
// `beta` is chosen by the client's header, as on the real server; `mixed` by an option, since no
// server says so on the wire. What does not belong to a dialect is refused, not forgiven.
import { type Fields, fieldsOf } from "../wire/json-fields.ts";
import type { RealtimeDialect } from "../wire/realtime-dialect.ts";

/** Fields of a session that are the same everywhere. */
const SHARED = new Set(["model", "instructions", "tools", "tool_choice", "tracing", "prompt"]);

const FORMATS: ReadonlyMap<unknown, Fields> = new Map([
  ["pcm16", { type: "audio/pcm", rate: 24_000 }],
  ["g711_ulaw", { type: "audio/pcmu" }],
  ["g711_alaw", { type: "audio/pcma" }],
]);

const BETA_EVENTS: ReadonlyMap<unknown, string> = new Map([
  ["response.output_audio.delta", "response.audio.delta"],
  ["response.output_audio.done", "response.audio.done"],
  ["response.output_audio_transcript.delta", "response.audio_transcript.delta"],
  ["response.output_audio_transcript.done", "response.audio_transcript.done"],
  ["response.output_text.delta", "response.text.delta"],
  ["response.output_text.done", "response.text.done"],
  ["conversation.item.added", "conversation.item.created"],
]);

/** A client's message, as a documented one would be. Text that is no JSON stays as it is. */
export function fromDialect(dialect: RealtimeDialect, text: string): string {
  if (dialect === "ga") return text;
  const command = parsed(text);
  if (command === undefined) return text;
  const session = fieldsOf(command["session"]);
  if (session !== undefined) {
    const documented = dialect === "beta" ? fromFlat(session) : fromMixed(session);
    return JSON.stringify({ ...command, session: documented });
  }
  return dialect === "beta" ? JSON.stringify(fromBeta(command)) : text;
}

/** An event's text as that client expects it; undefined: the dialect has no such event. */
export function toDialect(dialect: RealtimeDialect, text: string): string | undefined {
  if (dialect === "ga") return text;
  const event = parsed(text) ?? {};
  const session = fieldsOf(event["session"]);
  if (session !== undefined) {
    const shown = dialect === "beta" ? toFlat(session) : toMixed(session);
    return JSON.stringify({ ...event, session: shown });
  }
  if (dialect !== "beta") return text;
  if (event["type"] === "conversation.item.done") return undefined;
  return JSON.stringify({ ...event, type: BETA_EVENTS.get(event["type"]) ?? event["type"] });
}

function fromFlat(session: Fields): Fields {
  const {
    modalities,
    voice,
    input_audio_format: inputFormat,
    output_audio_format: outputFormat,
    input_audio_transcription: transcription,
    turn_detection: turnDetection,
    max_response_output_tokens: tokensMax,
    ...rest
  } = session;
  const shared = Object.entries(rest).filter(([key]) => SHARED.has(key));
  const strange = Object.entries(rest).filter(([key]) => !SHARED.has(key));
  return defined({
    type: "realtime",
    ...Object.fromEntries(shared),
    ...(strange.length > 0 && { beta: Object.fromEntries(strange) }),
    output_modalities: modalitiesOf(modalities),
    max_output_tokens: tokensMax,
    audio: {
      input: defined({
        format: FORMATS.get(inputFormat) ?? inputFormat,
        transcription,
        turn_detection: turnDetection,
      }),
      output: defined({ format: FORMATS.get(outputFormat) ?? outputFormat, voice }),
    },
  });
}

function toFlat(session: Fields): Fields {
  const { type: _type, output_modalities: _modalities, audio, ...rest } = session;
  const input = fieldsOf(fieldsOf(audio)?.["input"]) ?? {};
  const output = fieldsOf(fieldsOf(audio)?.["output"]) ?? {};
  return {
    ...rest,
    modalities: ["audio", "text"],
    voice: output["voice"],
    input_audio_format: betaFormat(input["format"]),
    output_audio_format: betaFormat(output["format"]),
    input_audio_transcription: input["transcription"],
    turn_detection: input["turn_detection"],
  };
}

/** In this dialect they have no other place. */
function fromMixed(session: Fields): Fields {
  const { turn_detection: turnDetection, voice, ...rest } = session;
  const audio = fieldsOf(session["audio"]);
  const input = fieldsOf(audio?.["input"]) ?? {};
  const output = fieldsOf(audio?.["output"]) ?? {};
  const isNested = "turn_detection" in input || "voice" in output;
  return {
    ...rest,
    ...(isNested && { mixed: "voice and turn_detection stand at the top" }),
    audio: {
      input: defined({ ...input, turn_detection: turnDetection }),
      output: defined({ ...output, voice }),
    },
  };
}

function toMixed(session: Fields): Fields {
  const audio = fieldsOf(session["audio"]);
  const { turn_detection: turnDetection, ...input } = fieldsOf(audio?.["input"]) ?? {};
  const { voice, ...output } = fieldsOf(audio?.["output"]) ?? {};
  return { ...session, turn_detection: turnDetection, voice, audio: { input, output } };
}

function fromBeta(command: Fields): Fields {
  const response = fieldsOf(command["response"]);
  if (response !== undefined) {
    const { modalities, output_modalities: strange, ...rest } = response;
    const documented = { ...rest, output_modalities: modalitiesOf(modalities) };
    return { ...command, response: defined({ ...documented, beta: strange }) };
  }
  const item = fieldsOf(command["item"]);
  if (item === undefined || !Array.isArray(item["content"])) return command;
  const content = item["content"].map((part: unknown) => {
    const fields = fieldsOf(part) ?? {};
    if (fields["type"] === "output_text") return { ...fields, type: "output_text of beta" };
    return fields["type"] === "text" ? { ...fields, type: "output_text" } : fields;
  });
  return { ...command, item: { ...item, content } };
}

/** Beta asks for text beside the audio; here audio always comes with its words. */
function modalitiesOf(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.includes("audio") ? ["audio"] : value;
}

function betaFormat(format: unknown): unknown {
  const type = fieldsOf(format)?.["type"];
  for (const [name, documented] of FORMATS) if (documented["type"] === type) return name;
  return type;
}

function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function parsed(text: string): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}
