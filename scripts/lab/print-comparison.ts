// A comparison as aligned tables for people. Milliseconds are rounded here and nowhere before, so
// a printed difference may be 1 off from the printed values (D-41).
import type { Comparison, QuantityName, SegmentName, SetComparison } from "./compare-sets.ts";
import { FILLER_MODEL_MS } from "./compare-sets.ts";
import type { RecordedSound, TurnSet } from "./turn-set.ts";
import type { Summary } from "./two-samples.ts";

const SEGMENT_LABEL: Readonly<Record<SegmentName, string>> = {
  all: "all turns",
  non_filler: `not fillers (model at least ${FILLER_MODEL_MS} ms)`,
  filler: `fillers (model below ${FILLER_MODEL_MS} ms)`,
};

const QUANTITY_LABEL: Readonly<Record<QuantityName, string>> = {
  perceived: "perceived",
  commit: "commit",
  model: "model",
};

const HEAD = [
  "ms",
  "n A",
  "n B",
  "median A",
  "median B",
  "A - B",
  "less",
  "mean A",
  "mean B",
  "A - B",
  "t",
  "df",
  "d",
  "p",
];
const P_MIN_SHOWN = 0.001;

/** Lines without line ends. */
export function comparisonLines(
  setA: TurnSet,
  setB: TurnSet,
  comparison: SetComparison,
): readonly string[] {
  const segments = (["all", "non_filler", "filler"] as const).flatMap((segment) => {
    const rows = comparison.comparisons.filter((row) => row.segment === segment);
    if (rows.every(({ a, b }) => a === undefined && b === undefined)) return [];
    return ["", SEGMENT_LABEL[segment], ...aligned([HEAD, ...rows.map(comparisonRow)])];
  });
  const thresholds = comparison.thresholds.map(({ thresholdMs, shareA, shareB }) => [
    `< ${thresholdMs / 1000} s`,
    percent(shareA),
    percent(shareB),
  ]);
  const fillers = ["fillers", percent(comparison.fillerShareA), percent(comparison.fillerShareB)];
  return [
    ...setLines("A", setA),
    ...setLines("B", setB),
    ...segments,
    "",
    "share of all turns",
    ...aligned([["perceived", "A", "B"], ...thresholds, fillers]),
    "",
    "t (Welch) and d (Cohen) are above 0 when A is faster; p is two-tailed.",
  ];
}

function setLines(letter: string, set: TurnSet): string[] {
  const { turns, splitCount, unmeasuredCount, sound } = set;
  const left = `${splitCount} split and ${unmeasuredCount} unmeasured left out`;
  const lines = [`${letter}: ${set.name}: ${set.configuration}, ${turns.length} turns, ${left}`];
  if (set.isSimulated) lines.push("   the simulator answered: its delays are made up");
  if (set.about !== "") lines.push(`   ${set.about}`);
  if (sound !== undefined) lines.push(`   ${soundText(sound)}`);
  return lines;
}

/** "12.3 s heard: 99 % bandwidth 3,406 Hz, 0 clicks, 0 dropouts". */
export function soundText({ heardMs, bandwidthHz: hz, clicks, dropouts }: RecordedSound): string {
  const bandwidth = hz === null ? "none" : `${Math.round(hz).toLocaleString("en-US")} Hz`;
  const seconds = (heardMs / 1000).toFixed(1);
  return `${seconds} s heard: 99 % bandwidth ${bandwidth}, ${clicks} clicks, ${dropouts} dropouts`;
}

function comparisonRow({ quantity, a, b, difference }: Comparison): string[] {
  const test = difference?.test;
  const ms = (summary: Summary | undefined, key: "median" | "mean") =>
    summary === undefined ? "-" : whole(summary[key]);
  return [
    QUANTITY_LABEL[quantity],
    String(a?.n ?? 0),
    String(b?.n ?? 0),
    ms(a, "median"),
    ms(b, "median"),
    difference === undefined ? "-" : whole(difference.medianDifference),
    difference?.medianShare === undefined ? "-" : percent(difference.medianShare),
    ms(a, "mean"),
    ms(b, "mean"),
    difference === undefined ? "-" : whole(difference.meanDifference),
    test === undefined ? "-" : test.t.toFixed(2),
    test === undefined ? "-" : test.df.toFixed(1),
    test === undefined ? "-" : test.d.toFixed(2),
    test === undefined ? "-" : shownP(test.p),
  ];
}

function shownP(p: number): string {
  return p < P_MIN_SHOWN ? `<${P_MIN_SHOWN}` : p.toFixed(3);
}

function whole(valueMs: number): string {
  // "-0" helps nobody.
  return (Math.round(valueMs) + 0).toLocaleString("en-US");
}

function percent(share: number): string {
  return `${Math.round(share * 100) + 0} %`;
}

/** First column to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `  ${cells.join("  ")}`.trimEnd();
  });
}
