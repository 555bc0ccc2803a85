// The metrics of calls and of the process, each made once with all its label values, so that a
// dashboard sees zeros from the start and a hot path only adds. main makes them and hands out
// slices; modules that count things of their own make those themselves, under their own names.
// Label values are closed sets: routes, upstreams, results, error codes we know. Never a call id,
// a caller or a text (T28).
import { LATENCY_STAGES, type LatencyStage } from "../contract/latency.ts";
import type { Counter, Gauge, Histogram, Metrics } from "../contract/metrics.ts";
import type { MetricsRegistry } from "./metrics-registry.ts";

export type RouteLabel = "stream" | "twilio";
export type UpstreamLabel = "openai" | "simulator" | "cascade";
export type SendResult = "sent" | "buffered" | "dropped";

const ROUTES: readonly RouteLabel[] = ["stream", "twilio"];
const UPSTREAMS: readonly UpstreamLabel[] = ["openai", "simulator", "cascade"];

const TURN_MS = [100, 200, 300, 400, 500, 600, 700, 800, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000];
export const SHORT_MS = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1_000];

/** Calls of one route with one upstream. */
export interface CallMetrics {
  readonly opened: Counter;
  readonly active: Gauge;
  readonly durationSeconds: Histogram;
  /**
   * True end of the caller's speech -> first audio of the answer given to the transport (S1-60).
   */
  readonly turnLatencyMs: Histogram;
}

export interface StageMetrics {
  readonly durationsMs: Histogram;
  readonly violations: Counter;
}

export interface ServiceMetrics {
  readonly calls: Readonly<Record<RouteLabel, Readonly<Record<UpstreamLabel, CallMetrics>>>>;
  /** Our own share of the latency, by stage, and how often it was over its budget. */
  readonly stages: Readonly<Record<LatencyStage, StageMetrics>>;
  readonly turns: Counter;
  readonly commitLatencyMs: Histogram;
  readonly bargeIns: Counter;
  /** Interrupting speech detected -> the caller's buffer told to clear. */
  readonly bargeInLatencyMs: Histogram;
  /** Early silence -> confirmed end: for so long the answer was under way already. */
  readonly speculationSavedMs: Histogram;
  readonly sends: Readonly<Record<SendResult, Counter>>;
}

/** Makes every metric; those of the process are read when the registry prints. */
export function createServiceMetrics(metrics: MetricsRegistry): ServiceMetrics {
  const residentBytes = metrics.gauge("process_resident_memory_bytes", "Resident memory");
  metrics.onPrint(() => residentBytes.set(process.memoryUsage.rss()));
  return {
    calls: byLabel(ROUTES, (route) =>
      byLabel(UPSTREAMS, (upstream) => callMetrics(metrics, { route, upstream })),
    ),
    stages: byLabel(LATENCY_STAGES, (stage) => stageMetrics(metrics, stage)),
    ...conversationMetrics(metrics),
    sends: byLabel(["sent", "buffered", "dropped"] as const, (result) =>
      metrics.counter("voxbridge_sends_total", "Answer frames to callers by result", { result }),
    ),
  };
}

interface CallLabels {
  readonly route: RouteLabel;
  readonly upstream: UpstreamLabel;
}

function callMetrics(metrics: Metrics, { route, upstream }: CallLabels): CallMetrics {
  const labels = { route, upstream };
  const seconds = [5, 15, 30, 60, 120, 300, 600, 1_800, 3_600];
  return {
    opened: metrics.counter("voxbridge_calls_total", "Calls opened", labels),
    active: metrics.gauge("voxbridge_calls_active", "Calls open now", labels),
    durationSeconds: metrics.histogram(
      "voxbridge_call_duration_seconds",
      "Length of ended calls",
      seconds,
      labels,
    ),
    turnLatencyMs: metrics.histogram(
      "voxbridge_turn_latency_ms",
      "End of the caller's speech to the first audio sent",
      TURN_MS,
      labels,
    ),
  };
}

function stageMetrics(metrics: Metrics, stage: LatencyStage): StageMetrics {
  return {
    durationsMs: metrics.histogram(
      "voxbridge_stage_ms",
      "Our own share of the latency by stage, docs/latency.md",
      SHORT_MS,
      { stage },
    ),
    violations: metrics.counter(
      "voxbridge_latency_over_budget_total",
      "Times a stage took longer than its budget",
      { stage },
    ),
  };
}

function conversationMetrics(metrics: Metrics) {
  return {
    turns: metrics.counter("voxbridge_turns_total", "Turns committed"),
    commitLatencyMs: metrics.histogram(
      "voxbridge_commit_latency_ms",
      "End of the caller's speech to the acknowledged commit",
      TURN_MS,
    ),
    speculationSavedMs: metrics.histogram(
      "voxbridge_speculation_saved_ms",
      "Early commit to the confirmed end of the turn",
      SHORT_MS,
    ),
    bargeIns: metrics.counter("voxbridge_barge_ins_total", "Answers the caller talked over"),
    bargeInLatencyMs: metrics.histogram(
      "voxbridge_barge_in_latency_ms",
      "Interrupting speech detected to the caller's buffer cleared",
      SHORT_MS,
    ),
  };
}

function byLabel<Label extends string, Made>(
  labels: readonly Label[],
  make: (label: Label) => Made,
): Readonly<Record<Label, Made>> {
  const made = labels.map((label) => [label, make(label)] as const);
  return Object.fromEntries(made) as Readonly<Record<Label, Made>>;
}
