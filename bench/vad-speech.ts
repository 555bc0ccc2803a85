// Labelled speech for the VAD harness, its tests and benches: WAV files and their labels.
// Source of the label format: the TEN VAD test set: one CSV line `name,start,end,label,…`, seconds,
// contiguous, label 1 = speech; one line in a file beside the WAV (.scv), or all in labels.csv.
// Limits: 16 kHz mono pcm16.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export interface LabelSpan {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly isSpeech: boolean;
}

export interface LabelledSpeech {
  readonly name: string;
  /** 16 kHz, -1..1. */
  readonly samples: Float32Array;
  /** Contiguous, alternating. */
  readonly spans: readonly LabelSpan[];
}

export const SPEECH_RATE_HZ = 16000;

/** Every labelled WAV of a folder, by name. Throws Error when there is none. */
export async function readSpeechFolder(folder: string): Promise<LabelledSpeech[]> {
  const names = (await readdir(folder)).sort();
  const labels = new Map<string, LabelSpan[]>();
  for (const name of names) {
    if (!name.endsWith(".scv") && name !== "labels.csv") continue;
    for (const line of (await readFile(join(folder, name), "utf8")).split("\n")) {
      if (line.trim() !== "") parseLabels(line.trim(), labels);
    }
  }
  const speech: LabelledSpeech[] = [];
  for (const file of names.filter((name) => name.endsWith(".wav"))) {
    const name = file.slice(0, -4);
    const spans = labels.get(name);
    if (spans === undefined) continue;
    speech.push({ name, samples: readWav(await readFile(join(folder, file)), file), spans });
  }
  if (speech.length === 0) throw new Error(`Cannot read speech: ${folder} has no labelled WAV`);
  return speech;
}

function parseLabels(line: string, labels: Map<string, LabelSpan[]>): void {
  const [name = "", ...values] = line.split(",");
  const spans: LabelSpan[] = [];
  for (let index = 0; index + 2 < values.length; index += 3) {
    spans.push({
      startSeconds: Number(values[index]),
      endSeconds: Number(values[index + 1]),
      isSpeech: values[index + 2] === "1",
    });
  }
  labels.set(name, spans);
}

/** Walks the RIFF chunks: some writers put others before `data`. */
function readWav(bytes: Buffer, file: string): Float32Array {
  let offset = 12;
  let isWanted = false;
  while (offset + 8 <= bytes.length) {
    const id = bytes.toString("latin1", offset, offset + 4);
    const size = bytes.readUInt32LE(offset + 4);
    const start = offset + 8;
    if (id === "fmt ") {
      isWanted =
        bytes.readUInt16LE(start) === 1 &&
        bytes.readUInt16LE(start + 2) === 1 &&
        bytes.readUInt32LE(start + 4) === SPEECH_RATE_HZ &&
        bytes.readUInt16LE(start + 14) === 16;
    }
    if (id === "data" && isWanted) {
      const count = Math.floor(Math.min(size, bytes.length - start) / 2);
      return Float32Array.from({ length: count }, (_, index) => {
        return bytes.readInt16LE(start + index * 2) / 32768;
      });
    }
    offset = start + size + (size % 2);
  }
  throw new Error(`Cannot read ${file}: it is no 16 kHz mono 16 bit WAV`);
}
