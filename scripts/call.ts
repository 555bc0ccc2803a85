// `bun run call`: a caller at the keyboard. Speaks a recording to a running service in real time,
// prints what happens when, saves what it heard. Exit code 0: every call was answered.
import { readFileSync, writeFileSync } from "node:fs";
import { createSystemClock, createSystemRandom } from "../service/clock.ts";
import type { AudioFormat } from "./caller/audio-format.ts";
import { toPcm16 } from "./caller/audio-format.ts";
import type { CallOptions } from "./caller/call-options.ts";
import { CALL_HELP, readCallOptions } from "./caller/call-options.ts";
import { entryLine, latencyLines } from "./caller/call-report.ts";
import type { Caller } from "./caller/caller.ts";
import { createCaller } from "./caller/caller.ts";
import { convertSpeech } from "./caller/convert-speech.ts";
import { createProtobufLine } from "./caller/protobuf-line.ts";
import type { TalkPlan, TalkResult } from "./caller/talk.ts";
import { talk } from "./caller/talk.ts";
import { dialTwilio } from "./caller/twilio-dial.ts";
import { createTwilioLine } from "./caller/twilio-line.ts";
import type { WavAudio } from "./caller/wav.ts";
import { readWav, writeWav } from "./caller/wav.ts";

type CallResult = TalkResult | "refused";

const clock = createSystemClock();
const random = createSystemRandom();
/** Callers begin one after the other, so that a burst of upgrades is not what is measured. */
const CALL_SPACING_MS = 50;
const PROBE_TIMEOUT_MS = 3_000;

const RATES_HZ = [8000, 16_000, 22_050, 24_000, 44_100, 48_000] as const;

try {
  const options = readCallOptions(process.argv.slice(2), process.env);
  process.exitCode = options.isHelpWanted ? help() : await run(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

function help(): number {
  console.log(CALL_HELP);
  return 0;
}

async function run(options: CallOptions): Promise<number> {
  const wav = load(options.speechPath);
  const format = formatFor(options, wav);
  const plan = planFor(options, wav, format);
  await probe(options.serviceUrl);
  const results = await Promise.all(
    Array.from({ length: options.callCount }, (_, index) => call(options, plan, format, index)),
  );
  const callers = results.map(({ caller }) => caller);
  const count = (wanted: CallResult): number =>
    results.filter(({ result }) => result === wanted).length;
  const answered = count("answered");
  console.log(
    `\n${answered} of ${results.length} calls answered` +
      `, ${count("no_answer")} without an answer, ${count("lost")} lost, ${count("refused")} refused`,
  );
  for (const line of latencyLines(callers.map(({ timeline }) => timeline.entries))) {
    console.log(line);
  }
  return answered === results.length ? 0 : 1;
}

async function call(
  options: CallOptions,
  plan: TalkPlan,
  format: AudioFormat,
  index: number,
): Promise<{ readonly caller: Caller; readonly result: CallResult }> {
  await new Promise<void>((resolve) => {
    clock.setTimer(index * CALL_SPACING_MS, resolve);
  });
  const isShown = options.callCount === 1;
  const caller = await dial(options, format, isShown);
  const refusal = await caller.opened.catch((error: unknown) => String(error));
  if (typeof refusal === "string") {
    if (index === 0) console.error(`${refusal}\n${refusalAdvice(options)}`);
    return { caller, result: "refused" };
  }
  const startMs = clock.nowMs();
  const result = await talk(caller, plan);
  if (index === 0 && options.savePath !== undefined) {
    const samples = toPcm16(format, caller.ear.recording(startMs));
    const { rateHz, channels } = format;
    writeFileSync(options.savePath, writeWav({ rateHz, channels, samples }));
    console.log(`Saved ${options.savePath}: ${(samples.length / channels / rateHz).toFixed(1)} s`);
  }
  return { caller, result };
}

async function dial(options: CallOptions, format: AudioFormat, isShown: boolean): Promise<Caller> {
  const shown = isShown
    ? { onEntry: (entry: Caller["timeline"]["entries"][number]) => console.log(entryLine(entry)) }
    : {};
  if (!options.isTwilio) {
    const url = new URL("/v1/stream", options.serviceUrl).href.replace(/^http/, "ws");
    const headers = options.key === "" ? {} : { Authorization: `Bearer ${options.key}` };
    return createCaller({ url, line: createProtobufLine(format), clock, headers, ...shown });
  }
  const ids = {
    accountSid: `AC${random.hex(16)}`,
    callSid: `CA${random.hex(16)}`,
    streamSid: `MZ${random.hex(16)}`,
  };
  const route = await dialTwilio({
    serviceUrl: options.serviceUrl,
    signing: options.signing,
    ...ids,
  });
  const line = createTwilioLine({ ...ids, customParameters: route.customParameters });
  return createCaller({ url: route.url, line, clock, headers: route.headers, ...shown });
}

/** Says plainly that nobody listens, before a socket says it obscurely. */
async function probe(serviceUrl: string): Promise<void> {
  const url = new URL("/health/live", serviceUrl);
  try {
    await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
  } catch {
    throw new Error(
      `Cannot reach ${url.origin}: is the service running? ` +
        "Start it with `npx bun start` in another terminal, or name its address with --url",
    );
  }
}

function refusalAdvice(options: CallOptions): string {
  if (!options.isTwilio) {
    return (
      "The service refused the call. Does it want a key? Use --key KEY. " +
      "Many calls from one machine? Start it with --upgrades-per-address 1000"
    );
  }
  return (
    "The service refused the call. With TWILIO_AUTH_TOKEN set it wants --auth-token and " +
    "--public-url; without, it takes phone calls from this machine only"
  );
}

function formatFor(options: CallOptions, wav: WavAudio): AudioFormat {
  const { encoding } = options;
  if (options.isTwilio) return { encoding: "mulaw", rateHz: 8000, channels: 1 };
  if (encoding === "mulaw" || encoding === "alaw") return { encoding, rateHz: 8000, channels: 1 };
  const rateHz = RATES_HZ.find((rate) => rate === wav.rateHz);
  if (rateHz === undefined || wav.channels > 2) {
    throw new Error(
      `Cannot stream ${options.speechPath}: it has ${wav.rateHz} Hz and ${wav.channels} channels, ` +
        `must be ${RATES_HZ.join(", ")} Hz and 1 or 2`,
    );
  }
  return { encoding, rateHz, channels: wav.channels === 2 ? 2 : 1 };
}

function planFor(options: CallOptions, wav: WavAudio, format: AudioFormat): TalkPlan {
  const speech = convertSpeech(wav, format);
  const { interruptAfterMs: afterMs } = options;
  if (afterMs === undefined) return { clock, speech };
  const interruption = { afterMs, speech: convertSpeech(load(options.interruptPath), format) };
  return { clock, speech, interruption };
}

function load(path: string): WavAudio {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Error(`Cannot read ${path}: there is no such file`, { cause: error });
  }
  return readWav(bytes, path);
}
