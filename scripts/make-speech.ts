// Makes tests/speech: the short recordings that the end-to-end tests speak into a call.
// The voice is espeak-ng, so the words, the pauses and the licence are ours and anyone can remake
// them. Every step is repeatable: the same versions of espeak-ng and sox give the same bytes.
//
//   bun scripts/make-speech.ts           writes tests/speech/*.wav, labels.csv and README.md
//   bun scripts/make-speech.ts --check   remakes in memory and compares, writes nothing
//
// Limits: 16 kHz mono pcm16, at most 30 s and under 1 MiB in all (asserted below).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shellLine, speechPage } from "./make-speech-page.ts";

const RATE_HZ = 16000;
const LEAD_SILENCE_MS = 300;
const TAIL_SILENCE_MS = 800;
const LABEL_FRAME_MS = 10;
/** Frames at or above this are speech: 20 dB over the noise we add, far under any voiced sound. */
const SPEECH_LEVEL_DBFS = -50;
/** Stops inside words ("table") are silent this long; a shorter gap is not a pause. */
const GAP_JOINED_MS = 150;
/** Uniform noise of +-18 of 32768 is -70 dBFS: a quiet line, so that no test sees digital zero. */
const NOISE_PEAK = 18;
const TOTAL_MS_MAX = 30_000;
const TOTAL_BYTES_MAX = 1024 * 1024;
const FOLDER = join(import.meta.dir, "..", "tests", "speech");

interface Part {
  readonly text: string;
  /** Silence before this part, besides the lead. */
  readonly pauseMs?: number;
}

interface Utterance {
  readonly name: string;
  readonly voice: string;
  /** Words per minute. */
  readonly speed: number;
  readonly parts: readonly Part[];
  readonly use: string;
}

const UTTERANCES: readonly Utterance[] = [
  {
    name: "question",
    voice: "en-us",
    speed: 160,
    parts: [{ text: "Hello, can you tell me when you open on Saturday?" }],
    use: "one plain turn",
  },
  {
    name: "two-part",
    voice: "en-us+f3",
    speed: 160,
    parts: [{ text: "I would like to book a table" }, { text: "for two, please.", pauseMs: 350 }],
    use: "one turn with an inner pause of 350 ms that must not end it",
  },
  { name: "yes", voice: "en-gb", speed: 150, parts: [{ text: "Yes." }], use: "a short answer" },
  { name: "no", voice: "en-gb+f2", speed: 150, parts: [{ text: "No." }], use: "a short answer" },
  {
    name: "hold-on",
    voice: "en-us",
    speed: 165,
    parts: [{ text: "Hold on a moment." }],
    use: "a short interruption",
  },
  {
    name: "interrupt",
    voice: "en-us+m3",
    speed: 165,
    parts: [
      {
        text:
          "Wait, stop there. I have changed my mind, it should be on Monday evening " +
          "and we will be four people.",
      },
    ],
    use: "a long interruption",
  },
  {
    name: "numbers",
    voice: "en-gb",
    speed: 150,
    parts: [{ text: "My number is four one five" }, { text: "two six seven one.", pauseMs: 250 }],
    use: "digits, with a short pause between groups",
  },
  {
    name: "goodbye",
    voice: "en-us+f3",
    speed: 160,
    parts: [{ text: "Thank you, goodbye." }],
    use: "the end of a call",
  },
];

interface Made {
  readonly utterance: Utterance;
  readonly wav: Uint8Array;
  readonly durationMs: number;
  readonly labels: string;
}

function main(): void {
  const made = UTTERANCES.map(makeUtterance);
  const totalMs = made.reduce((sum, one) => sum + one.durationMs, 0);
  const totalBytes = made.reduce((sum, one) => sum + one.wav.length, 0);
  if (totalMs > TOTAL_MS_MAX || totalBytes > TOTAL_BYTES_MAX) {
    throw new Error(`Cannot make speech: ${totalMs} ms in ${totalBytes} bytes is over the limit`);
  }
  const files = new Map<string, Uint8Array>();
  for (const one of made) files.set(`${one.utterance.name}.wav`, one.wav);
  const labels = made.map((one) => `${one.labels}\n`).join("");
  files.set("labels.csv", new TextEncoder().encode(labels));
  files.set("README.md", new TextEncoder().encode(readme(made, totalMs)));
  if (process.argv.includes("--check")) {
    checkFiles(files);
  } else {
    mkdirSync(FOLDER, { recursive: true });
    for (const [name, bytes] of files) writeFileSync(join(FOLDER, name), bytes);
    console.log(`wrote ${files.size} files, ${totalMs} ms of audio, ${totalBytes} bytes`);
  }
}

function makeUtterance(utterance: Utterance): Made {
  const pieces: Int16Array[] = [new Int16Array(samplesOf(LEAD_SILENCE_MS))];
  for (const part of utterance.parts) {
    pieces.push(new Int16Array(samplesOf(part.pauseMs ?? 0)));
    pieces.push(trimSilence(speak(utterance, part)));
  }
  pieces.push(new Int16Array(samplesOf(TAIL_SILENCE_MS)));
  const samples = new Int16Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    samples.set(piece, position);
    position += piece.length;
  }
  addNoise(samples);
  const durationMs = Math.round((samples.length * 1000) / RATE_HZ);
  return { utterance, wav: wavOf(samples), durationMs, labels: labelsOf(utterance.name, samples) };
}

/** espeak-ng speaks at 22,050 Hz; sox resamples. -D: no dither, so the bytes repeat. */
function speak(utterance: Utterance, part: Part): Int16Array {
  const spoken = run(espeakCommand(utterance, part), new Uint8Array(0));
  const raw = run(soxCommand(), spoken);
  return new Int16Array(raw.buffer, raw.byteOffset, raw.byteLength >> 1).slice();
}

function espeakCommand(utterance: Utterance, part: Part): string[] {
  const speed = String(utterance.speed);
  return ["espeak-ng", "--stdout", "-z", "-v", utterance.voice, "-s", speed, part.text];
}

function soxCommand(): string[] {
  const source = ["-t", "wav", "-"];
  const target = ["-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-"];
  return ["sox", "-D", "-V1", ...source, ...target, "gain", "-3", "rate", "-h", String(RATE_HZ)];
}

function run(command: string[], input: Uint8Array): Uint8Array {
  const result = Bun.spawnSync(command, { stdin: input, stdout: "pipe", stderr: "pipe" });
  if (!result.success) throw new Error(`Cannot run ${command[0]}: ${result.stderr.toString()}`);
  return new Uint8Array(result.stdout);
}

/** Cuts what espeak-ng leaves before and after the words, so that our pauses are exact. */
function trimSilence(samples: Int16Array): Int16Array {
  const frameSamples = samplesOf(LABEL_FRAME_MS);
  let first = 0;
  while (first + frameSamples < samples.length && !isSpeech(samples, first)) first += frameSamples;
  let end = samples.length - (samples.length % frameSamples);
  while (end - frameSamples > first && !isSpeech(samples, end - frameSamples)) end -= frameSamples;
  return samples.subarray(first, end);
}

function isSpeech(samples: Int16Array, start: number): boolean {
  const end = Math.min(start + samplesOf(LABEL_FRAME_MS), samples.length);
  let energy = 0;
  for (let index = start; index < end; index += 1) energy += ((samples[index] ?? 0) / 32768) ** 2;
  return 10 * Math.log10(energy / (end - start) + 1e-12) >= SPEECH_LEVEL_DBFS;
}

/** Noise of a small generator with a fixed seed: the same in every run and on every machine. */
function addNoise(samples: Int16Array): void {
  let state = 20261120;
  for (let index = 0; index < samples.length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const noise = Math.floor((state / 2 ** 32) * (2 * NOISE_PEAK + 1)) - NOISE_PEAK;
    samples[index] = Math.max(-32768, Math.min(32767, (samples[index] ?? 0) + noise));
  }
}

/**
 * `name,start,end,label,…`: contiguous spans in seconds, label 1 where a frame's energy is speech.
 */
function labelsOf(name: string, samples: Int16Array): string {
  const frameSamples = samplesOf(LABEL_FRAME_MS);
  const frames: boolean[] = [];
  for (let start = 0; start < samples.length; start += frameSamples) {
    frames.push(isSpeech(samples, start));
  }
  closeShortGaps(frames);
  const fields = [name];
  let spanStart = 0;
  for (let index = 1; index <= frames.length; index += 1) {
    if (index < frames.length && frames[index] === frames[spanStart]) continue;
    const endSamples = Math.min(index * frameSamples, samples.length);
    const start = seconds(spanStart * frameSamples);
    fields.push(start, seconds(endSamples), frames[spanStart] === true ? "1" : "0");
    spanStart = index;
  }
  return fields.join(",");
}

function closeShortGaps(frames: boolean[]): void {
  let speechLast = -1;
  for (let index = 0; index < frames.length; index += 1) {
    if (frames[index] !== true) continue;
    const gap = index - speechLast - 1;
    if (speechLast >= 0 && gap * LABEL_FRAME_MS <= GAP_JOINED_MS) {
      frames.fill(true, speechLast, index);
    }
    speechLast = index;
  }
}

function wavOf(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(44 + samples.length * 2);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("RIFF"), 0);
  view.setUint32(4, 36 + samples.length * 2, true);
  bytes.set(new TextEncoder().encode("WAVEfmt "), 8);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE_HZ, true);
  view.setUint32(28, RATE_HZ * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  bytes.set(new TextEncoder().encode("data"), 36);
  view.setUint32(40, samples.length * 2, true);
  for (let index = 0; index < samples.length; index += 1) {
    view.setInt16(44 + index * 2, samples[index] ?? 0, true);
  }
  return bytes;
}

function checkFiles(files: ReadonlyMap<string, Uint8Array>): void {
  const different = [...files].filter(([name, bytes]) => {
    const path = join(FOLDER, name);
    return !existsSync(path) || !Buffer.from(bytes).equals(readFileSync(path));
  });
  for (const [name] of different) console.error(`different: tests/speech/${name}`);
  console.log(`${files.size - different.length} of ${files.size} files are the same`);
  if (different.length > 0) process.exit(1);
}

function readme(made: readonly Made[], totalMs: number): string {
  const rows = made.map(({ utterance, durationMs, labels }) => {
    const text = utterance.parts.map((part) => part.text).join(" … ");
    const spanCount = (labels.split(",").length - 1) / 3;
    const speechCount = Math.floor(spanCount / 2);
    return `| ${utterance.name}.wav | ${durationMs} | ${speechCount} | ${text} | ${utterance.use} |`;
  });
  const commands = made.flatMap(({ utterance }) =>
    utterance.parts.map((part) => {
      const pause = part.pauseMs === undefined ? "" : `   # after ${part.pauseMs} ms of silence`;
      return `${shellLine(espeakCommand(utterance, part))} | ${shellLine(soxCommand())}${pause}`;
    }),
  );
  return speechPage({
    totalMs,
    rows,
    commands,
    versions: versions(),
    leadSilenceMs: LEAD_SILENCE_MS,
    tailSilenceMs: TAIL_SILENCE_MS,
    labelFrameMs: LABEL_FRAME_MS,
    speechLevelDbfs: SPEECH_LEVEL_DBFS,
    gapJoinedMs: GAP_JOINED_MS,
  });
}

function versions(): string {
  const espeak = new TextDecoder().decode(run(["espeak-ng", "--version"], new Uint8Array(0)));
  const sox = new TextDecoder().decode(run(["sox", "--version"], new Uint8Array(0)));
  const espeakVersion = /text-to-speech: (\S+)/.exec(espeak)?.[1] ?? "unknown";
  const soxVersion = /v(\d[\w.+]*)/.exec(sox)?.[1] ?? "unknown";
  return `espeak-ng ${espeakVersion} and sox ${soxVersion} (Debian 12)`;
}

function samplesOf(durationMs: number): number {
  return Math.round((durationMs * RATE_HZ) / 1000);
}

function seconds(positionSamples: number): string {
  return (positionSamples / RATE_HZ).toFixed(3);
}

main();
