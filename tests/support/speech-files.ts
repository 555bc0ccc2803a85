// The recordings that end-to-end tests speak, in whatever format a line wants, with their labels.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import { convertSpeech } from "../../scripts/caller/convert-speech.ts";
import { readWav } from "../../scripts/caller/wav.ts";

export type SpeechName =
  | "question"
  | "two-part"
  | "yes"
  | "no"
  | "hold-on"
  | "interrupt"
  | "numbers"
  | "goodbye";

export interface LabelledSpan {
  readonly startMs: number;
  readonly endMs: number;
}

const OWN_DIR = join(import.meta.dir, "..", "speech");

/** One of tests/speech in the line's format. */
export function loadSpeech(name: SpeechName, format: AudioFormat): Uint8Array {
  return loadRecording(join(OWN_DIR, `${name}.wav`), format);
}

export function loadRecording(path: string, format: AudioFormat): Uint8Array {
  return convertSpeech(readWav(readFileSync(path), path), format);
}

/** Where one of tests/speech is loud, by its labels. */
export function speechLabels(name: SpeechName): LabelledSpan[] {
  const lines = readFileSync(join(OWN_DIR, "labels.csv"), "utf8").split("\n");
  const line = lines.find((candidate) => candidate.startsWith(`${name},`));
  if (line === undefined) throw new Error(`There are no labels for ${name}`);
  return readLabels(line);
}

export interface LabelledRecording {
  readonly name: string;
  readonly path: string;
  readonly labels: readonly LabelledSpan[];
}

/** Real recordings beside the project, none when VOXBRIDGE_SPEECH_DIR is not set. */
export function labelledRecordings(countMax: number): LabelledRecording[] {
  const directory = process.env["VOXBRIDGE_SPEECH_DIR"] ?? "";
  if (directory === "" || !existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith(".wav"))
    .sort()
    .slice(0, countMax)
    .map((name) => {
      const labels = readFileSync(join(directory, name.replace(/wav$/, "scv")), "utf8");
      return { name, path: join(directory, name), labels: readLabels(labels) };
    });
}

/** `name,start,end,label,…` in seconds -> the spans labelled 1. */
function readLabels(line: string): LabelledSpan[] {
  const fields = line.trim().split(",").slice(1).map(Number);
  const spans: LabelledSpan[] = [];
  for (let index = 0; index + 2 < fields.length; index += 3) {
    const [startS = 0, endS = 0, label = 0] = fields.slice(index, index + 3);
    if (label === 1) spans.push({ startMs: startS * 1000, endMs: endS * 1000 });
  }
  return spans;
}
