// Chooses a turn rule on one half of the recordings and judges it on the other.
// Method: every rule of a grid is replayed; the one chosen on a fold has the lowest sum of median
// delays (plus a tenth of the 90 percentiles) among those with no more cut-offs than plain silence
// of 500 ms on any kind of line, and at most one boundary fewer found per condition. Each recording
// is then judged by the rule chosen without it. Intervals: paired percentile bootstrap over files.
// Conditions count together (both rates, kinds of line, noise, low level), because a rule that fits
// one of them alone does not hold up on the other half.

import { type Interval, interval, type ScoredSpeech } from "./vad-metrics.ts";
import {
  type JudgedTurns,
  judgeTurns,
  PLAIN_RULE,
  summarise,
  type TurnRule,
  type TurnSummary,
} from "./vad-turns.ts";
import { uniformRandom } from "./vad-variants.ts";

const BOOTSTRAP_DRAWS = 2000;

/** Recordings as scored under one condition; all conditions hold the same files in one order. */
export interface Condition {
  readonly name: string;
  /** Cut-offs are compared with plain silence's within a group, not only in all. */
  readonly group: string;
  /** False: judged and shown, but a rule is not chosen by it. */
  readonly isTunedOn: boolean;
  readonly scored: readonly ScoredSpeech[];
}

export interface ConditionResult {
  readonly name: string;
  readonly ours: TurnSummary;
  readonly plain: TurnSummary;
  /** Ours minus plain: median delay in ms, and cut-offs. */
  readonly medianDifferenceMs: Interval;
  readonly cutOffDifference: Interval;
}

export interface TuningResult {
  /** Chosen on the even files (judges the odd ones), then on the odd ones. */
  readonly chosen: readonly [TurnRule, TurnRule];
  /** Chosen on all files: what a preset can be. */
  readonly chosenOnAll: TurnRule;
  readonly conditions: readonly ConditionResult[];
}

/** The grid of weighted-silence rules. */
export function ruleGrid(): TurnRule[] {
  const rules: TurnRule[] = [];
  for (const stopThreshold of [0.2, 0.25, 0.3, 0.35, 0.45]) {
    for (let minSilenceMs = 288; minSilenceMs <= 1056; minSilenceMs += 32) {
      const base = { ...PLAIN_RULE, stopThreshold, minSilenceMs };
      rules.push(base);
      for (const confidentSilenceThreshold of [0.01, 0.02, 0.03, 0.05]) {
        for (const confidentSilenceWeight of [2, 3, 4]) {
          const weighted = { ...base, confidentSilenceThreshold, confidentSilenceWeight };
          rules.push(weighted);
          rules.push({ ...weighted, shortSpeechMs: 600, shortSpeechSilencePercent: 135 });
        }
      }
    }
  }
  return rules;
}

/** Two folds by file, pooled, against plain silence of 500 ms. */
export function tuneInFolds(conditions: readonly Condition[]): TuningResult {
  const rules = ruleGrid();
  const judged = rules.map((rule) => judgeAll(conditions, rule));
  const plain = judgeAll(conditions, PLAIN_RULE);
  const pick = (isInFold: FileFilter): number => choose({ conditions, judged, plain, isInFold });
  const even = pick((file) => file % 2 === 0);
  const odd = pick((file) => file % 2 === 1);
  const all = pick(() => true);
  return {
    chosen: [ruleAt(rules, even), ruleAt(rules, odd)],
    chosenOnAll: ruleAt(rules, all),
    conditions: conditions.map(({ name }, condition) => {
      const plainFiles = plain[condition] ?? [];
      const ours = plainFiles.map((same, file) => {
        return judged[file % 2 === 0 ? odd : even]?.[condition]?.[file] ?? same;
      });
      return compareRules(name, ours, plainFiles);
    }),
  };
}

/** Paired comparison of two rules' results on the same files. */
export function compareRules(
  name: string,
  ours: readonly JudgedTurns[],
  plain: readonly JudgedTurns[],
): ConditionResult {
  const random = uniformRandom(2);
  const medians: number[] = [];
  const cutOffs: number[] = [];
  for (let draw = 0; draw < BOOTSTRAP_DRAWS; draw++) {
    const picked = ours.map(() => Math.floor(random() * ours.length));
    const first = summarise(at(ours, picked));
    const second = summarise(at(plain, picked));
    medians.push(first.medianMs - second.medianMs);
    cutOffs.push(first.cutOffs - second.cutOffs);
  }
  const oursAll = summarise(ours);
  const plainAll = summarise(plain);
  return {
    name,
    ours: oursAll,
    plain: plainAll,
    medianDifferenceMs: interval(oursAll.medianMs - plainAll.medianMs, medians),
    cutOffDifference: interval(oursAll.cutOffs - plainAll.cutOffs, cutOffs),
  };
}

/** [condition][file] */
type JudgedConditions = readonly (readonly JudgedTurns[])[];

/** Every condition's files under one rule. */
export function judgeAll(conditions: readonly Condition[], rule: TurnRule): JudgedConditions {
  return conditions.map(({ scored }) => scored.map((file) => judgeTurns(file, rule)));
}

type FileFilter = (file: number) => boolean;

interface Choice {
  readonly conditions: readonly Condition[];
  readonly judged: readonly JudgedConditions[];
  readonly plain: JudgedConditions;
  readonly isInFold: FileFilter;
}

/** Index of the cheapest rule that cuts off no more than plain silence does. */
function choose({ conditions, judged, plain, isInFold }: Choice): number {
  const groups = [...new Set(conditions.filter((one) => one.isTunedOn).map((one) => one.group))];
  const limits = groups.map((group) => groupSummary({ conditions, isInFold }, plain, group));
  let best = 0;
  let costBest = Number.POSITIVE_INFINITY;
  for (const [index, candidate] of judged.entries()) {
    const isWithin = groups.every((group, place) => {
      const one = groupSummary({ conditions, isInFold }, candidate, group);
      const limit = limits[place];
      const misses = conditions.filter((condition) => condition.group === group).length;
      return (
        limit !== undefined && one.cutOffs <= limit.cutOffs && one.found >= limit.found - misses
      );
    });
    const cost = isWithin ? costOf({ conditions, isInFold }, candidate) : Number.POSITIVE_INFINITY;
    if (cost >= costBest) continue;
    best = index;
    costBest = cost;
  }
  return best;
}

type Scope = Pick<Choice, "conditions" | "isInFold">;

function groupSummary(scope: Scope, judged: JudgedConditions, group: string): TurnSummary {
  const files = judged.flatMap((all, condition) =>
    scope.conditions[condition]?.group === group
      ? all.filter((_, file) => scope.isInFold(file))
      : [],
  );
  return summarise(files);
}

function costOf(scope: Scope, judged: JudgedConditions): number {
  let cost = 0;
  for (const [condition, files] of judged.entries()) {
    if (scope.conditions[condition]?.isTunedOn !== true) continue;
    const one = summarise(files.filter((_, file) => scope.isInFold(file)));
    cost += one.medianMs + one.p90Ms / 10;
  }
  return cost;
}

function at<Item>(items: readonly Item[], picked: readonly number[]): Item[] {
  return picked.flatMap((index) => {
    const item = items[index];
    return item === undefined ? [] : [item];
  });
}

function ruleAt(rules: readonly TurnRule[], index: number): TurnRule {
  const rule = rules[index];
  if (rule === undefined) throw new Error("Cannot tune: the grid is empty");
  return rule;
}
