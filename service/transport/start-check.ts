// Is this start one that we can serve? What the caller asked for becomes a CallRequest, or a
// sentence that says what is allowed (close code 4400).
import type { LaneName } from "../contract/call-terms.ts";
import type { CallRequest } from "../contract/transport.ts";
import type { CallerEncoding, CallerRateHz } from "../contract/core.ts";
import type { StartMessage } from "../wire/client-frame.ts";

export const CALLER_RATES_HZ: readonly CallerRateHz[] = [8000, 16000, 22050, 24000, 44100, 48000];
const PHONE_RATE_HZ = 8000;

interface StartSource {
  readonly transport: "protobuf" | "json";
  readonly keyId: string;
  readonly lanes: readonly LaneName[];
}

/** The close reason: everything allowed in 123 bytes. */
export function startAllowed(lanes: readonly LaneName[]): string {
  return (
    "start refused, allowed: pcm16 f32 mulaw alaw; 8000 16000 22050 24000 44100 48000 Hz; " +
    `1-2 channels; lane ${lanes.join(" ")}`
  );
}

/** -> the request, or why the start is refused. */
export function checkStart(start: StartMessage, source: StartSource): CallRequest | string {
  if (start.problem !== undefined) return start.problem;
  const { encoding, channels, lane } = start;
  if (encoding === undefined) {
    return "Cannot start: encoding is missing or unknown, must be PCM16, F32, MULAW or ALAW";
  }
  const rateHz = CALLER_RATES_HZ.find((rate) => rate === start.rateHz);
  if (rateHz === undefined) {
    const rates = CALLER_RATES_HZ.join(", ");
    return `Cannot start: sample_rate_hz is ${start.rateHz}, must be one of ${rates}`;
  }
  if (channels !== 1 && channels !== 2) {
    return `Cannot start: channels is ${channels}, must be 1 or 2`;
  }
  const isPhone = encoding === "mulaw" || encoding === "alaw";
  if (isPhone && (rateHz !== PHONE_RATE_HZ || channels !== 1)) {
    return `Cannot start: ${encoding} is ${rateHz} Hz, ${channels} ch, must be 8000 Hz, 1 ch`;
  }
  if (lane !== undefined && !source.lanes.includes(lane)) {
    return `Cannot start: lane is ${lane}, must be one of ${source.lanes.join(", ")}`;
  }
  return {
    transport: source.transport,
    encoding,
    rateHz,
    channels,
    lane,
    turnDetection: start.turnDetection,
    voice: start.voice,
    instructions: start.instructions,
    greeting: start.greeting,
    isGreetingProtected: start.isGreetingProtected ? true : undefined,
    vadEngine: start.vadEngine,
    metadata: start.metadata,
    callerToken: start.callerToken,
    keyId: source.keyId,
  };
}

/** Bytes of one sample of one channel. */
export function sampleBytes(encoding: CallerEncoding): 1 | 2 | 4 {
  if (encoding === "pcm16") return 2;
  return encoding === "f32" ? 4 : 1;
}
