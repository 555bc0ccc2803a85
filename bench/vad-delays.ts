// How fast a bare threshold sees speech begin and end, without any hangover.
// Method: onset: speech after a gap of at least 200 ms; delay = end of the first window at or above
// the threshold minus the label; "already on" when it was positive 100 ms before. End: gaps of at
// least 300 ms; delay = end of the first negative window after the last positive one of the gap,
// minus the label; "never off" when it is still positive at the gap's end.

import { percentile, type ScoredSpeech, WINDOW_SECONDS } from "./vad-metrics.ts";

const ONSET_GAP_SECONDS = 0.2;
const END_GAP_SECONDS = 0.3;
const ALREADY_ON_SECONDS = 0.1;

export interface Delays {
  readonly medianMs: number;
  readonly p90Ms: number;
  /** Already on (onsets), never off (ends). */
  readonly oddCount: number;
  readonly missedCount: number;
  readonly count: number;
}

/** Delay of the first positive window after each labelled onset. */
export function onsetDelays(scored: readonly ScoredSpeech[], threshold: number): Delays {
  const delaysMs: number[] = [];
  let odd = 0;
  let missed = 0;
  let count = 0;
  for (const { speech, scores } of scored) {
    for (const [index, span] of speech.spans.entries()) {
      const gap = speech.spans[index - 1];
      if (!span.isSpeech || gap === undefined) continue;
      if (gap.endSeconds - gap.startSeconds < ONSET_GAP_SECONDS) continue;
      count++;
      const before = windowAt(span.startSeconds - ALREADY_ON_SECONDS);
      const first = windowAt(span.startSeconds);
      const last = Math.min(windowAt(span.endSeconds), scores.length - 1);
      if ((scores[before] ?? 0) >= threshold) {
        odd++;
        continue;
      }
      let window = first;
      while (window <= last && (scores[window] ?? 0) < threshold) window++;
      if (window > last) missed++;
      else delaysMs.push(((window + 1) * WINDOW_SECONDS - span.startSeconds) * 1000);
    }
  }
  return summary(delaysMs, odd, missed, count);
}

/** Delay of the first lasting negative window after each labelled end. */
export function endDelays(scored: readonly ScoredSpeech[], threshold: number): Delays {
  const delaysMs: number[] = [];
  let odd = 0;
  let count = 0;
  for (const { speech, scores } of scored) {
    for (const [index, gap] of speech.spans.entries()) {
      const isAfterSpeech = index > 0 && !gap.isSpeech;
      if (!isAfterSpeech || gap.endSeconds - gap.startSeconds < END_GAP_SECONDS) continue;
      const first = windowAt(gap.startSeconds);
      const end = Math.min(Math.floor(gap.endSeconds / WINDOW_SECONDS), scores.length);
      if (end - 1 <= first) continue;
      count++;
      let window = end - 1;
      while (window >= first && (scores[window] ?? 0) < threshold) window--;
      if (window === end - 1) odd++;
      else delaysMs.push(((window + 2) * WINDOW_SECONDS - gap.startSeconds) * 1000);
    }
  }
  return summary(delaysMs, odd, 0, count);
}

function windowAt(seconds: number): number {
  return Math.max(0, Math.floor(seconds / WINDOW_SECONDS));
}

function summary(delaysMs: number[], odd: number, missed: number, count: number): Delays {
  delaysMs.sort((a, b) => a - b);
  return {
    medianMs: percentile(delaysMs, 50),
    p90Ms: percentile(delaysMs, 90),
    oddCount: odd,
    missedCount: missed,
    count,
  };
}
