// One call's latency budget: every stage's times, and an alarm when a stage of ours takes longer
// than it may (S4-C23). Station: told by the lane and by the call; writes to the service's meters.
// The alarm: each violation is counted; the first of a stage in a call is logged, so that a slow
// machine does not fill the log. The lane runs in its fastest mode already: there is nothing to
// switch when a budget is exceeded, and what to do about it is the operator's (docs/latency.md).
import {
  type CallLatencyFigures,
  LATENCY_STAGES,
  type LatencyStage,
  type StageFigures,
  type StageSink,
} from "./contract/latency.ts";
import type { Log, LogFields } from "./contract/log.ts";

/** Longest time of each stage in ms. */
export type LatencyBudgets = Readonly<Record<LatencyStage, number>>;

export interface CallLatencyDeps {
  readonly budgets: LatencyBudgets;
  readonly log: Log;
  /** Every observation, for the service's histograms. */
  readonly onStage: (stage: LatencyStage, durationMs: number, isOver: boolean) => void;
  /** What the network takes to the provider and back; -1: not known. */
  readonly networkMs: () => number;
}

interface StageState {
  count: number;
  sumMs: number;
  maxMs: number;
  violations: number;
}

export class CallLatency implements StageSink {
  readonly #deps: CallLatencyDeps;
  readonly #states: Readonly<Record<LatencyStage, StageState>>;

  constructor(deps: CallLatencyDeps) {
    this.#deps = deps;
    const fresh = (): StageState => ({ count: 0, sumMs: 0, maxMs: 0, violations: 0 });
    this.#states = {
      onset_to_upstream: fresh(),
      frame_to_upstream: fresh(),
      reaction: fresh(),
      end_to_commit: fresh(),
      audio_to_caller: fresh(),
    };
  }

  observe(stage: LatencyStage, durationMs: number): void {
    const state = this.#states[stage];
    const isOver = durationMs > this.#deps.budgets[stage];
    state.count += 1;
    state.sumMs += durationMs;
    state.maxMs = Math.max(state.maxMs, durationMs);
    this.#deps.onStage(stage, durationMs, isOver);
    if (!isOver) return;
    state.violations += 1;
    if (state.violations === 1) this.#alarm(stage, durationMs);
  }

  /** Stages that were measured, in the order of the frame's way. */
  breakdown(): StageFigures[] {
    return LATENCY_STAGES.filter((stage) => this.#states[stage].count > 0).map((stage) => {
      const { count, sumMs, maxMs, violations } = this.#states[stage];
      const budgetMs = this.#deps.budgets[stage];
      return { stage, budgetMs, count, meanMs: sumMs / count, maxMs, violations };
    });
  }

  figures(): CallLatencyFigures {
    return { stages: this.breakdown(), networkMs: this.#deps.networkMs() };
  }

  /** For a log line: stages with largest and mean in ms, and the network, where it is known. */
  summary(): LogFields {
    const { stages, networkMs } = this.figures();
    const stagesMs = stages
      .map(({ stage, maxMs, meanMs }) => `${stage} ${maxMs.toFixed(1)}/${meanMs.toFixed(1)}`)
      .join(", ");
    return { stagesMs, networkMs: networkMs < 0 ? undefined : Math.round(networkMs) };
  }

  #alarm(stage: LatencyStage, durationMs: number): void {
    const budgetMs = this.#deps.budgets[stage];
    this.#deps.log.warn("latency budget exceeded", { stage, durationMs, budgetMs });
  }
}
