// What is compared between two sets of turns, as document S1 does it: all turns, those whose model
// answered at once ("fillers", S1-63) and those it had to think about, each by perceived latency
// and by the parts of it; and how many turns stay below a few round thresholds (S1-67).
import type { TurnSet, TurnTimes } from "./turn-set.ts";
import type { Difference, Summary } from "./two-samples.ts";
import { difference, summarise } from "./two-samples.ts";

/** A model that answers faster than this says a filler, not an answer (S1-63). */
export const FILLER_MODEL_MS = 1_000;
/** S1-67. */
export const THRESHOLDS_MS = [1_000, 1_500, 2_500, 3_000] as const;

export type SegmentName = "all" | "filler" | "non_filler";
export type QuantityName = "perceived" | "commit" | "model";

export interface Comparison {
  readonly segment: SegmentName;
  readonly quantity: QuantityName;
  readonly a: Summary | undefined;
  readonly b: Summary | undefined;
  readonly difference: Difference | undefined;
}

export interface ThresholdRow {
  readonly thresholdMs: number;
  /** Share of all turns whose perceived latency is below it, 0..1. */
  readonly shareA: number;
  readonly shareB: number;
}

export interface SetComparison {
  readonly fillerShareA: number;
  readonly fillerShareB: number;
  readonly comparisons: readonly Comparison[];
  readonly thresholds: readonly ThresholdRow[];
}

const SEGMENTS: Readonly<Record<SegmentName, (turn: TurnTimes) => boolean>> = {
  all: () => true,
  filler: isFiller,
  non_filler: (turn) => !isFiller(turn),
};

/** S1-60..62, in the words of the TurnLatency notice; commit counts from the end of speech. */
const QUANTITIES: Readonly<Record<QuantityName, (turn: TurnTimes) => number>> = {
  perceived: ({ perceivedMs }) => perceivedMs,
  commit: ({ endpointMs, commitMs }) => endpointMs + commitMs,
  model: ({ modelMs }) => modelMs,
};

const SEGMENT_NAMES = ["all", "non_filler", "filler"] as const;
const QUANTITY_NAMES = ["perceived", "commit", "model"] as const;

export function compareSets(setA: TurnSet, setB: TurnSet): SetComparison {
  return {
    fillerShareA: shareOf(setA.turns, isFiller),
    fillerShareB: shareOf(setB.turns, isFiller),
    comparisons: SEGMENT_NAMES.flatMap((segment) =>
      QUANTITY_NAMES.map((quantity) => compare(setA, setB, segment, quantity)),
    ),
    thresholds: THRESHOLDS_MS.map((thresholdMs) => {
      const isBelow = ({ perceivedMs }: TurnTimes) => perceivedMs < thresholdMs;
      return {
        thresholdMs,
        shareA: shareOf(setA.turns, isBelow),
        shareB: shareOf(setB.turns, isBelow),
      };
    }),
  };
}

function compare(
  setA: TurnSet,
  setB: TurnSet,
  segment: SegmentName,
  quantity: QuantityName,
): Comparison {
  const values = ({ turns }: TurnSet) => turns.filter(SEGMENTS[segment]).map(QUANTITIES[quantity]);
  const valuesA = values(setA);
  const valuesB = values(setB);
  return {
    segment,
    quantity,
    a: summarise(valuesA),
    b: summarise(valuesB),
    difference: difference(valuesA, valuesB),
  };
}

function isFiller({ modelMs }: TurnTimes): boolean {
  return modelMs < FILLER_MODEL_MS;
}

function shareOf(turns: readonly TurnTimes[], isWanted: (turn: TurnTimes) => boolean): number {
  return turns.filter(isWanted).length / turns.length;
}
