// Replays turn rules over window scores and judges them by the labels.
// Method: a boundary is the end of labelled speech before a gap of at least 0.7 s or the end of the
// file. An end that fires from a boundary until speech goes on finds it; its delay is counted from
// the label. Any other end is a cut-off: it fired in a shorter gap or while the label says speech.
// The rule is the core's turn machine (dsp/vad/turn-machine.ts; tests compare both), with what the
// peers' machines have besides: smoothing, and a threshold of its own for taking silence back.

import { isSpeechAt, percentile, type ScoredSpeech, WINDOW_SECONDS } from "./vad-metrics.ts";
import type { LabelSpan } from "./vad-speech.ts";

export const BOUNDARY_GAP_SECONDS = 0.7;
/** Near-silence that the harness appends to a recording, so that its last turn can end. */
export const TAIL_SECONDS = 2;

export interface TurnRule {
  readonly startThreshold: number;
  readonly stopThreshold: number;
  readonly minSpeechMs: number;
  readonly minSilenceMs: number;
  readonly confidentSilenceThreshold: number;
  readonly confidentSilenceWeight: number;
  readonly shortSpeechMs: number;
  readonly shortSpeechSilencePercent: number;
  /** Share of the old value in a running mean of the scores (peers); 0 = none. */
  readonly smoothing?: number;
  /** Score that takes counted silence back, where it is not the stop threshold (peers). */
  readonly resumeThreshold?: number;
}

/** A plain rule: silence counts as silence, whatever the score. */
export const PLAIN_RULE: TurnRule = {
  startThreshold: 0.5,
  stopThreshold: 0.35,
  minSpeechMs: 64,
  minSilenceMs: 500,
  confidentSilenceThreshold: 0,
  confidentSilenceWeight: 1,
  shortSpeechMs: 0,
  shortSpeechSilencePercent: 100,
};

/** Windows in which turns were confirmed and ended; times count at the window's end. */
export interface ReplayedTurns {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Runs a rule over scores. */
export function replayTurns(scores: readonly number[], rule: TurnRule): ReplayedTurns {
  const windows = (ms: number): number => Math.ceil(ms / 32);
  const speechNeeded = windows(rule.minSpeechMs);
  const shortWindows = windows(rule.shortSpeechMs);
  const silence = windows(rule.minSilenceMs);
  const silenceShort = Math.ceil((rule.minSilenceMs * rule.shortSpeechSilencePercent) / 3200);
  const smoothing = rule.smoothing ?? 0;
  const starts: number[] = [];
  const ends: number[] = [];
  let speechWindows = 0;
  let isConfirmed = false;
  let evidence = 0;
  let smoothed = 0;
  for (const [window, raw] of scores.entries()) {
    smoothed = smoothing * smoothed + (1 - smoothing) * raw;
    const isOpen = speechWindows > 0;
    if (smoothed >= (isOpen ? rule.stopThreshold : rule.startThreshold)) {
      speechWindows++;
      if (smoothed >= (rule.resumeThreshold ?? rule.stopThreshold)) evidence = 0;
      if (!isConfirmed && speechWindows >= speechNeeded) {
        isConfirmed = true;
        starts.push(window);
      }
    } else if (isOpen && !isConfirmed) {
      speechWindows = 0;
    } else if (isOpen) {
      const isSure = smoothed < rule.confidentSilenceThreshold;
      evidence += isSure ? rule.confidentSilenceWeight : 1;
      if (evidence < (speechWindows < shortWindows ? silenceShort : silence)) continue;
      ends.push(window);
      speechWindows = 0;
      isConfirmed = false;
      evidence = 0;
    }
  }
  return { starts, ends };
}

/** What a rule did with one recording. */
export interface JudgedTurns {
  readonly delaysMs: readonly number[];
  readonly cutOffs: number;
  readonly boundaries: number;
  readonly startDelaysMs: readonly number[];
  readonly startsInSilence: number;
  readonly startCount: number;
}

/** Judges a rule on one recording (scores include the tail). */
export function judgeTurns({ speech, scores }: ScoredSpeech, rule: TurnRule): JudgedTurns {
  const { starts, ends } = replayTurns(scores, rule);
  const boundaries = boundariesOf(speech.spans);
  const delaysMs: number[] = [];
  const found = new Set<number>();
  let cutOffs = 0;
  for (const window of ends) {
    const at = (window + 1) * WINDOW_SECONDS;
    const index = boundaries.findIndex((gap) => at >= gap.startSeconds && at < gap.endSeconds);
    if (index < 0) cutOffs++;
    const gap = boundaries[index];
    if (gap === undefined || found.has(index)) continue;
    found.add(index);
    delaysMs.push((at - gap.startSeconds) * 1000);
  }
  return { delaysMs, cutOffs, boundaries: boundaries.length, ...judgeStarts(speech.spans, starts) };
}

function judgeStarts(
  spans: readonly LabelSpan[],
  starts: readonly number[],
): Pick<JudgedTurns, "startDelaysMs" | "startsInSilence" | "startCount"> {
  const startDelaysMs: number[] = [];
  let startsInSilence = 0;
  for (const window of starts) {
    const at = (window + 1) * WINDOW_SECONDS;
    if (!isSpeechAt(spans, at)) {
      startsInSilence++;
      continue;
    }
    const span = spans.find(
      (candidate) => at >= candidate.startSeconds && at < candidate.endSeconds,
    );
    if (span !== undefined) startDelaysMs.push((at - span.startSeconds) * 1000);
  }
  return { startDelaysMs, startsInSilence, startCount: starts.length };
}

/** Gaps that end a turn. */
export function boundariesOf(spans: readonly LabelSpan[]): LabelSpan[] {
  const end = spans.at(-1)?.endSeconds ?? 0;
  const gaps = spans.filter(
    (span, index) =>
      index > 0 &&
      !span.isSpeech &&
      (span.endSeconds - span.startSeconds >= BOUNDARY_GAP_SECONDS || span.endSeconds === end),
  );
  const last = gaps.at(-1);
  const tail = { startSeconds: end, endSeconds: end + TAIL_SECONDS, isSpeech: false };
  if (last?.endSeconds === end)
    gaps[gaps.length - 1] = { ...tail, startSeconds: last.startSeconds };
  else gaps.push(tail);
  return gaps;
}

export interface TurnSummary {
  readonly medianMs: number;
  readonly p90Ms: number;
  readonly cutOffs: number;
  readonly found: number;
  readonly boundaries: number;
}

/** Pools judged recordings. */
export function summarise(judged: readonly JudgedTurns[]): TurnSummary {
  const delays = judged.flatMap((file) => [...file.delaysMs]).sort((a, b) => a - b);
  return {
    medianMs: percentile(delays, 50),
    p90Ms: percentile(delays, 90),
    cutOffs: judged.reduce((sum, file) => sum + file.cutOffs, 0),
    found: delays.length,
    boundaries: judged.reduce((sum, file) => sum + file.boundaries, 0),
  };
}
