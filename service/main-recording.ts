// What callers hear from the service itself when the agent's line is away or gone for good, and when
// an answer failed: the operator's recordings or those that ship, read once at the start, brought into each
// format that a call may have. Station: beside main-service.ts.
// Limits: RECORDING_MS_MAX, which the end of a call waits for at most.
import { readFile } from "node:fs/promises";
import { RECORDING_PATHS } from "./assets.ts";
import type { CallRecordings, Recorded } from "./call-line.ts";
import type { UpstreamFormat } from "./contract/upstream.ts";
import type { Kernels } from "./core/kernels.ts";
import { VoxError } from "./errors.ts";
import { RateChanger } from "./text-to-speech/rate-changer.ts";
import { readWavAudio } from "./wire/wav-audio.ts";

const RECORDING_MS_MAX = 15_000;
const SILENCE = new Uint8Array(0);

/** As a setting: the recording that ships. */
export const BUILT_IN = "built-in";

export interface RecordingSettings {
  readonly waitRecording: string;
  readonly lostRecording: string;
  readonly failedRecording: string;
}

/** Paths, BUILT_IN, or "" for none. Throws VoxError `config_invalid`. */
export async function loadRecordings(
  { waitRecording, lostRecording, failedRecording }: RecordingSettings,
  kernels: Kernels,
): Promise<CallRecordings> {
  const { oneMoment, agentLost, answerFailed } = RECORDING_PATHS;
  return {
    wait: await load(waitRecording === BUILT_IN ? oneMoment : waitRecording, kernels),
    lost: await load(lostRecording === BUILT_IN ? agentLost : lostRecording, kernels),
    failed: await load(failedRecording === BUILT_IN ? answerFailed : failedRecording, kernels),
  };
}

async function load(path: string, kernels: Kernels): Promise<Recorded> {
  if (path === "") return () => SILENCE;
  const wav = readWavAudio(await read(path));
  if (typeof wav === "string") throw invalid(path, wav);
  const { samples, rateHz, channels } = wav;
  if (channels !== 1) throw invalid(path, `it has ${channels} channels, must have 1`);
  const durationMs = (samples.length * 1000) / rateHz;
  if (durationMs > RECORDING_MS_MAX) {
    throw invalid(
      path,
      `it is ${Math.ceil(durationMs)} ms long, must be ${RECORDING_MS_MAX} at most`,
    );
  }
  const made = new Map<string, Uint8Array>();
  const recorded: Recorded = (format) => {
    const name = `${format.encoding} ${format.rateHz}`;
    const known = made.get(name) ?? inFormat(samples, rateHz, format, kernels);
    made.set(name, known);
    return known;
  };
  for (const format of USUAL_FORMATS) recorded(format);
  return recorded;
}

/** Made at the start: the first change of rate takes 100 ms, for which every other call would wait. */
const USUAL_FORMATS: readonly UpstreamFormat[] = [
  { encoding: "pcm16", rateHz: 24_000 },
  { encoding: "mulaw", rateHz: 8_000 },
];

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw invalid(path, "it cannot be read", cause);
  }
}

function inFormat(
  samples: Int16Array,
  rateHz: number,
  format: UpstreamFormat,
  kernels: Kernels,
): Uint8Array {
  const parts: Buffer[] = [];
  const changer = new RateChanger(kernels, format.rateHz);
  const give = (audio: Int16Array) => {
    // In pieces that fit the kernels' areas, whatever the rate changer hands over.
    for (let start = 0; start < audio.length; start += PIECE_SAMPLES) {
      parts.push(encoded(audio.subarray(start, start + PIECE_SAMPLES), format, kernels));
    }
  };
  changer.change(samples, rateHz, give);
  changer.end();
  return Buffer.concat(parts);
}

const PIECE_SAMPLES = 4_000;

function encoded(audio: Int16Array, { encoding }: UpstreamFormat, kernels: Kernels): Buffer {
  const { input, output } = kernels;
  input.pcm16.set(audio);
  kernels.decode("pcm16", audio.length);
  input.f32.set(output.f32.subarray(0, audio.length));
  kernels.encode(encoding, audio.length);
  const byteCount = audio.length * (encoding === "pcm16" ? 2 : 1);
  return Buffer.from(output.bytes.slice(0, byteCount));
}

function invalid(path: string, problem: string, cause?: unknown): VoxError {
  const message = `Cannot use a recording of agent.*: is ${path}, ${problem}`;
  return new VoxError(message, { code: "config_invalid", isRetryable: false, cause });
}
