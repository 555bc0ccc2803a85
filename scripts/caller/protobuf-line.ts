// The dialect of `WS /v1/stream` by the generated code alone: an independent reading of the schema
// beside the service's own codecs. Binary messages, or the same as JSON text.
import { create, fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Start } from "../../gen/voxbridge/v1/stream_pb.ts";
import {
  ClientFrameSchema,
  Encoding,
  ServerFrameSchema,
} from "../../gen/voxbridge/v1/stream_pb.ts";
import type { AudioFormat } from "./audio-format.ts";
import type { Line, LineEvent, LineMessage } from "./line.ts";

const SUBPROTOCOL = { binary: "voxbridge.v1.proto", json: "voxbridge.v1.json" } as const;

export type StreamForm = keyof typeof SUBPROTOCOL;

/** Fields of Start beside the format: lane, greeting, instructions, metadata and so on. */
export type StartFields = Partial<
  Omit<Start, "$typeName" | "$unknown" | "encoding" | "sampleRateHz" | "channels">
>;

const ENCODING = {
  pcm16: Encoding.PCM16,
  f32: Encoding.F32,
  mulaw: Encoding.MULAW,
  alaw: Encoding.ALAW,
} as const;

export function createProtobufLine(
  format: AudioFormat,
  start: StartFields = {},
  form: StreamForm = "binary",
): Line {
  const encode = form === "binary" ? encodeBinary : encodeJson;
  let sequence = 0;
  return {
    name: "protobuf",
    format,
    subprotocols: [SUBPROTOCOL[form]],
    isProgressReported: true,
    isClosedByCaller: false,
    opening: () => [
      encode({
        case: "start",
        value: {
          ...start,
          encoding: ENCODING[format.encoding],
          sampleRateHz: format.rateHz,
          channels: format.channels,
        },
      }),
    ],
    audio(data, captureMs) {
      const message = encode({ case: "audio", value: { sequence, captureMs, data: own(data) } });
      sequence += 1;
      return message;
    },
    lose() {
      sequence += 1;
    },
    digits: (digits) => [encode({ case: "dtmf", value: { digits } })],
    closing: (reason) => [encode({ case: "end", value: { reason } })],
    played: (item, samples, generation) =>
      encode({ case: "played", value: { item, samples, generation } }),
    markEcho() {
      throw new Error("Cannot echo a mark: this dialect has none");
    },
    text: (text) => encode({ case: "text", value: { text } }),
    interrupt: () => encode({ case: "interrupt", value: {} }),
    endOfTurn: () => encode({ case: "endOfTurn", value: {} }),
    update: (change) => encode({ case: "update", value: change }),
    read: readServerFrame,
  };
}

type ClientMessage = Extract<
  NonNullable<MessageInitShape<typeof ClientFrameSchema>["message"]>,
  { value?: unknown }
>;

function encodeBinary(message: ClientMessage): LineMessage {
  return toBinary(ClientFrameSchema, create(ClientFrameSchema, { message }));
}

function encodeJson(message: ClientMessage): LineMessage {
  return toJsonString(ClientFrameSchema, create(ClientFrameSchema, { message }));
}

/** The generated type wants bytes of its own, not of a shared buffer. */
function own(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data);
}

function readServerFrame(message: LineMessage): LineEvent {
  const { message: content } =
    typeof message === "string"
      ? fromJsonString(ServerFrameSchema, message)
      : fromBinary(ServerFrameSchema, message);
  if (content.case === undefined) return { kind: "unknown", text: "" };
  if (content.case === "clear") return { kind: "clear", generation: content.value.generation };
  if (content.case === "audio") {
    const { item, positionSamples, generation, data } = content.value;
    // A copy: the bytes are a view of the socket's message.
    return { kind: "audio", frame: { item, positionSamples, generation, data: own(data) } };
  }
  return { kind: "notice", notice: content };
}
