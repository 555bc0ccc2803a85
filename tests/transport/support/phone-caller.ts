// Twilio's side of a Media Streams socket, and its webhook, for tests: messages in Twilio's exact
// writing, signatures made with the auth token as Twilio makes them.
import { twilioSignature } from "../../../service/transport/twilio-signature.ts";
import { type SocketCaller, dialSocket } from "./stream-caller.ts";

export const AUTH_TOKEN = "test-auth-token-0123456789abcdef";
export const PUBLIC_URL = "https://voice.example.com";
export const CALL_SID = `CA${"0123456789abcdef".repeat(2)}`;
export const STREAM_SID = `MZ${"fedcba9876543210".repeat(2)}`;

/** What a test changes about the start. */
export interface StartFields {
  readonly callSid?: string;
  readonly mediaFormat?: { encoding: string; sampleRate: number; channels: number };
  readonly customParameters?: Record<string, string>;
}

export function phoneStart(fields: StartFields = {}): string {
  return JSON.stringify({
    event: "start",
    sequenceNumber: "1",
    start: {
      accountSid: "AC00000000000000000000000000000000",
      streamSid: STREAM_SID,
      callSid: CALL_SID,
      tracks: ["inbound"],
      mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
      customParameters: {},
      ...fields,
    },
    streamSid: STREAM_SID,
  });
}

export function phoneMedia(chunk: number, timestampMs: number, payload: string): string {
  return (
    `{"event":"media","sequenceNumber":"${chunk + 1}","media":{"track":"inbound",` +
    `"chunk":"${chunk}","timestamp":"${timestampMs}","payload":"${payload}"},` +
    `"streamSid":"${STREAM_SID}"}`
  );
}

export function phoneDtmf(digit: string): string {
  const dtmf = { track: "inbound_track", digit };
  return JSON.stringify({ event: "dtmf", sequenceNumber: "5", streamSid: STREAM_SID, dtmf });
}

export function phoneMark(name: string): string {
  return JSON.stringify({
    event: "mark",
    sequenceNumber: "4",
    streamSid: STREAM_SID,
    mark: { name },
  });
}

export function phoneStop(): string {
  const stop = { accountSid: "AC00000000000000000000000000000000", callSid: CALL_SID };
  return JSON.stringify({ event: "stop", sequenceNumber: "9", stop, streamSid: STREAM_SID });
}

/** A 20 ms µ-law chunk whose bytes are all `value`. */
export function phonePayload(value: number): string {
  return Buffer.alloc(160, value).toString("base64");
}

/** Dials the plain path and starts; resolves once the start has been sent. */
export async function dialPhone(port: number, fields: StartFields = {}): Promise<SocketCaller> {
  const caller = await dialSocket(`ws://127.0.0.1:${port}/twilio/media`);
  caller.socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
  caller.socket.send(phoneStart(fields));
  return caller;
}

/** Calls a webhook as Twilio does. Fields given with `signature` replace the right ones. */
export function postWebhook(
  port: number,
  parameters: Record<string, string>,
  options: { path?: string; signature?: string | null } = {},
): Promise<Response> {
  const path = options.path ?? "/twilio/voice";
  const signed = new Map(Object.entries(parameters).map(([name, value]) => [name, [value]]));
  const signature =
    options.signature === undefined
      ? twilioSignature(AUTH_TOKEN, PUBLIC_URL + path, signed)
      : options.signature;
  const headers: Record<string, string> = { "content-type": "application/x-www-form-urlencoded" };
  if (signature !== null) headers["x-twilio-signature"] = signature;
  const body = new URLSearchParams(parameters).toString();
  return fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body });
}

/** The media stream's path in a TwiML answer. */
export function streamPath(twiml: string): string {
  const path = /<Stream url="wss:\/\/voice\.example\.com(\/[^"]*)"/.exec(twiml)?.[1];
  if (path === undefined) throw new Error(`No stream in ${twiml}`);
  return path;
}

/** The upgrade's headers as Twilio sends them. */
export function upgradeHeaders(path: string): Record<string, string> {
  const url = `wss://voice.example.com${path}`;
  return { "x-twilio-signature": twilioSignature(AUTH_TOKEN, url, new Map()) };
}
