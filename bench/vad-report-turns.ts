// Tables and curve of the VAD harness about turns: ours, plain silence and the peers' rules.

import type { Core } from "../service/contract/core.ts";
import { VAD_PRESETS } from "../service/vad/presets.ts";
import type { Curve, Panel } from "./vad-curve.ts";
import { HARNESS_SETTINGS, windowFacts } from "./vad-engines.ts";
import type { Interval, ScoredSpeech } from "./vad-metrics.ts";
import { PEER_RULES } from "./vad-peers.ts";
import { atRate, channel, joined, ownBackground, RATES } from "./vad-report-frames.ts";
import { type LabelledSpeech, SPEECH_RATE_HZ } from "./vad-speech.ts";
import { compareRules, type Condition, judgeAll, tuneInFolds } from "./vad-tuning.ts";
import {
  judgeTurns,
  PLAIN_RULE,
  summarise,
  TAIL_SECONDS,
  type TurnRule,
  type TurnSummary,
} from "./vad-turns.ts";
import { atGain, normalRandom, withWhiteNoise } from "./vad-variants.ts";

/**
 * What the line is like where nobody speaks. "suppressed" and "line noise" are what calls have; a
 * rule is tuned on these two. "silence after" is digital near-silence after the recording and its
 * own noise inside it: how such rules are often measured, and no call sounds like it.
 */
const LINES = ["line noise", "suppressed", "silence after"] as const;
type Line = (typeof LINES)[number];

/** Confidence-weighted silence as it was chosen where near-silence follows the last word. */
const WEIGHTED_RULE: TurnRule = {
  ...PLAIN_RULE,
  stopThreshold: 0.3,
  minSilenceMs: 608,
  confidentSilenceThreshold: 0.03,
  confidentSilenceWeight: 3,
};

const PRESET: TurnRule = { ...VAD_PRESETS.wideband, minSpeechMs: PLAIN_RULE.minSpeechMs };

export interface TurnReport {
  readonly lines: readonly string[];
  readonly panels: readonly Panel[];
}

/** Tunes in folds, judges the shipped preset and the peers, and prepares the curve. */
export function turnReport(core: Core, speech: readonly LabelledSpeech[]): TurnReport {
  const conditions = lineConditions(core, speech);
  const shown = conditions.filter(({ name }) => name.endsWith("as recorded"));
  return {
    lines: [
      "### Tuned on one half, judged on the other",
      "",
      ...foldLines(conditions, shown),
      "### The same, tuned only where near-silence follows the last word",
      "",
      ...foldLines(conditions.map(onlyAfter), shown),
      ...presetLines(shown),
      ...ruleLines(shown),
      ...machineLines(shown),
    ],
    panels: shown.map((condition) => ({ title: condition.name, curves: curvesOf(condition) })),
  };
}

/** Both rates, every line, as recorded, with noise and 15 dB lower; normalised, as calls are. */
function lineConditions(core: Core, speech: readonly LabelledSpeech[]): Condition[] {
  const conditions: Condition[] = [];
  const inputs = [
    { name: "as recorded", make: (samples: Float32Array) => samples },
    { name: "noise 20 dB", make: (samples: Float32Array) => withWhiteNoise(samples, 20, 3) },
    { name: "-15 dB", make: (samples: Float32Array) => atGain(samples, -15) },
  ];
  const settings = { ...HARNESS_SETTINGS, isLevelNormalised: true, gateOverNoiseFloorDb: 3 };
  for (const rateHz of RATES) {
    for (const line of LINES) {
      for (const input of inputs) {
        // A suppressor takes the noise away; adding some after it makes another line.
        if (line === "suppressed" && input.name === "noise 20 dB") continue;
        const scored = speech.map((recording): ScoredSpeech => {
          const samples = atRate(input.make(onLine(recording, line)), rateHz);
          const facts = windowFacts({ core, source: "core", settings }, samples, rateHz);
          return { speech: recording, scores: facts.map(({ score }) => score) };
        });
        conditions.push({
          name: `${channel(rateHz)}, ${line}, ${input.name}`,
          group: line,
          isTunedOn: line !== "silence after",
          scored,
        });
      }
    }
  }
  return conditions;
}

/** A recording and what is heard after its last word. */
function onLine(recording: LabelledSpeech, line: Line): Float32Array {
  const count = TAIL_SECONDS * SPEECH_RATE_HZ;
  if (line === "suppressed") return suppressed(recording, count);
  const random = normalRandom(9);
  return joined(
    recording.samples,
    line === "line noise"
      ? ownBackground(recording, recording.samples, count)
      : Float32Array.from({ length: count }, () => NEAR_SILENCE * random()),
  );
}

/** -80 dBFS. */
const NEAR_SILENCE = 1e-4;
const SUPPRESSED_GAIN = 10 ** (-30 / 20);
const SUPPRESSOR_HOLD_SECONDS = 0.06;

/**
 * As through a noise-suppressing microphone: 60 ms after each word the rest goes down by 30 dB
 * within about 100 ms, and comes back within 20 ms.
 */
function suppressed({ samples, spans }: LabelledSpeech, tailSamples: number): Float32Array {
  const random = normalRandom(4);
  const output = new Float32Array(samples.length + tailSamples);
  let gain = 1;
  let span = 0;
  for (let index = 0; index < output.length; index++) {
    const seconds = index / SPEECH_RATE_HZ;
    while (span < spans.length && seconds >= (spans[span]?.endSeconds ?? 0)) span++;
    const gapStart = spans[span]?.startSeconds ?? spans.at(-1)?.endSeconds ?? 0;
    const isHeard = spans[span]?.isSpeech === true || seconds - gapStart < SUPPRESSOR_HOLD_SECONDS;
    gain += isHeard ? (1 - gain) * 0.01 : (SUPPRESSED_GAIN - gain) * 0.002;
    output[index] = (samples[index] ?? 0) * gain + NEAR_SILENCE * random();
  }
  return output;
}

/** How end-of-turn rules are often measured; what comes of it shows on the other lines. */
function onlyAfter(condition: Condition): Condition {
  return { ...condition, isTunedOn: condition.group === "silence after" };
}

function foldLines(conditions: readonly Condition[], shown: readonly Condition[]): string[] {
  const tuned = tuneInFolds(conditions);
  const names = new Set(shown.map(({ name }) => name));
  return [
    `Chosen on the even files: ${describe(tuned.chosen[0])}; on the odd ones: ` +
      `${describe(tuned.chosen[1])}; on all: ${describe(tuned.chosenOnAll)}.`,
    "",
    ...comparison(tuned.conditions.filter(({ name }) => names.has(name))),
    "",
  ];
}

function presetLines(shown: readonly Condition[]): string[] {
  const results = shown.map((condition) =>
    compareRules(
      condition.name,
      condition.scored.map((file) => judgeTurns(file, PRESET)),
      condition.scored.map((file) => judgeTurns(file, PLAIN_RULE)),
    ),
  );
  const heading = `### The preset (${describe(PRESET)}) on all files`;
  return [heading, "", ...comparison(results), ""];
}

function comparison(results: ReturnType<typeof tuneInFolds>["conditions"]): string[] {
  return [
    "| condition | ours: ms p50/p90, cut-offs, found | plain 500 ms: the same |" +
      " median difference, ms | cut-off difference |",
    "|---|---|---|---|---|",
    ...results.map(
      ({ name, ours, plain, medianDifferenceMs, cutOffDifference }) =>
        `| ${name} | ${summaryCell(ours)} | ${summaryCell(plain)} | ` +
        `${intervalCell(medianDifferenceMs)} | ${intervalCell(cutOffDifference)} |`,
    ),
  ];
}

function ruleLines(shown: readonly Condition[]): string[] {
  const rules = [
    ...[200, 300, 400, 500, 600, 700].map((minSilenceMs) => ({
      name: `plain ${minSilenceMs} ms`,
      rule: { ...PLAIN_RULE, minSilenceMs },
    })),
    ...PEER_RULES,
    { name: `weighted (${describe(WEIGHTED_RULE)})`, rule: WEIGHTED_RULE },
    { name: `preset (${describe(PRESET)})`, rule: PRESET },
  ];
  const rows = rules.map(({ name, rule }) => {
    const cells = judgeAll(shown, rule).map((files) => summaryCell(summarise(files)));
    return `| ${name} | ${cells.join(" | ")} |`;
  });
  return [
    "### Rules side by side (delay ms p50/p90, cut-offs, boundaries found)",
    "",
    `| rule | ${shown.map(({ name }) => name.replace(", as recorded", "")).join(" | ")} |`,
    `|---|${"---|".repeat(shown.length)}`,
    ...rows,
    "",
  ];
}

/** Starts and ends as the state machine gives them, on the first condition. */
function machineLines(shown: readonly Condition[]): string[] {
  const condition = shown[0];
  if (condition === undefined) return [];
  const rules = [{ name: "plain 500 ms", rule: PLAIN_RULE }, ...PEER_RULES];
  const ours = { name: "ours", rule: { ...PRESET, minSpeechMs: VAD_PRESETS.phone.minSpeechMs } };
  const rows = [...rules, ours].map(({ name, rule }) => {
    const judged = condition.scored.map((file) => judgeTurns(file, rule));
    const delays = judged.flatMap((file) => [...file.startDelaysMs]).sort((a, b) => a - b);
    const middle = delays[Math.floor(delays.length / 2)] ?? Number.NaN;
    const late = delays[Math.floor(delays.length * 0.9)] ?? Number.NaN;
    const sum = (of: (file: (typeof judged)[number]) => number): number =>
      judged.reduce((total, file) => total + of(file), 0);
    const starts = sum((file) => file.startCount);
    const inSilence = sum((file) => file.startsInSilence);
    return `| ${name} | ${starts} | ${middle.toFixed(0)}/${late.toFixed(0)} | ${inSilence} |`;
  });
  return [
    `### Starts (${condition.name})`,
    "",
    "| rule | starts | confirmed ms after the label p50/p90 | while the label says silence |",
    "|---|---|---|---|",
    ...rows,
    "",
  ];
}

function curvesOf(condition: Condition): Curve[] {
  const sweep = (base: TurnRule, from: number, to: number): Curve["points"] => {
    const points = [];
    for (let minSilenceMs = from; minSilenceMs <= to; minSilenceMs += 32) {
      points.push(pointOf(condition, { ...base, minSilenceMs }, `${minSilenceMs} ms`));
    }
    return points;
  };
  const peer = (colour: string, index: number): Curve => {
    const found = PEER_RULES[index];
    const points = found === undefined ? [] : [pointOf(condition, found.rule, found.name)];
    return { name: (found?.name ?? "").split(" (")[0] ?? "", colour, isLine: false, points };
  };
  return [
    { name: "plain silence", colour: "#666", isLine: true, points: sweep(PLAIN_RULE, 160, 896) },
    {
      name: "weighted silence",
      colour: "#c33",
      isLine: true,
      points: sweep(WEIGHTED_RULE, 192, 1056),
    },
    { name: "preset", colour: "#800", isLine: false, points: [pointOf(condition, PRESET, "ours")] },
    ...["#27c", "#292", "#92c", "#c82", "#099"].map(peer),
  ];
}

function pointOf(condition: Condition, rule: TurnRule, label: string): Curve["points"][number] {
  const { cutOffs, medianMs } = summarise(condition.scored.map((file) => judgeTurns(file, rule)));
  return { cutOffs, medianMs, label };
}

function describe(rule: TurnRule): string {
  const short =
    rule.shortSpeechSilencePercent === 100
      ? ""
      : `, x${rule.shortSpeechSilencePercent / 100} after less than ${rule.shortSpeechMs} ms`;
  const { stopThreshold, minSilenceMs, confidentSilenceThreshold, confidentSilenceWeight } = rule;
  return (
    `stop ${stopThreshold}, ${minSilenceMs} ms` +
    (confidentSilenceWeight === 1
      ? ""
      : `, x${confidentSilenceWeight} under ${confidentSilenceThreshold}`) +
    short
  );
}

function summaryCell({ medianMs, p90Ms, cutOffs, found, boundaries }: TurnSummary): string {
  return `${medianMs.toFixed(0)}/${p90Ms.toFixed(0)}, ${cutOffs}, ${found} of ${boundaries}`;
}

function intervalCell({ value, low, high }: Interval): string {
  return `${value.toFixed(0)} [${low.toFixed(0)}, ${high.toFixed(0)}]`;
}
