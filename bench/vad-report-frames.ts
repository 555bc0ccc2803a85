// Tables of the VAD harness about windows: how well engines tell speech from silence, what level
// and noise do to them, what the gate skips.

import type { Core, VadSettings } from "../service/contract/core.ts";
import type { VadRateHz } from "../service/contract/vad-model.ts";
import { endDelays, onsetDelays } from "./vad-delays.ts";
import { HARNESS_SETTINGS, scorerOf, windowFacts } from "./vad-engines.ts";
import {
  frameMetrics,
  type Interval,
  isSpeechAt,
  type ScoredSpeech,
  WINDOW_SECONDS,
} from "./vad-metrics.ts";
import { type LabelledSpeech, SPEECH_RATE_HZ } from "./vad-speech.ts";
import { atGain, throughPhone, withWhiteNoise } from "./vad-variants.ts";

const NOISE_SEED = 5;

interface Variant {
  readonly name: string;
  readonly make: (samples: Float32Array) => Float32Array;
}

const VARIANTS: readonly Variant[] = [
  { name: "as recorded", make: (samples) => samples },
  { name: "-20 dB", make: (samples) => atGain(samples, -20) },
  { name: "-30 dB", make: (samples) => atGain(samples, -30) },
  { name: "white noise 20 dB", make: (samples) => withWhiteNoise(samples, 20, NOISE_SEED) },
  { name: "white noise 10 dB", make: (samples) => withWhiteNoise(samples, 10, NOISE_SEED) },
  { name: "white noise 5 dB", make: (samples) => withWhiteNoise(samples, 5, NOISE_SEED) },
];

export const RATES: readonly VadRateHz[] = [16000, 8000];

/** What a rate means for a recording: 8 kHz goes through mu-law. */
export function atRate(samples: Float32Array, rateHz: VadRateHz): Float32Array {
  return rateHz === SPEECH_RATE_HZ ? samples : throughPhone(samples);
}

/** Rows of markdown: engines, rates and variants. */
export async function engineTable(
  core: Core,
  speech: readonly LabelledSpeech[],
  engines: readonly string[],
): Promise<string[]> {
  const rows = [
    "| engine | input | ROC-AUC | PR-AUC | best: threshold P/R/F1 | at 0.5: P/R/F1, false alarms |" +
      " onset ms p50/p90 (already on, missed / n) | end ms p50/p90 (never off / n) |",
    "|---|---|---|---|---|---|---|---|",
  ];
  for (const { name, engine, settings } of engineRuns(engines)) {
    const score = await scorerOf(engine, core, settings);
    for (const rateHz of RATES) {
      for (const variant of VARIANTS) {
        const scored: ScoredSpeech[] = [];
        for (const recording of speech) {
          const samples = atRate(variant.make(recording.samples), rateHz);
          scored.push({ speech: recording, scores: await score(samples, rateHz) });
        }
        rows.push(engineRow(name, `${channel(rateHz)}, ${variant.name}`, scored));
      }
    }
  }
  return rows;
}

interface EngineRun {
  readonly name: string;
  readonly engine: string;
  readonly settings: VadSettings;
}

/** `core` runs bare and with the level normaliser. */
function engineRuns(engines: readonly string[]): EngineRun[] {
  const runs = engines.map((engine) => ({ name: engine, engine, settings: HARNESS_SETTINGS }));
  if (!engines.includes("core")) return runs;
  const settings = { ...HARNESS_SETTINGS, isLevelNormalised: true };
  return [...runs, { name: "core, normalised", engine: "core", settings }];
}

function engineRow(engine: string, input: string, scored: readonly ScoredSpeech[]): string {
  const metrics = frameMetrics(scored);
  const onset = onsetDelays(scored, 0.5);
  const end = endDelays(scored, 0.5);
  const shares = ({ precision, recall, f1 }: typeof metrics.best): string =>
    [precision, recall, f1].map((value) => value.toFixed(3)).join("/");
  const cells = [
    engine,
    input,
    withInterval(metrics.rocAuc),
    withInterval(metrics.prAuc),
    `${metrics.best.threshold.toFixed(3)} ${shares(metrics.best)}`,
    `${shares(metrics.atHalf)}, ${metrics.atHalf.falseAlarmShare.toFixed(3)}`,
    `${onset.medianMs.toFixed(0)}/${onset.p90Ms.toFixed(0)} ` +
      `(${onset.oddCount}, ${onset.missedCount} / ${onset.count})`,
    `${end.medianMs.toFixed(0)}/${end.p90Ms.toFixed(0)} (${end.oddCount} / ${end.count})`,
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Rows of markdown: the gate's price and gain, by level. */
export function gateTable(core: Core, speech: readonly LabelledSpeech[]): string[] {
  const rows = [
    "| input | gate | ROC-AUC | onset ms p50/p90 | speech windows skipped | other windows skipped |" +
      " skipped in a conversation |",
    "|---|---|---|---|---|---|---|",
  ];
  for (const rateHz of RATES) {
    for (const gainDb of [0, -20, -30]) {
      for (const gateDb of [0, 3, 6]) {
        rows.push(gateRow({ core, speech, rateHz, gainDb, gateDb }));
      }
    }
  }
  return rows;
}

interface GateStudy {
  readonly core: Core;
  readonly speech: readonly LabelledSpeech[];
  readonly rateHz: VadRateHz;
  readonly gainDb: number;
  readonly gateDb: number;
}

function gateRow({ core, speech, rateHz, gainDb, gateDb }: GateStudy): string {
  const settings = {
    ...HARNESS_SETTINGS,
    isLevelNormalised: true,
    gateOverNoiseFloorDb: gateDb,
  };
  const counts = {
    speech: 0,
    speechSkipped: 0,
    other: 0,
    otherSkipped: 0,
    call: 0,
    callSkipped: 0,
  };
  const scored = speech.map((recording) => {
    const gained = atGain(recording.samples, gainDb);
    const run = { core, source: "core", settings } as const;
    const facts = windowFacts(run, atRate(gained, rateHz), rateHz);
    for (const [index, { isSkipped }] of facts.entries()) {
      const isSpeech = isSpeechAt(recording.spans, (index + 0.5) * WINDOW_SECONDS);
      counts[isSpeech ? "speech" : "other"]++;
      if (isSkipped) counts[isSpeech ? "speechSkipped" : "otherSkipped"]++;
    }
    const call = windowFacts(run, atRate(asConversation(recording, gained), rateHz), rateHz);
    counts.call += call.length;
    counts.callSkipped += call.filter(({ isSkipped }) => isSkipped).length;
    return { speech: recording, scores: facts.map(({ score }) => score) };
  });
  const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(2)} %`;
  const onset = onsetDelays(scored, 0.5);
  const cells = [
    `${channel(rateHz)}, ${gainDb} dB`,
    gateDb === 0 ? "off" : `${gateDb} dB`,
    withInterval(frameMetrics(scored).rocAuc),
    `${onset.medianMs.toFixed(0)}/${onset.p90Ms.toFixed(0)}`,
    share(counts.speechSkipped, counts.speech),
    share(counts.otherSkipped, counts.other),
    share(counts.callSkipped, counts.call),
  ];
  return `| ${cells.join(" | ")} |`;
}

/**
 * The recording, then the caller listening for one and a half times as long: the background of the
 * recording's own longest gap, turned to and fro so that it has no seam.
 */
function asConversation(recording: LabelledSpeech, samples: Float32Array): Float32Array {
  const pause = Math.floor(1.5 * samples.length);
  return joined(samples, ownBackground(recording, samples, pause));
}

/** `count` samples of the background in the longest gap inside a recording. */
export function ownBackground(
  { spans }: LabelledSpeech,
  samples: Float32Array,
  count: number,
): Float32Array {
  const gaps = spans.filter((span) => !span.isSpeech && span.startSeconds > 0);
  const length = (span: (typeof gaps)[number]): number => span.endSeconds - span.startSeconds;
  const gap = gaps.sort((a, b) => length(b) - length(a))[0];
  const output = new Float32Array(count);
  if (gap === undefined) return output;
  const edge = Math.min(0.1, length(gap) / 4);
  const start = Math.floor((gap.startSeconds + edge) * SPEECH_RATE_HZ);
  const size = Math.floor((gap.endSeconds - edge) * SPEECH_RATE_HZ) - start;
  for (let index = 0; index < count; index++) {
    const place = index % (2 * size - 2);
    output[index] = samples[start + (place < size ? place : 2 * size - 2 - place)] ?? 0;
  }
  return output;
}

/** Two stretches of samples, one after the other. */
export function joined(first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

export function channel(rateHz: VadRateHz): string {
  return rateHz === SPEECH_RATE_HZ ? "16 kHz" : "phone";
}

function withInterval({ value, low, high }: Interval): string {
  return `${value.toFixed(4)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
