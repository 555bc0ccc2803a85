// What a Realtime API server says its session is, as far as a call depends on it: who detects
// turns and which audio formats hold. `session.updated` carries it; checking it is decision 6.
// Source: protocols.md 1.2; the flat fields of the beta protocol are read too.
import type { RealtimeSessionCreateRequest } from "openai/resources/realtime/realtime";
import { fieldsOf, type Inside, numberOf, textOf } from "./json-fields.ts";

/** `type` "" means: the server did not say. rateHz 0 likewise. */
export interface FormatEcho {
  readonly type: string;
  readonly rateHz: number;
}

export interface SessionEcho {
  readonly model: string;
  /** "absent" when the server did not say, "none" for null, else the detector's type. */
  readonly turnDetection: string;
  readonly isResponseCreatedByServer: boolean;
  readonly isInterruptedByServer: boolean;
  /** Seconds since 1970 at which the provider ends the session; 0 when it did not say. */
  readonly expiresAtSeconds: number;
  readonly inputFormat: FormatEcho;
  readonly outputFormat: FormatEcho;
}

/** Reads the `session` of session.created and session.updated. */
export function readSessionEcho(value: unknown): SessionEcho {
  const session = fieldsOf(value) ?? {};
  const current: Inside<RealtimeSessionCreateRequest> = session;
  const audio = fieldsOf(current.audio);
  const input = fieldsOf(audio?.["input"]);
  const output = fieldsOf(audio?.["output"]);
  const turnDetection = input?.["turn_detection"] ?? undefined;
  const isNull = input?.["turn_detection"] === null || session["turn_detection"] === null;
  const detection = fieldsOf(turnDetection ?? session["turn_detection"]);
  const absent = isNull ? "none" : "absent";
  return {
    model: textOf(current.model),
    turnDetection: detection === undefined ? absent : textOf(detection["type"]),
    // The server's own defaults are true, so only a spoken false counts.
    isResponseCreatedByServer: detection !== undefined && detection["create_response"] !== false,
    isInterruptedByServer: detection !== undefined && detection["interrupt_response"] !== false,
    expiresAtSeconds: numberOf(session["expires_at"]),
    inputFormat: readFormat(input?.["format"] ?? session["input_audio_format"]),
    outputFormat: readFormat(output?.["format"] ?? session["output_audio_format"]),
  };
}

/** Names of the beta protocol, where a format was a plain text. */
const BETA_FORMATS: ReadonlyMap<string, FormatEcho> = new Map([
  ["pcm16", { type: "audio/pcm", rateHz: 24_000 }],
  ["g711_ulaw", { type: "audio/pcmu", rateHz: 0 }],
  ["g711_alaw", { type: "audio/pcma", rateHz: 0 }],
]);

function readFormat(value: unknown): FormatEcho {
  if (typeof value === "string") return BETA_FORMATS.get(value) ?? { type: value, rateHz: 0 };
  const format = fieldsOf(value);
  return { type: textOf(format?.["type"]), rateHz: numberOf(format?.["rate"]) };
}
