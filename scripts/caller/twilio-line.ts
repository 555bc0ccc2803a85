// The dialect of Twilio Media Streams, the telephone network's side of it.
// Numbers travel as strings; sequenceNumber counts every message from `start` = 1, chunk counts
// media from 1, timestamp is media time in ms since the stream began.
// Source: Twilio "Media Streams - WebSocket Messages"; what was not seen in a live call is marked
// in docs/call.md.
import type { AudioFormat } from "./audio-format.ts";
import type { Line, LineEvent, LineMessage } from "./line.ts";

export interface TwilioCallIds {
  readonly accountSid: string;
  readonly callSid: string;
  readonly streamSid: string;
  readonly customParameters: Readonly<Record<string, string>>;
}

const FORMAT: AudioFormat = { encoding: "mulaw", rateHz: 8000, channels: 1 };

export function createTwilioLine(ids: TwilioCallIds): Line {
  const { streamSid, callSid, accountSid } = ids;
  let sequenceLast = 0;
  let chunkLast = 0;
  let heardSamples = 0;
  let generation = 0;

  const message = (event: string, body: Readonly<Record<string, unknown>>): LineMessage => {
    sequenceLast += 1;
    return JSON.stringify({ event, sequenceNumber: String(sequenceLast), ...body, streamSid });
  };
  return {
    name: "twilio",
    format: FORMAT,
    subprotocols: [],
    isProgressReported: false,
    isClosedByCaller: true,
    opening: () => [
      JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" }),
      message("start", {
        start: {
          accountSid,
          streamSid,
          callSid,
          tracks: ["inbound"],
          mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
          customParameters: ids.customParameters,
        },
      }),
    ],
    audio(data, captureMs) {
      chunkLast += 1;
      return message("media", {
        media: {
          track: "inbound",
          chunk: String(chunkLast),
          timestamp: String(captureMs),
          payload: Buffer.from(data).toString("base64"),
        },
      });
    },
    lose() {
      chunkLast += 1;
    },
    digits: (digits) =>
      Array.from(digits, (digit) => message("dtmf", { dtmf: { track: "inbound_track", digit } })),
    closing: () => [message("stop", { stop: { accountSid, callSid } })],
    played() {
      throw new Error("Cannot report progress: this dialect echoes marks");
    },
    markEcho: (name) => message("mark", { mark: { name } }),
    text: () => null,
    interrupt: () => null,
    endOfTurn: () => null,
    update: () => null,
    read(text) {
      const event = readTwilio(text, streamSid, heardSamples, generation);
      if (event.kind === "audio") heardSamples += event.frame.data.byteLength;
      if (event.kind === "clear") generation = event.generation;
      return event;
    },
  };
}

/**
 * Twilio takes media, mark and clear of this very stream and nothing else (error 31924), as text
 * (31950). Its messages carry no item: one running position serves, item is 0.
 */
function readTwilio(
  text: LineMessage,
  streamSid: string,
  positionSamples: number,
  generation: number,
): LineEvent {
  if (typeof text !== "string") return { kind: "unknown", text: "binary message" };
  const message: unknown = JSON.parse(text);
  if (field(message, "streamSid") !== streamSid) return { kind: "unknown", text };
  const event = field(message, "event");
  if (event === "clear") return { kind: "clear", generation: generation + 1 };
  const name = field(field(message, "mark"), "name");
  if (event === "mark" && typeof name === "string") return { kind: "mark", name };
  const payload = field(field(message, "media"), "payload");
  if (event !== "media" || typeof payload !== "string") return { kind: "unknown", text };
  const data = new Uint8Array(Buffer.from(payload, "base64"));
  return { kind: "audio", frame: { item: 0, positionSamples, generation, data } };
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}
