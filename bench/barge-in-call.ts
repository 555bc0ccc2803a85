// What the two processes of bench/barge-in.ts share: how a caller is dialled, one clock for both
// sides, and what a caller reports of each clear that it has read.
import type { AudioFormat } from "../scripts/caller/audio-format.ts";
import { type Caller, createCaller } from "../scripts/caller/caller.ts";
import type { Line } from "../scripts/caller/line.ts";
import { createProtobufLine } from "../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../scripts/caller/twilio-line.ts";
import { createSystemClock } from "../service/clock.ts";

export type BenchTransport = "stream" | "phone";

export const BENCH_FORMAT: Readonly<Record<BenchTransport, AudioFormat>> = {
  stream: { encoding: "pcm16", rateHz: 16_000, channels: 1 },
  phone: { encoding: "mulaw", rateHz: 8000, channels: 1 },
};
/** Newest frames whose sending is remembered: 2 s. */
const FRAMES_KEPT = 100;

/** A clear in the caller's hands. Times: epochMs(). */
export interface HeardClear {
  readonly call: string;
  readonly transport: BenchTransport;
  readonly readMs: number;
  /** Which of the call's clears it is, from 0. */
  readonly index: number;
  /** First loud sample of the word that was to interrupt, NaN when it was said earlier. */
  readonly wordMs: number;
  /** Where in the caller's audio the service found the first window of speech; stream only. */
  readonly onsetMs: number | null;
  /** The newest frames: capture time in the caller's audio, and when each was sent. */
  readonly frames: readonly (readonly [number, number])[];
}

export interface BenchCaller {
  readonly caller: Caller;
  readonly call: string;
  /** The first clear since forget(), and what had been sent by then. */
  cleared(): Pick<HeardClear, "readMs" | "index" | "frames"> | null;
  forget(): void;
}

/** Milliseconds on a clock that every process of the machine reads alike. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

export function dialBench(port: number, index: number, transport: BenchTransport): BenchCaller {
  const call = `CA${index}`;
  const line = lineOf(transport, call);
  let frames: [number, number][] = [];
  let cleared: ReturnType<BenchCaller["cleared"]> = null;
  let clears = 0;
  const path = transport === "stream" ? "/v1/stream" : "/twilio/media";
  const caller = createCaller({
    url: `ws://127.0.0.1:${port}${path}`,
    clock: createSystemClock(),
    line: {
      ...line,
      audio(data, captureMs) {
        frames.push([captureMs, epochMs()]);
        if (frames.length > 2 * FRAMES_KEPT) frames = frames.slice(-FRAMES_KEPT);
        return line.audio(data, captureMs);
      },
      read(message) {
        const readMs = epochMs();
        const event = line.read(message);
        if (event.kind === "clear") {
          cleared ??= { readMs, index: clears, frames: frames.slice(-FRAMES_KEPT) };
          clears += 1;
        }
        return event;
      },
    },
  });
  return {
    caller,
    call,
    cleared: () => cleared,
    forget: () => {
      cleared = null;
    },
  };
}

/** The call's name goes where Twilio puts its own, on the stream too. */
function lineOf(transport: BenchTransport, call: string): Line {
  if (transport === "stream") {
    return createProtobufLine(BENCH_FORMAT.stream, { metadata: { call_sid: call } });
  }
  const ids = { accountSid: "AC1", callSid: call, streamSid: `MZ${call}` };
  return createTwilioLine({ ...ids, customParameters: {} });
}
