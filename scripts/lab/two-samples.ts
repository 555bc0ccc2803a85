// Two samples of one quantity side by side: what each is like and whether the difference is more
// than chance (S1-64).
// Sources: B. L. Welch, "The generalization of Student's problem when several different population
// variances are involved", Biometrika 34 (1947), with Satterthwaite's degrees of freedom
// (Biometrics Bulletin 2, 1946); effect size: J. Cohen, "Statistical Power Analysis for the
// Behavioral Sciences" (2nd edition, 1988), d with the pooled standard deviation.
import { twoTailedP } from "./student-t.ts";

export interface Summary {
  readonly n: number;
  readonly median: number;
  readonly mean: number;
  /** Of the sample (n - 1); 0 when n is 1. */
  readonly standardDeviation: number;
}

/** Signs: t and d are above 0 when A's mean is the smaller one, that is when A is faster. */
export interface Difference {
  /** A - B. */
  readonly medianDifference: number;
  /** A - B. */
  readonly meanDifference: number;
  /** Median difference as a share of B's median, 0.22 = 22 % less; undefined when that is 0. */
  readonly medianShare: number | undefined;
  /** Undefined when a sample has fewer than two values or neither varies. */
  readonly test:
    | { readonly t: number; readonly df: number; readonly d: number; readonly p: number }
    | undefined;
}

/** Undefined for no values at all. */
export function summarise(values: readonly number[]): Summary | undefined {
  const n = values.length;
  if (n === 0) return undefined;
  return {
    n,
    median: median(values),
    mean: mean(values),
    standardDeviation: n < 2 ? 0 : Math.sqrt(variance(values)),
  };
}

/** Undefined when a sample is empty. */
export function difference(
  valuesA: readonly number[],
  valuesB: readonly number[],
): Difference | undefined {
  if (valuesA.length === 0 || valuesB.length === 0) return undefined;
  const medianB = median(valuesB);
  const medianDifference = median(valuesA) - medianB;
  return {
    medianDifference,
    meanDifference: mean(valuesA) - mean(valuesB),
    medianShare: medianB === 0 ? undefined : -medianDifference / medianB,
    test: welchTest(valuesA, valuesB),
  };
}

function welchTest(valuesA: readonly number[], valuesB: readonly number[]): Difference["test"] {
  const countA = valuesA.length;
  const countB = valuesB.length;
  if (countA < 2 || countB < 2) return undefined;
  const varianceA = variance(valuesA);
  const varianceB = variance(valuesB);
  if (varianceA + varianceB === 0) return undefined;
  const gain = mean(valuesB) - mean(valuesA);
  const errorA = varianceA / countA;
  const errorB = varianceB / countB;
  const t = gain / Math.sqrt(errorA + errorB);
  const df = (errorA + errorB) ** 2 / (errorA ** 2 / (countA - 1) + errorB ** 2 / (countB - 1));
  const pooled = ((countA - 1) * varianceA + (countB - 1) * varianceB) / (countA + countB - 2);
  return { t, df, d: gain / Math.sqrt(pooled), p: twoTailedP(t, df) };
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return squares / (values.length - 1);
}
