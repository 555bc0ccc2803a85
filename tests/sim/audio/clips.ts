// The project's labelled recordings (and those of VOXBRIDGE_SPEECH_DIR), as mono samples at the rates
// of callers. Other rates than the core can make are drawn as lines between samples, as e2e does.
import { join } from "node:path";
import type { AudioFormat } from "../../../scripts/caller/audio-format.ts";
import { toPcm16 } from "../../../scripts/caller/audio-format.ts";
import {
  type LabelledSpan,
  labelledRecordings,
  loadRecording,
  speechLabels,
  type SpeechName,
} from "../../support/speech-files.ts";

export interface Clip {
  readonly name: string;
  readonly samples: Int16Array;
  /** Where it is loud, in ms from its start. */
  readonly labels: readonly LabelledSpan[];
}

const NAMES: readonly SpeechName[] = [
  "question",
  "two-part",
  "yes",
  "no",
  "hold-on",
  "interrupt",
  "numbers",
  "goodbye",
];
const DIRECTORY = join(import.meta.dir, "../../speech");
const RECORDINGS_MAX = 30;
const known = new Map<string, Clip>();

/** One of tests/speech, mono at rateHz. */
export function clipOf(name: SpeechName, rateHz: AudioFormat["rateHz"]): Clip {
  return cached(name, rateHz, () => ({
    path: join(DIRECTORY, `${name}.wav`),
    labels: speechLabels(name),
  }));
}

/** Every clip that a caller may say. */
export function clipsAt(rateHz: AudioFormat["rateHz"]): readonly Clip[] {
  const own = NAMES.map((name) => clipOf(name, rateHz));
  const others = labelledRecordings(RECORDINGS_MAX).map((recording) =>
    cached(recording.name, rateHz, () => recording),
  );
  return [...own, ...others];
}

function cached(
  name: string,
  rateHz: AudioFormat["rateHz"],
  find: () => { readonly path: string; readonly labels: readonly LabelledSpan[] },
): Clip {
  const key = `${name}@${rateHz}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const { path, labels } = find();
  const clip = { name, samples: samplesAt(path, rateHz), labels };
  known.set(key, clip);
  return clip;
}

function samplesAt(path: string, rateHz: AudioFormat["rateHz"]): Int16Array {
  const isDirect = rateHz === 8000 || rateHz === 16_000 || rateHz === 24_000;
  const format = { encoding: "pcm16", rateHz: isDirect ? rateHz : 24_000, channels: 1 } as const;
  const samples = toPcm16(format, loadRecording(path, format));
  if (isDirect) return samples;
  const stretched = new Int16Array(Math.floor((samples.length * rateHz) / format.rateHz));
  for (let index = 0; index < stretched.length; index += 1) {
    const position = (index * format.rateHz) / rateHz;
    const before = samples[Math.floor(position)] ?? 0;
    const after = samples[Math.ceil(position)] ?? before;
    stretched[index] = before + (after - before) * (position % 1);
  }
  return stretched;
}
