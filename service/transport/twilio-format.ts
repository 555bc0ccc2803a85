// What a phone platform's `start` asks for, in our words.
import type { CallRequest } from "../contract/transport.ts";
import type { CallerEncoding, CallerRateHz } from "../contract/core.ts";
import { METADATA_BYTES_MAX, METADATA_ENTRIES_MAX, TWILIO_RATE_HZ } from "../limits.ts";

export interface PhoneFormat {
  readonly encoding: CallerEncoding;
  readonly rateHz: CallerRateHz;
}

/** Twilio's own, and what is assumed at the webhook, before `start` has said it. */
export const PHONE_FORMAT: PhoneFormat = { encoding: "mulaw", rateHz: TWILIO_RATE_HZ };

/** The close reason for any other format. */
export const TWILIO_FORMATS_ALLOWED =
  "start refused, allowed: audio/x-mulaw or audio/x-alaw 8000 Hz, audio/x-l16 8000 16000 24000 Hz, mono";

const ENCODINGS: ReadonlyMap<string, CallerEncoding> = new Map([
  ["audio/x-mulaw", "mulaw"],
  ["audio/x-alaw", "alaw"],
  // Little endian, as the platforms that offer it on this protocol send it.
  ["audio/x-l16", "pcm16"],
  ["audio/l16", "pcm16"],
]);
const LINEAR_RATES_HZ: readonly CallerRateHz[] = [8000, 16000, 24000];

interface MediaFormat {
  readonly encoding: string;
  readonly rateHz: number;
  readonly channels: number;
}

/** -> null when we do not speak it. */
export function twilioFormat(wanted: MediaFormat): PhoneFormat | null {
  const encoding = ENCODINGS.get(wanted.encoding.toLowerCase());
  if (encoding === undefined || wanted.channels !== 1) return null;
  const rates: readonly CallerRateHz[] = encoding === "pcm16" ? LINEAR_RATES_HZ : [TWILIO_RATE_HZ];
  const rateHz = rates.find((rate) => rate === wanted.rateHz);
  return rateHz === undefined ? null : { encoding, rateHz };
}

/**
 * A phone call's request: everything but its audio format is the configured route's. Parameters of
 * the TwiML go into the metadata, beside `call_sid`. -> null when there are too many of them.
 */
export function phoneRequest(
  callSid: string,
  format: PhoneFormat,
  customParameters: ReadonlyMap<string, string>,
): CallRequest | null {
  let bytes = 0;
  for (const [name, value] of customParameters) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (customParameters.size > METADATA_ENTRIES_MAX || bytes > METADATA_BYTES_MAX) return null;
  return {
    transport: "twilio",
    encoding: format.encoding,
    rateHz: format.rateHz,
    channels: 1,
    lane: undefined,
    turnDetection: undefined,
    voice: undefined,
    instructions: undefined,
    greeting: undefined,
    isGreetingProtected: undefined,
    vadEngine: undefined,
    metadata: new Map([...customParameters, ["call_sid", callSid]]),
    callerToken: undefined,
    keyId: "",
  };
}
