// Faults in what was heard that speech does not make by itself (S1-85): clicks, as a bad join of
// two frames leaves them, and dropouts, as a missing frame does.
//
//   click     ----.   ,----    one step between neighbouring samples, at least 1 % of full scale
//                  \ /         and more than 4 times every other step within 5 ms on either side
//                   |          (its own neighbours left out); steps side by side are one click
//   dropout   ~~~~~|____|~~~~~ 2 to 200 ms of nothing (|sample| <= 8, the smallest mu-law step)
//                              with at least -40 dBFS in the 5 ms before it and after it
//
// Speech rises within a few samples, never within one, and a closure before a plosive is entered
// through a decay; a longer gap is a pause. Limits: a join in loud noisy sound hides in it, a faded
// gap is not seen, one long tone that is cut off is no artifact. Tested on planted faults and
// on every recording of tests/speech, which must have none.

const CLICK_STEP_MIN = 328;
const CLICK_RATIO = 4;
const CLICK_WINDOW_MS = 5;
const QUIET_SAMPLE_MAX = 8;
const DROPOUT_MS_MIN = 2;
const DROPOUT_MS_MAX = 200;
const EDGE_MS = 5;
const EDGE_RMS_MIN = 328;
/** A step this near to a dropout's edge is part of it. */
const EDGE_SAMPLES = 2;

export interface Artifacts {
  /** Positions in samples. */
  readonly clicks: readonly number[];
  readonly dropouts: readonly number[];
}

/** Mono samples, full scale 32768. */
export function findArtifacts(samples: Int16Array, rateHz: number): Artifacts {
  const gaps = findDropouts(samples, rateHz);
  const isEdge = (position: number) =>
    gaps.some(
      ({ start, end }) =>
        Math.abs(position - start) <= EDGE_SAMPLES || Math.abs(position - end) <= EDGE_SAMPLES,
    );
  return {
    clicks: findClicks(samples, rateHz).filter((position) => !isEdge(position)),
    dropouts: gaps.map(({ start }) => start),
  };
}

function findClicks(samples: Int16Array, rateHz: number): number[] {
  const window = Math.round((CLICK_WINDOW_MS * rateHz) / 1000);
  const clicks: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (let position = 1; position < samples.length; position += 1) {
    const step = stepAt(samples, position);
    if (step < CLICK_STEP_MIN || !isAlone(samples, position, step, window)) continue;
    if (position - last > 1) clicks.push(position);
    last = position;
  }
  return clicks;
}

function isAlone(samples: Int16Array, position: number, step: number, window: number): boolean {
  const from = Math.max(1, position - window);
  const to = Math.min(samples.length - 1, position + window);
  for (let other = from; other <= to; other += 1) {
    if (Math.abs(other - position) > 1 && stepAt(samples, other) * CLICK_RATIO >= step)
      return false;
  }
  return true;
}

function stepAt(samples: Int16Array, position: number): number {
  return Math.abs((samples[position] ?? 0) - (samples[position - 1] ?? 0));
}

interface Gap {
  readonly start: number;
  /** After the last quiet sample. */
  readonly end: number;
}

function findDropouts(samples: Int16Array, rateHz: number): Gap[] {
  const edge = Math.round((EDGE_MS * rateHz) / 1000);
  const gaps: Gap[] = [];
  let start = 0;
  for (let end = 0; end < samples.length; end += 1) {
    if (Math.abs(samples[end] ?? 0) <= QUIET_SAMPLE_MAX) continue;
    const lengthMs = ((end - start) * 1000) / rateHz;
    const isGap =
      lengthMs >= DROPOUT_MS_MIN &&
      lengthMs <= DROPOUT_MS_MAX &&
      isLoud(samples, start - edge, start) &&
      isLoud(samples, end, end + edge);
    if (isGap) gaps.push({ start, end });
    start = end + 1;
  }
  return gaps;
}

function isLoud(samples: Int16Array, from: number, to: number): boolean {
  if (from < 0 || to > samples.length) return false;
  const power = samples.subarray(from, to).reduce((sum, sample) => sum + sample * sample, 0);
  return power / (to - from) >= EDGE_RMS_MIN ** 2;
}
