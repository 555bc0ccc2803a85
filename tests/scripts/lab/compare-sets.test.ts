// The whole comparison. Goal: from unrounded turns to the figures that document S1 prints. Method:
// s1-local.jsonl and s1-server.jsonl, two sets of 50 turns CONSTRUCTED for this test: the document
// prints only summaries, so per-turn values were made up until every summary rounds to the printed
// one. They prove the arithmetic and nothing about any service.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { QuantityName, SegmentName } from "../../../scripts/lab/compare-sets.ts";
import { compareSets } from "../../../scripts/lab/compare-sets.ts";
import { comparisonLines } from "../../../scripts/lab/print-comparison.ts";
import { readTurnSet } from "../../../scripts/lab/turn-set.ts";

function load(name: string) {
  return readTurnSet(readFileSync(join(import.meta.dir, name), "utf8"), name);
}

const local = load("s1-local.jsonl");
const server = load("s1-server.jsonl");
const comparison = compareSets(local, server);

function figures(segment: SegmentName, quantity: QuantityName) {
  const found = comparison.comparisons.find(
    (row) => row.segment === segment && row.quantity === quantity,
  );
  const { a, b, difference } = found ?? {};
  if (a === undefined || b === undefined || difference?.test === undefined) {
    throw new Error(`No figures of ${segment} ${quantity}`);
  }
  const { test: welch, medianShare = Number.NaN } = difference;
  return {
    n: [a.n, b.n],
    median: [Math.round(a.median), Math.round(b.median)],
    medianDifference: Math.round(difference.medianDifference),
    percent: Math.round(medianShare * 100),
    mean: [Math.round(a.mean), Math.round(b.mean)],
    meanDifference: Math.round(difference.meanDifference),
    d: welch.d.toFixed(2),
    t: welch.t.toFixed(2),
    isBelowThousandth: welch.p < 0.001,
  };
}

describe("compareSets() on the constructed sets", () => {
  test("S1-65: turns that are no fillers", () => {
    expect(figures("non_filler", "perceived")).toEqual({
      n: [34, 28],
      median: [2412, 3101],
      medianDifference: -689,
      percent: 22,
      mean: [2396, 3216],
      meanDifference: -820,
      d: "1.04",
      t: "3.93",
      isBelowThousandth: true,
    });
    expect(figures("non_filler", "model").median).toEqual([2183, 2263]);
  });

  test("S1-66, D-41: fillers; the difference comes from unrounded medians", () => {
    const { mean: _, meanDifference: __, ...found } = figures("filler", "perceived");
    expect(found).toEqual({
      n: [16, 22],
      median: [679, 1134],
      // 679 - 1134 is -455: rounding first would print another number.
      medianDifference: -454,
      percent: 40,
      d: "1.74",
      t: "5.81",
      isBelowThousandth: true,
    });
    expect(figures("filler", "model").mean).toEqual([519, 517]);
  });

  test("S1-67: shares of all turns below the thresholds", () => {
    expect(
      comparison.thresholds.map(({ thresholdMs, shareA, shareB }) => [
        thresholdMs,
        Math.round(shareA * 100),
        Math.round(shareB * 100),
      ]),
    ).toEqual([
      [1000, 28, 4],
      [1500, 42, 36],
      [2500, 78, 54],
      [3000, 92, 70],
    ]);
  });

  test("S1-61: commit latency counts from the end of speech to the acknowledgement", () => {
    expect(figures("all", "commit").median[0]).toBe(122);
  });

  test("S1-63: a filler is a turn whose model took less than 1000 ms", () => {
    expect(comparison.fillerShareA).toBeCloseTo(0.32, 12);
    expect(comparison.fillerShareB).toBeCloseTo(0.44, 12);
    const turn = (modelMs: number) =>
      ({ turnId: 1, endpointMs: 0, commitMs: 0, modelMs, perceivedMs: 2000 }) as const;
    const edge = { ...local, turns: [turn(999.9), turn(1000)] };
    expect(compareSets(edge, server).fillerShareA).toBe(0.5);
  });

  test("comparisonLines() prints aligned tables", () => {
    const lines = comparisonLines(local, server, comparison);
    const rows = lines.filter((line) => line.startsWith("  perceived  "));
    expect(rows).toHaveLength(4);
    expect(rows[1]).toMatch(/ 34 +28 +2,412 +3,101 +-689 +22 % .* 3\.93 .* 1\.04 +<0\.001$/);
    expect(lines).toContain("  < 1 s      28 %   4 %");
    const about = lines.filter((line) => line.includes("Constructed, not measured"));
    expect(about).toHaveLength(2);
  });
});
