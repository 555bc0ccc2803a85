// How well scores tell speech from silence: ROC-AUC, PR-AUC, F1, onset and end delays.
// Method: label and score are taken at the centre of every 10 ms; the score is that of the window
// covering the instant. Intervals: percentile bootstrap over files (Efron 1979), 1,000 draws.
// AUC is exact: scores are ranked once, each file keeps its counts per rank, a draw adds them up.

import type { LabelledSpeech, LabelSpan } from "./vad-speech.ts";
import { uniformRandom } from "./vad-variants.ts";

export const WINDOW_SECONDS = 0.032;
const STEP_SECONDS = 0.01;
const BOOTSTRAP_DRAWS = 1000;
const BOOTSTRAP_BINS = 512;

/** One recording as an engine scored it; score k belongs to [k, k + 1) x 32 ms. */
export interface ScoredSpeech {
  readonly speech: LabelledSpeech;
  readonly scores: readonly number[];
}

export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface FrameMetrics {
  readonly rocAuc: Interval;
  readonly prAuc: Interval;
  readonly atHalf: Detection;
  readonly best: Detection;
}

export interface Detection {
  readonly threshold: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly falseAlarmShare: number;
}

/** Frame metrics of all files together. */
export function frameMetrics(scored: readonly ScoredSpeech[]): FrameMetrics {
  const ranks = rankScores(scored);
  const coarse = coarsened(ranks);
  const all = ranks.files.map((_, index) => index);
  const random = uniformRandom(1);
  const roc: number[] = [];
  const pr: number[] = [];
  for (let draw = 0; draw < BOOTSTRAP_DRAWS; draw++) {
    const picked = pooled(
      coarse,
      all.map(() => Math.floor(random() * all.length)),
    );
    roc.push(rocAuc(picked));
    pr.push(prAuc(picked));
  }
  const whole = pooled(ranks, all);
  return {
    rocAuc: interval(rocAuc(whole), roc),
    prAuc: interval(prAuc(whole), pr),
    atHalf: detectionAt(ranks, whole, 0.5),
    best: bestDetection(ranks, whole),
  };
}

/** 2.5 and 97.5 percentiles of the draws. */
export function interval(value: number, draws: readonly number[]): Interval {
  const sorted = draws.filter(Number.isFinite).sort((a, b) => a - b);
  return { value, low: percentile(sorted, 2.5), high: percentile(sorted, 97.5) };
}

/** Nearest-rank percentile of sorted values; NaN of none. */
export function percentile(sorted: readonly number[], percent: number): number {
  const index = Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100));
  return sorted[index] ?? Number.NaN;
}

/** Whether a label says speech at an instant. */
export function isSpeechAt(spans: readonly LabelSpan[], seconds: number): boolean {
  const span = spans.find(
    (candidate) => seconds >= candidate.startSeconds && seconds < candidate.endSeconds,
  );
  return span?.isSpeech ?? false;
}

interface Ranks {
  /** Distinct scores, growing. */
  readonly values: readonly number[];
  readonly files: readonly Counts[];
}

/** Frames per rank: those labelled speech and the others. */
interface Counts {
  readonly positive: Float64Array;
  readonly negative: Float64Array;
}

function rankScores(scored: readonly ScoredSpeech[]): Ranks {
  const values = [...new Set(scored.flatMap((file) => [...file.scores]))].sort((a, b) => a - b);
  const rankOf = new Map(values.map((value, rank) => [value, rank]));
  const files = scored.map(({ speech, scores }) => {
    const counts = emptyCounts(values.length);
    const seconds = Math.min(scores.length * WINDOW_SECONDS, speech.spans.at(-1)?.endSeconds ?? 0);
    const steps = Math.floor(seconds / STEP_SECONDS);
    for (let step = 0; step < steps; step++) {
      const at = (step + 0.5) * STEP_SECONDS;
      const rank = rankOf.get(scores[Math.floor(at / WINDOW_SECONDS)] ?? Number.NaN);
      if (rank === undefined) continue;
      const side = isSpeechAt(speech.spans, at) ? counts.positive : counts.negative;
      side[rank] = (side[rank] ?? 0) + 1;
    }
    return counts;
  });
  return { values, files };
}

/**
 * Neighbouring ranks put together, for the draws only: an engine may give thousands of distinct
 * scores, and 512 bins move an AUC by less than 1e-4.
 */
function coarsened(ranks: Ranks): Ranks {
  const count = ranks.values.length;
  if (count <= BOOTSTRAP_BINS) return ranks;
  const binOf = (rank: number): number => Math.floor((rank * BOOTSTRAP_BINS) / count);
  const values = Array.from({ length: BOOTSTRAP_BINS }, (_, bin) => {
    return ranks.values[Math.floor((bin * count) / BOOTSTRAP_BINS)] ?? 0;
  });
  const files = ranks.files.map((fine) => {
    const counts = emptyCounts(BOOTSTRAP_BINS);
    for (let rank = 0; rank < count; rank++) {
      const bin = binOf(rank);
      counts.positive[bin] = (counts.positive[bin] ?? 0) + (fine.positive[rank] ?? 0);
      counts.negative[bin] = (counts.negative[bin] ?? 0) + (fine.negative[rank] ?? 0);
    }
    return counts;
  });
  return { values, files };
}

function emptyCounts(length: number): Counts {
  return { positive: new Float64Array(length), negative: new Float64Array(length) };
}

function pooled(ranks: Ranks, picked: readonly number[]): Counts {
  const sum = emptyCounts(ranks.values.length);
  for (const index of picked) {
    const file = ranks.files[index];
    if (file === undefined) continue;
    for (let rank = 0; rank < ranks.values.length; rank++) {
      sum.positive[rank] = (sum.positive[rank] ?? 0) + (file.positive[rank] ?? 0);
      sum.negative[rank] = (sum.negative[rank] ?? 0) + (file.negative[rank] ?? 0);
    }
  }
  return sum;
}

/** Probability that a speech frame scores above a silent one, ties half (Mann and Whitney 1947). */
function rocAuc(counts: Counts): number {
  let below = 0;
  let wins = 0;
  for (let rank = 0; rank < counts.positive.length; rank++) {
    const negative = counts.negative[rank] ?? 0;
    wins += (counts.positive[rank] ?? 0) * (below + negative / 2);
    below += negative;
  }
  return wins / (total(counts.positive) * below);
}

/** Area under precision over recall, by steps (average precision). */
function prAuc(counts: Counts): number {
  const positives = total(counts.positive);
  let hits = 0;
  let alarms = 0;
  let area = 0;
  for (let rank = counts.positive.length - 1; rank >= 0; rank--) {
    const positive = counts.positive[rank] ?? 0;
    hits += positive;
    alarms += counts.negative[rank] ?? 0;
    if (positive > 0) area += (positive / positives) * (hits / (hits + alarms));
  }
  return area;
}

function detectionAt(ranks: Ranks, counts: Counts, threshold: number): Detection {
  let hits = 0;
  let alarms = 0;
  for (let rank = ranks.values.length - 1; rank >= 0; rank--) {
    if ((ranks.values[rank] ?? 0) < threshold) break;
    hits += counts.positive[rank] ?? 0;
    alarms += counts.negative[rank] ?? 0;
  }
  return detection(counts, threshold, hits, alarms);
}

function bestDetection(ranks: Ranks, counts: Counts): Detection {
  let best = detection(counts, 1, 0, 0);
  let hits = 0;
  let alarms = 0;
  for (let rank = ranks.values.length - 1; rank >= 0; rank--) {
    hits += counts.positive[rank] ?? 0;
    alarms += counts.negative[rank] ?? 0;
    const candidate = detection(counts, ranks.values[rank] ?? 0, hits, alarms);
    if (candidate.f1 > best.f1) best = candidate;
  }
  return best;
}

function detection(counts: Counts, threshold: number, hits: number, alarms: number): Detection {
  const positives = total(counts.positive);
  const precision = hits === 0 ? 0 : hits / (hits + alarms);
  const recall = hits / positives;
  const f1 = hits === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  return { threshold, precision, recall, f1, falseAlarmShare: alarms / total(counts.negative) };
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
