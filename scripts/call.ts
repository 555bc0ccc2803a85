// `bun run call`: a caller at the keyboard. Speaks a recording to a running service in real time,
// prints what happens when, saves what it heard. Exit code 0: every call was answered.
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
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
import type { TalkResult } from "./caller/talk.ts";
import { talk } from "./caller/talk.ts";
import { recordSound, recordTurn } from "./caller/turn-record.ts";
import type { Recording, TurnsPlan } from "./caller/turns.ts";
import { speakTurns } from "./caller/turns.ts";
import { dialTwilio } from "./caller/twilio-dial.ts";
import { createTwilioLine } from "./caller/twilio-line.ts";
import type { WavAudio } from "./caller/wav.ts";
import { readWav, writeWav } from "./caller/wav.ts";
import { LANES, TURN_DETECTIONS } from "./caller/wiring.ts";
import { soundText } from "./lab/print-comparison.ts";
import { writeLine } from "./lab/turn-set.ts";

type CallResult = TalkResult | "refused";

const clock = createSystemClock();
const random = createSystemRandom();
/** Callers begin one after the other, so that a burst of upgrades is not what is measured. */
const CALL_SPACING_MS = 50;
const PROBE_TIMEOUT_MS = 3_000;

/** Short and long, with and without a pause between the words. */
const SPEECH_PATHS = ["question", "yes", "numbers", "no", "hold-on"].map(
  (name) => `tests/speech/${name}.wav`,
);

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
  const paths = pathsFor(options);
  const wavs = paths.map(load);
  const format = formatFor(options, paths, wavs);
  const recordings = wavs.map((wav, index) => ({
    name: basename(paths[index] ?? "", ".wav"),
    speech: convertSpeech(wav, format),
  }));
  await probe(options.serviceUrl);
  beginRecord(options, format);
  const results = await Promise.all(
    Array.from({ length: options.callCount }, (_, index) =>
      call(options, recordings, format, index),
    ),
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
  recordings: readonly Recording[],
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
  const result = await hold(options, caller, recordings).catch((error: unknown) => {
    // An open line would keep the process alive after the message.
    caller.drop();
    throw error;
  });
  if (isShown && caller.ear.heardMs() > 0) {
    const sound = recordSound(caller, startMs);
    console.log(`\n${soundText(sound)}`);
    if (options.recordPath !== undefined) appendFileSync(options.recordPath, writeLine(sound));
  }
  if (index === 0 && options.savePath !== undefined) {
    const samples = toPcm16(format, caller.ear.recording(startMs));
    const { rateHz, channels } = format;
    writeFileSync(options.savePath, writeWav({ rateHz, channels, samples }));
    console.log(`Saved ${options.savePath}: ${(samples.length / channels / rateHz).toFixed(1)} s`);
  }
  return { caller, result };
}

/** Holds the conversation that was asked for. */
async function hold(
  options: CallOptions,
  caller: Caller,
  recordings: readonly Recording[],
): Promise<TalkResult> {
  const { turnCount, interruptAfterMs: afterMs } = options;
  if (turnCount !== undefined) {
    return speakTurns(caller, { clock, recordings, turnCount, ...recorderFor(options, caller) });
  }
  const speech = recordings[0]?.speech ?? new Uint8Array();
  if (afterMs === undefined) return talk(caller, { clock, speech });
  const interruption = convertSpeech(load(options.interruptPath), caller.format);
  return talk(caller, { clock, speech, interruption: { afterMs, speech: interruption } });
}

/** Before anybody is dialled: a file that cannot be written should not cost a call. */
function beginRecord({ recordPath, note }: CallOptions, { encoding, rateHz }: AudioFormat): void {
  if (recordPath === undefined) return;
  const date = new Date(clock.wallMs()).toISOString().slice(0, 10);
  const text = `${date}, ${encoding} at ${rateHz} Hz${note === "" ? "" : `, ${note}`}`;
  try {
    writeFileSync(recordPath, writeLine({ kind: "about", text }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot write ${recordPath}: ${reason}`, { cause: error });
  }
}

/** Each turn is written when it is over, so that a run cut short leaves what it has. */
function recorderFor({ recordPath }: CallOptions, caller: Caller): Pick<TurnsPlan, "onTurn"> {
  if (recordPath === undefined) return {};
  return {
    onTurn: (turn) => appendFileSync(recordPath, writeLine(recordTurn(caller, turn))),
  };
}

async function dial(options: CallOptions, format: AudioFormat, isShown: boolean): Promise<Caller> {
  const shown = isShown
    ? { onEntry: (entry: Caller["timeline"]["entries"][number]) => console.log(entryLine(entry)) }
    : {};
  if (!options.isTwilio) {
    const url = new URL("/v1/stream", options.serviceUrl).href.replace(/^http/, "ws");
    const headers = options.key === "" ? {} : { Authorization: `Bearer ${options.key}` };
    const { lane, turnDetection } = options;
    const start = {
      ...(lane && { lane: LANES[lane] }),
      ...(turnDetection && { turnDetection: TURN_DETECTIONS[turnDetection] }),
    };
    return createCaller({ url, line: createProtobufLine(format, start), clock, headers, ...shown });
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

function pathsFor({ speechPath, turnCount }: CallOptions): readonly string[] {
  if (speechPath !== undefined) return [speechPath];
  return turnCount === undefined ? SPEECH_PATHS.slice(0, 1) : SPEECH_PATHS;
}

function formatFor(
  options: CallOptions,
  paths: readonly string[],
  wavs: readonly WavAudio[],
): AudioFormat {
  const { encoding } = options;
  if (options.isTwilio) return { encoding: "mulaw", rateHz: 8000, channels: 1 };
  if (encoding === "mulaw" || encoding === "alaw") return { encoding, rateHz: 8000, channels: 1 };
  // All of tests/speech have one format, and a named recording is alone.
  const { rateHz: wavRateHz = 0, channels = 0 } = wavs[0] ?? {};
  const rateHz = RATES_HZ.find((rate) => rate === wavRateHz);
  if (rateHz === undefined || channels > 2) {
    throw new Error(
      `Cannot stream ${paths[0]}: it has ${wavRateHz} Hz and ${channels} channels, ` +
        `must be ${RATES_HZ.join(", ")} Hz and 1 or 2`,
    );
  }
  return { encoding, rateHz, channels: channels === 2 ? 2 : 1 };
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
