// Twilio Media Streams messages, both ways: text frames of JSON, exact shapes as Twilio sends them.
// On the frame's way: first and last station of a phone call.
//
// Fifty `media` messages a second come in, always written the same way, so a fixed scanner reads
// them: no JSON.parse, no object but the payload's own string (a slice, not a copy). A message that
// is written differently, by another platform or another day's Twilio, is parsed as JSON instead;
// tests/wire compares the two. Outgoing messages are put together by concatenation.
// Source: Twilio's WebSocket message reference; numbers are strings there.
import { z } from "zod";

/** What a `media` message said; made once per connection and filled again and again. */
export interface TwilioMedia {
  /** Base64, not checked yet. */
  payload: string;
  /** Milliseconds of the stream at the payload's first sample. */
  timestampMs: number;
  /** Counts the track's messages from 1. */
  chunk: number;
}

export type TwilioMessage =
  | { readonly kind: "connected" }
  | {
      readonly kind: "start";
      readonly streamSid: string;
      readonly callSid: string;
      readonly encoding: string;
      readonly rateHz: number;
      readonly channels: number;
      readonly customParameters: ReadonlyMap<string, string>;
    }
  | {
      readonly kind: "media";
      readonly streamSid: string;
      readonly track: string;
      readonly chunk: number;
      readonly timestampMs: number;
      readonly payload: string;
    }
  | { readonly kind: "dtmf"; readonly streamSid: string; readonly digit: string }
  | { readonly kind: "mark"; readonly streamSid: string; readonly name: string }
  | { readonly kind: "stop"; readonly streamSid: string }
  | { readonly kind: "unknown" }
  | { readonly kind: "undecodable" };

/** -> a media record for scanTwilioMedia to fill. */
export function createTwilioMedia(): TwilioMedia {
  return { payload: "", timestampMs: 0, chunk: 0 };
}

const MEDIA_HEAD = '{"event":"media","sequenceNumber":"';
const MEDIA_TRACK = '","media":{"track":"inbound","chunk":"';
const MEDIA_TIMESTAMP = '","timestamp":"';
const MEDIA_PAYLOAD = '","payload":"';
const MEDIA_STREAM = '"},"streamSid":"';
const MEDIA_TAIL = '"}';
const DIGITS_MAX = 12;
const CODE_0 = 0x30;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

// The scanner's place: it never re-enters.
let cursor = 0;

/**
 * Reads an inbound `media` message of this stream in Twilio's own writing.
 * -> false when it is anything else: ask decodeTwilioMessage. Cost: one pass, one slice.
 */
export function scanTwilioMedia(message: string, streamSid: string, media: TwilioMedia): boolean {
  if (!message.startsWith(MEDIA_HEAD)) return false;
  cursor = MEDIA_HEAD.length;
  if (readDigits(message) < 0 || !readText(message, MEDIA_TRACK)) return false;
  const chunk = readDigits(message);
  if (chunk < 0 || !readText(message, MEDIA_TIMESTAMP)) return false;
  const timestampMs = readDigits(message);
  if (timestampMs < 0 || !readText(message, MEDIA_PAYLOAD)) return false;
  const payloadStart = cursor;
  const payloadEnd = message.indexOf('"', payloadStart);
  if (payloadEnd < 0) return false;
  cursor = payloadEnd;
  if (!readText(message, MEDIA_STREAM) || !readText(message, streamSid)) return false;
  if (!readText(message, MEDIA_TAIL) || cursor !== message.length) return false;
  const payload = message.slice(payloadStart, payloadEnd);
  // An escape such as \/ is JSON's to undo.
  if (payload.includes("\\")) return false;
  media.payload = payload;
  media.timestampMs = timestampMs;
  media.chunk = chunk;
  return true;
}

function readText(message: string, text: string): boolean {
  if (!message.startsWith(text, cursor)) return false;
  cursor += text.length;
  return true;
}

/** -> the number written at the cursor, or -1 when there is none. */
function readDigits(message: string): number {
  const start = cursor;
  let value = 0;
  while (cursor - start <= DIGITS_MAX) {
    const digit = message.charCodeAt(cursor) - CODE_0;
    // Past the end charCodeAt is NaN, which is no digit either.
    if (!(digit >= 0 && digit <= 9)) return cursor === start ? -1 : value;
    value = value * 10 + digit;
    cursor += 1;
  }
  return -1;
}

const sid = z.string().min(1).max(128);
const count = z.union([
  z.int().min(0).max(1e12),
  z
    .string()
    .regex(/^\d{1,12}$/)
    .transform(Number),
]);
const PARSERS = {
  start: z.object({
    streamSid: sid,
    start: z.object({
      callSid: sid,
      mediaFormat: z.object({ encoding: z.string().max(64), sampleRate: count, channels: count }),
      customParameters: z.record(z.string(), z.string()).optional(),
    }),
  }),
  media: z.object({
    streamSid: sid,
    media: z.object({
      track: z.string().max(32).default("inbound"),
      chunk: count,
      timestamp: count,
      payload: z.string(),
    }),
  }),
  dtmf: z.object({ streamSid: sid, dtmf: z.object({ digit: z.string().regex(/^[0-9*#A-D]$/) }) }),
  mark: z.object({ streamSid: sid, mark: z.object({ name: z.string().max(256) }) }),
  stop: z.object({ streamSid: sid }),
} as const;
const envelope = z.object({ event: z.string() });

/** Any message of Twilio's side, by JSON.parse. Bad ones are a result, never a throw. */
export function decodeTwilioMessage(text: string): TwilioMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The peer's bytes, answered with close code 1007.
    return { kind: "undecodable" };
  }
  const event = envelope.safeParse(json);
  if (!event.success) return { kind: "undecodable" };
  switch (event.data.event) {
    case "connected":
      return { kind: "connected" };
    case "start":
      return startOf(json);
    case "media":
      return mediaOf(json);
    case "dtmf": {
      const { data } = PARSERS.dtmf.safeParse(json);
      if (data === undefined) return { kind: "undecodable" };
      return { kind: "dtmf", streamSid: data.streamSid, digit: data.dtmf.digit };
    }
    case "mark": {
      const { data } = PARSERS.mark.safeParse(json);
      if (data === undefined) return { kind: "undecodable" };
      return { kind: "mark", streamSid: data.streamSid, name: data.mark.name };
    }
    case "stop": {
      const { data } = PARSERS.stop.safeParse(json);
      if (data === undefined) return { kind: "undecodable" };
      return { kind: "stop", streamSid: data.streamSid };
    }
    default:
      return { kind: "unknown" };
  }
}

function startOf(json: unknown): TwilioMessage {
  const { data } = PARSERS.start.safeParse(json);
  if (data === undefined) return { kind: "undecodable" };
  const { callSid, mediaFormat, customParameters } = data.start;
  return {
    kind: "start",
    streamSid: data.streamSid,
    callSid,
    encoding: mediaFormat.encoding,
    rateHz: mediaFormat.sampleRate,
    channels: mediaFormat.channels,
    customParameters: new Map(Object.entries(customParameters ?? {})),
  };
}

function mediaOf(json: unknown): TwilioMessage {
  const { data } = PARSERS.media.safeParse(json);
  if (data === undefined) return { kind: "undecodable" };
  const { track, chunk, timestamp, payload } = data.media;
  return {
    kind: "media",
    streamSid: data.streamSid,
    track,
    chunk,
    timestampMs: timestamp,
    payload,
  };
}

/**
 * Bytes that a base64 text holds, or -1 when it is not base64: Buffer.from would decode garbage
 * without a word (threat T16).
 */
export function base64Bytes(payload: string): number {
  const { length } = payload;
  if (length === 0 || length % 4 !== 0 || !BASE64.test(payload)) return -1;
  const padding = payload.endsWith("==") ? 2 : payload.endsWith("=") ? 1 : 0;
  return (length / 4) * 3 - padding;
}

/** Writes one stream's outgoing messages: media, mark and clear are all that Twilio takes. */
export interface TwilioWriter {
  /** `audio` is copied into the text. Cost: the text. */
  media(audio: Uint8Array): string;
  mark(name: string): string;
  readonly clear: string;
}

export function createTwilioWriter(streamSid: string): TwilioWriter {
  const stream = `"streamSid":${JSON.stringify(streamSid)}`;
  const mediaHead = `{"event":"media",${stream},"media":{"payload":"`;
  const markHead = `{"event":"mark",${stream},"mark":{"name":`;
  return {
    media: (audio) => `${mediaHead}${audio.toBase64()}"}}`,
    mark: (name) => `${markHead}${JSON.stringify(name)}}}`,
    clear: `{"event":"clear",${stream}}`,
  };
}

/** What a mark says when it comes back: `samples` of `item` have been played. */
export interface TwilioMark {
  readonly item: number;
  readonly samples: number;
  readonly generation: number;
}

const MARK = /^vb:(\d{1,10}):(\d{1,10}):(\d{1,10})$/;

/** The whole fact is in the name, so no table of pending marks can overflow. */
export function markName({ item, samples, generation }: TwilioMark): string {
  return `vb:${generation}:${item}:${samples}`;
}

/** -> null: not one of our marks. */
export function parseMarkName(name: string): TwilioMark | null {
  const [, generation, item, samples] = MARK.exec(name) ?? [];
  if (samples === undefined) return null;
  return { item: Number(item), samples: Number(samples), generation: Number(generation) };
}
