// What a caller may send on /v1/stream, decoded by protobuf-es: everything but the plain audio
// message, which audio-frame-codec.ts reads, and in the JSON subprotocol that one too.
// Bad bytes are a result, never a throw (decision 18). Values are checked here against their own
// bounds; what an order or an engine allows is the transport's business.
import { type JsonValue, fromBinary, fromJson } from "@bufbuild/protobuf";
import {
  type ClientFrame,
  ClientFrameSchema,
  type Start,
  type Update,
} from "../../gen/voxbridge/v1/stream_pb.ts";
import type { LaneName, TurnDetection } from "../contract/call-terms.ts";
import type { CallerEncoding } from "../contract/core.ts";
import {
  CALLER_INSTRUCTIONS_BYTES_MAX,
  CALLER_TOKEN_BYTES_MAX,
  DTMF_DIGITS_MAX,
  END_REASON_BYTES_MAX,
  GREETING_BYTES_MAX,
  METADATA_BYTES_MAX,
  METADATA_ENTRIES_MAX,
  NAME_BYTES_MAX,
  TEXT_BYTES_MAX,
  WIRE_DEPTH_MAX,
} from "../limits.ts";
import { encodingName, laneName, turnDetectionName } from "./wire-names.ts";

/** A start as it was asked for. undefined: left out. `problem`: a field is beyond its bound. */
export interface StartMessage {
  readonly kind: "start";
  /** undefined: left out or unknown, either is refused. */
  readonly encoding: CallerEncoding | undefined;
  readonly rateHz: number;
  readonly channels: number;
  readonly lane: LaneName | undefined;
  readonly turnDetection: TurnDetection | undefined;
  readonly voice: string | undefined;
  readonly instructions: string | undefined;
  readonly greeting: string | undefined;
  readonly isGreetingProtected: boolean;
  readonly vadEngine: string | undefined;
  readonly metadata: ReadonlyMap<string, string>;
  readonly callerToken: string | undefined;
  /** What to tell the caller when a field is out of bounds or an enum unknown. */
  readonly problem: string | undefined;
}

/**
 * One decoded message. `unknown`: valid, but of a kind this version does not know.
 * `refused`: its value is out of bounds; told to the caller, the call goes on.
 * `undecodable`: these are not the schema's bytes.
 */
export type ClientMessage =
  | StartMessage
  | {
      readonly kind: "audio";
      readonly sequence: number;
      readonly captureMs: number;
      readonly data: Uint8Array;
    }
  | {
      readonly kind: "played";
      readonly item: number;
      readonly samples: number;
      readonly generation: number;
    }
  | { readonly kind: "interrupt" }
  | { readonly kind: "end_of_turn" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "dtmf"; readonly digits: string }
  | {
      readonly kind: "update";
      readonly lane: LaneName | undefined;
      readonly turnDetection: TurnDetection | undefined;
    }
  | { readonly kind: "end"; readonly reason: string }
  | { readonly kind: "refused"; readonly code: RefusedCode; readonly message: string }
  | { readonly kind: "unknown" }
  | { readonly kind: "undecodable" };

export type RefusedCode = "text_invalid" | "dtmf_invalid" | "update_invalid";

const UNKNOWN: ClientMessage = { kind: "unknown" };
const UNDECODABLE: ClientMessage = { kind: "undecodable" };
const DIGITS = /^[0-9*#A-D]+$/;

/** One binary message of `voxbridge.v1.proto`. Audio comes back as a view of `bytes`. */
export function decodeClientFrame(bytes: Uint8Array): ClientMessage {
  try {
    return messageOf(fromBinary(ClientFrameSchema, bytes, { recursionLimit: WIRE_DEPTH_MAX }));
  } catch {
    // Whatever protobuf-es finds wrong, the caller sent it; the close code 1007 is the answer.
    return UNDECODABLE;
  }
}

/** One text message of `voxbridge.v1.json`. */
export function decodeClientJson(text: string): ClientMessage {
  try {
    const json = JSON.parse(text) as JsonValue;
    const options = { ignoreUnknownFields: true, recursionLimit: WIRE_DEPTH_MAX };
    return messageOf(fromJson(ClientFrameSchema, json, options));
  } catch {
    return UNDECODABLE;
  }
}

function messageOf(frame: ClientFrame): ClientMessage {
  const { message } = frame;
  switch (message.case) {
    case "audio": {
      const { sequence, captureMs, data } = message.value;
      return { kind: "audio", sequence, captureMs, data };
    }
    case "played": {
      const { item, samples, generation } = message.value;
      return { kind: "played", item, samples, generation };
    }
    case "start":
      return startOf(message.value);
    case "interrupt":
      return { kind: "interrupt" };
    case "endOfTurn":
      return { kind: "end_of_turn" };
    case "text":
      return textOf(message.value.text);
    case "dtmf":
      return dtmfOf(message.value.digits);
    case "update":
      return updateOf(message.value);
    case "end":
      return endOf(message.value.reason);
    case undefined:
      return UNKNOWN;
  }
}

function startOf(start: Start): StartMessage {
  return {
    kind: "start",
    encoding: encodingName(start.encoding),
    rateHz: start.sampleRateHz,
    channels: start.channels === 0 ? 1 : start.channels,
    lane: laneName(start.lane),
    turnDetection: turnDetectionName(start.turnDetection),
    voice: filled(start.voice),
    instructions: filled(start.instructions),
    greeting: filled(start.greeting),
    isGreetingProtected: start.greetingProtected,
    vadEngine: filled(start.vadEngine),
    metadata: new Map(Object.entries(start.metadata)),
    callerToken: filled(start.callerToken),
    problem: startProblem(start),
  };
}

/** The first field of a start that is out of bounds, as a sentence; undefined: none. */
function startProblem(start: Start): string | undefined {
  if (start.lane !== 0 && laneName(start.lane) === undefined) {
    return "Cannot start: lane is unknown, must be FAST or BIG";
  }
  if (start.turnDetection !== 0 && turnDetectionName(start.turnDetection) === undefined) {
    return "Cannot start: turn_detection is unknown, must be one of TurnDetection in the schema";
  }
  const texts = [
    ["voice", start.voice, NAME_BYTES_MAX],
    ["vad_engine", start.vadEngine, NAME_BYTES_MAX],
    ["instructions", start.instructions, CALLER_INSTRUCTIONS_BYTES_MAX],
    ["greeting", start.greeting, GREETING_BYTES_MAX],
    ["caller_token", start.callerToken, CALLER_TOKEN_BYTES_MAX],
  ] as const;
  for (const [name, value, bytesMax] of texts) {
    const bytes = Buffer.byteLength(value);
    if (bytes > bytesMax) {
      return `Cannot start: ${name} is ${bytes} bytes, must be at most ${bytesMax}`;
    }
  }
  const entries = Object.entries(start.metadata);
  if (entries.length > METADATA_ENTRIES_MAX) {
    return `Cannot start: metadata has ${entries.length} entries, must be at most ${METADATA_ENTRIES_MAX}`;
  }
  let bytes = 0;
  for (const [key, value] of entries) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (bytes > METADATA_BYTES_MAX) {
    return `Cannot start: metadata is ${bytes} bytes, must be at most ${METADATA_BYTES_MAX}`;
  }
  return undefined;
}

function textOf(text: string): ClientMessage {
  const bytes = Buffer.byteLength(text);
  if (bytes > 0 && bytes <= TEXT_BYTES_MAX) return { kind: "text", text };
  const message = `Cannot take text: it is ${bytes} bytes, must be 1 to ${TEXT_BYTES_MAX}`;
  return { kind: "refused", code: "text_invalid", message };
}

function dtmfOf(digits: string): ClientMessage {
  if (digits.length <= DTMF_DIGITS_MAX && DIGITS.test(digits)) return { kind: "dtmf", digits };
  const message = `Cannot take dtmf: must be 1 to ${DTMF_DIGITS_MAX} of 0-9, *, # and A-D`;
  return { kind: "refused", code: "dtmf_invalid", message };
}

function updateOf(update: Update): ClientMessage {
  const lane = laneName(update.lane);
  const turnDetection = turnDetectionName(update.turnDetection);
  const isLaneKnown = update.lane === 0 || lane !== undefined;
  const isTurnDetectionKnown = update.turnDetection === 0 || turnDetection !== undefined;
  if (isLaneKnown && isTurnDetectionKnown) return { kind: "update", lane, turnDetection };
  const message = "Cannot update: lane or turn_detection is unknown, must be one of the schema";
  return { kind: "refused", code: "update_invalid", message };
}

function endOf(reason: string): ClientMessage {
  // A call that shall end ends; an overlong reason is only shortened.
  return { kind: "end", reason: reason.slice(0, END_REASON_BYTES_MAX) };
}

function filled(text: string): string | undefined {
  return text === "" ? undefined : text;
}
