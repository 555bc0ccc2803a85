// Text to speech by the program espeak-ng (Debian package espeak-ng), so that a pipeline speaks on
// any machine, with no server and no key. An engine behind the TextToSpeech contract.
// The voice is a language ("en-us", "de"), perhaps with a variant ("en-us+f3"); "" or "default" takes
// the sentence's language. It sounds like a robot: docs/text-to-speech.md.
// Source: espeak-ng(1), version 1.51. Limits: EspeakProcesses; the first MESSAGE_BYTES_MAX of what it
// writes to standard error are read.
import type { Clock } from "../contract/clock.ts";
import type { Metrics } from "../contract/metrics.ts";
import type {
  SpeechChunk,
  SynthesisRequest,
  TextToSpeech,
  Voice,
} from "../contract/text-to-speech.ts";
import { VoxError } from "../errors.ts";
import { Deadline, untilAborted } from "../provider/deadline.ts";
import { createProviderMetrics, type ProviderMetrics } from "../provider/provider-metrics.ts";
import {
  type EspeakProcess,
  EspeakProcesses,
  type EspeakProcessSettings,
} from "./espeak-processes.ts";
import { readVoices } from "./espeak-voices.ts";
import { PcmReader } from "./pcm-reader.ts";

const RATE_HZ = 22_050;
const MESSAGE_BYTES_MAX = 4_096;
const LIST_BYTES_MAX = 256 * 1024;
/** Words per minute at rate 1; what the program takes. */
const WORDS_PER_MINUTE = 175;
const WORDS_PER_MINUTE_MIN = 80;
const WORDS_PER_MINUTE_MAX = 450;
/** 50 is the voice's own pitch, 0 an octave lower, 99 an octave higher. */
const PITCH = 50;
const PITCH_MAX = 99;
const SEMITONES = 12;
/** A language tag and perhaps a variant: no option, no path. */
const VOICE_FORM = /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,5}(\+[A-Za-z0-9]{1,24})?$/;

export interface EspeakNgSettings extends EspeakProcessSettings {
  /** In metrics and errors; lower snake case. */
  readonly provider: string;
  /** Start to first audio. */
  readonly answerMsMax: number;
  /** One sentence, reader included. */
  readonly totalMsMax: number;
}

export const ESPEAK_NG_DEFAULTS: EspeakNgSettings = {
  provider: "espeak_ng",
  program: "espeak-ng",
  processesMax: 8,
  warmMax: 2,
  answerMsMax: 5_000,
  totalMsMax: 120_000,
};

export interface EspeakNgDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** True when the program is there. */
export function hasEspeakNg(program: string = ESPEAK_NG_DEFAULTS.program): boolean {
  return Bun.which(program) !== null;
}

export function createEspeakNg(settings: EspeakNgSettings, deps: EspeakNgDeps): TextToSpeech {
  const { provider } = settings;
  const metrics = createProviderMetrics(deps.metrics, provider);
  const espeak = { settings, deps, metrics, processes: new EspeakProcesses(provider, settings) };
  const closing = new AbortController();
  const orClosed = (signal: AbortSignal) => AbortSignal.any([signal, closing.signal]);
  return {
    name: "espeak-ng",
    support: {
      hasSsml: true,
      hasRate: true,
      hasPitch: true,
      isStreaming: true,
      hasWordTimes: false,
    },
    voices: (signal) => listVoices(espeak, orClosed(signal)),
    synthesize: (request, signal) => synthesize(espeak, request, orClosed(signal)),
    close: () => {
      closing.abort();
      espeak.processes.close();
    },
  };
}

interface Espeak {
  readonly settings: EspeakNgSettings;
  readonly deps: EspeakNgDeps;
  readonly metrics: ProviderMetrics;
  readonly processes: EspeakProcesses;
}

async function* synthesize(
  espeak: Espeak,
  request: SynthesisRequest,
  signal: AbortSignal,
): AsyncGenerator<SpeechChunk> {
  const { settings, processes } = espeak;
  const { provider } = settings;
  const isOwn = request.voice === "" || request.voice === "default";
  const job = {
    words: argumentsOf(request, isOwn ? request.language : request.voice),
    text: spoken(request),
    missing: notFound(provider, isOwn ? "language" : "voice"),
  };
  const reader = new PcmReader(provider, RATE_HZ);
  let hasEnded = false;
  try {
    for await (const bytes of run(espeak, job, signal)) {
      const piece = reader.read(bytes);
      if (piece !== null) yield { ...piece, words: [] };
    }
    hasEnded = true;
  } finally {
    // Also after a sentence that was cut off: the next one is likely to come.
    if (job.words !== null && (hasEnded || signal.aborted)) processes.warm(job.words);
  }
}

async function listVoices(espeak: Espeak, signal: AbortSignal): Promise<readonly Voice[]> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const missing = notFound(espeak.settings.provider, "voice");
  const job = { words: ["--voices"], text: "", missing };
  for await (const piece of run(espeak, job, signal)) {
    bytes += piece.length;
    if (bytes <= LIST_BYTES_MAX) pieces.push(piece);
  }
  return readVoices(Buffer.concat(pieces).toString("utf8"), RATE_HZ);
}

/** One run of the program. words: null for a voice that cannot be one. */
interface Job {
  readonly words: readonly string[] | null;
  readonly text: string;
  /** When the program does not know the voice. */
  readonly missing: VoxError;
}

/** What one process writes. Throws VoxError. */
async function* run(
  espeak: Espeak,
  { words, text, missing }: Job,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { settings, deps, metrics, processes } = espeak;
  const deadline = new Deadline(deps.clock, signal);
  const askedMs = deps.clock.nowMs();
  let process: EspeakProcess | null = null;
  try {
    deadline.total(settings.totalMsMax);
    deadline.next(settings.answerMsMax);
    if (deadline.signal.aborted) throw deadline.error(settings.provider);
    if (words === null) throw missing;
    process = await processes.begin(words, deadline.signal);
    const message = beginningOf(process.stderr);
    void write(process, text);
    let isFirst = true;
    for await (const bytes of piecesOf(process.stdout, deadline.signal)) {
      if (isFirst) metrics.answerMs.observe(deps.clock.nowMs() - askedMs);
      isFirst = false;
      deadline.disarm();
      yield bytes;
    }
    const status = await untilAborted(process.exited, deadline.signal);
    if (status === 0) return;
    const isMissing = (await message).includes("voice does not exist");
    throw isMissing ? missing : failureOf(settings.provider, status);
  } catch (error) {
    const failure = deadline.signal.aborted ? deadline.error(settings.provider) : error;
    metrics.countFailure(failure);
    throw failure;
  } finally {
    deadline.end();
    if (process !== null) processes.end(process);
  }
}

async function* piecesOf(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await untilAborted(reader.read(), signal);
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/** Never rejects: a process that does not read its text says so by its status. */
async function write({ stdin }: EspeakProcess, text: string): Promise<void> {
  try {
    await stdin.write(text);
    await stdin.end();
  } catch {
    // It ended before; its status is read where its audio is.
  }
}

/** Of standard error; the rest is not read. Never rejects. */
async function beginningOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of stream) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes >= MESSAGE_BYTES_MAX) break;
    }
  } catch {
    // The process was killed while it wrote; what came of its message is enough.
  }
  return Buffer.concat(pieces).toString("utf8").slice(0, MESSAGE_BYTES_MAX);
}

/** -> null for a voice that is none by its form. */
function argumentsOf(request: SynthesisRequest, voice: string): string[] | null {
  if (voice !== "" && !VOICE_FORM.test(voice)) return null;
  const speed = Math.round(WORDS_PER_MINUTE * request.rate);
  const pitch = Math.round(PITCH + (request.pitchSemitones * PITCH) / SEMITONES);
  return [
    "--stdin",
    "--stdout",
    ...(voice === "" ? [] : ["-v", voice]),
    ...["-s", String(clamp(speed, WORDS_PER_MINUTE_MIN, WORDS_PER_MINUTE_MAX))],
    ...["-p", String(clamp(pitch, 0, PITCH_MAX))],
    ...(request.isSsml ? ["-m"] : []),
  ];
}

/** Two brackets would begin a phoneme's name. */
function spoken({ text }: SynthesisRequest): string {
  return text.replaceAll("[[", "[ [");
}

function failureOf(provider: string, status: number): VoxError {
  const text = `Cannot use ${provider}: its program ended with status ${status}, must be 0`;
  return new VoxError(text, { code: "engine_unavailable", isRetryable: true, provider });
}

function notFound(provider: string, what: "language" | "voice"): VoxError {
  const code = what === "language" ? "unsupported_language" : "voice_not_found";
  const message = `Cannot use ${provider}: it does not have the ${what}`;
  return new VoxError(message, { code, isRetryable: false, provider });
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
