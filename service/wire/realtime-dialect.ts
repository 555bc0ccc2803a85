// Dialects of the Realtime protocol: how a command of ours is written for servers that speak an
// older or a mixed form of it. On the frame's way: between realtime-commands.ts and the text.
// Source: protocols.md 1.1 to 1.4 and 1.7. Events need no flag: both names of each are read
// (realtime-events.ts), and both places of each session field (realtime-session-echo.ts).
//
//   ga     as documented: session.type, audio.input and audio.output nested, output_modalities
//   beta   the preview protocol: flat session with input_audio_format and its like, modalities,
//          content of type "text"; asked for with the header OpenAI-Beta: realtime=v1
//   mixed  ga, but voice and turn_detection stand at the session's top
import type { RealtimeClientEvent } from "openai/resources/realtime/realtime";
import { fieldsOf } from "./json-fields.ts";

export type RealtimeDialect = "ga" | "beta" | "mixed";

type Written = Readonly<Record<string, unknown>>;

/** The command as that server wants it. An append is the same in all of them. */
export function inDialect(dialect: RealtimeDialect, event: RealtimeClientEvent): Written {
  const written = event as unknown as Written;
  if (dialect === "ga") return written;
  if (event.type === "session.update") {
    const session = fieldsOf(written["session"]) ?? {};
    return { ...written, session: dialect === "beta" ? flatSession(session) : mixed(session) };
  }
  if (dialect === "mixed") return written;
  if (event.type === "response.create") return { ...written, response: betaResponse(written) };
  return event.type === "conversation.item.create" ? betaItem(written) : written;
}

const BETA_FORMAT_OF: ReadonlyMap<unknown, string> = new Map([
  ["audio/pcm", "pcm16"],
  ["audio/pcmu", "g711_ulaw"],
  ["audio/pcma", "g711_alaw"],
]);

/** Only what is present is written; null stays null (RT-01). */
function flatSession(session: Written): Written {
  const { type: _type, output_modalities: _modalities, audio, ...rest } = session;
  const input = fieldsOf(fieldsOf(audio)?.["input"]) ?? {};
  const output = fieldsOf(fieldsOf(audio)?.["output"]) ?? {};
  return {
    ...rest,
    modalities: ["audio", "text"],
    ...present("input_audio_format", betaFormat(input["format"])),
    ...present("output_audio_format", betaFormat(output["format"])),
    ...present("input_audio_transcription", input["transcription"]),
    ...present("turn_detection", input["turn_detection"]),
    ...present("voice", output["voice"]),
  };
}

function mixed(session: Written): Written {
  const audio = fieldsOf(session["audio"]);
  if (audio === undefined) return session;
  const { turn_detection: turnDetection, ...input } = fieldsOf(audio["input"]) ?? {};
  const { voice, ...output } = fieldsOf(audio["output"]) ?? {};
  return {
    ...session,
    ...present("turn_detection", turnDetection),
    ...present("voice", voice),
    audio: { input, output },
  };
}

function betaResponse(written: Written): Written {
  const { output_modalities: _modalities, ...rest } = fieldsOf(written["response"]) ?? {};
  return { ...rest, modalities: ["audio", "text"] };
}

/** What an assistant said is of type "text" there. */
function betaItem(written: Written): Written {
  const item = fieldsOf(written["item"]) ?? {};
  if (!Array.isArray(item["content"])) return written;
  const content = item["content"].map((part: unknown) => {
    const fields = fieldsOf(part) ?? {};
    return fields["type"] === "output_text" ? { ...fields, type: "text" } : fields;
  });
  return { ...written, item: { ...item, content } };
}

function betaFormat(format: unknown): string | undefined {
  return BETA_FORMAT_OF.get(fieldsOf(format)?.["type"]);
}

function present(name: string, value: unknown): Written {
  return value === undefined ? {} : { [name]: value };
}
