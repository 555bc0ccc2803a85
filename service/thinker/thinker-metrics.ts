// What operators see of the thinkers. Domains come from the configuration, so the labels are a closed
// list; a question ends in exactly one result.
import type { Counter, Gauge, Histogram, Metrics } from "../contract/metrics.ts";
import type { ThinkerOutcome } from "../contract/thinker.ts";
import { THINKER_DISPATCH_MS_MAX } from "../limits.ts";

const OUTCOMES: readonly ThinkerOutcome[] = [
  "answered",
  "cached",
  "stale",
  "timed_out",
  "failed",
  "busy",
  "unwanted",
];
const FLAWS = [
  "unknown_tool",
  "unknown_domain",
  "bad_arguments",
  "bad_update",
  "bad_sources",
] as const;
const ANSWER_MS = [50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200];
const CALL_MS = [50, 100, 200, 300, 400, 600, 800, 1_200, 1_600, 3_200, 6_400];
const DISPATCH_MS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50];

/** Of what a model writes and a thinker returns. */
export type ThinkerFlaw = (typeof FLAWS)[number];

export interface ThinkerMetrics {
  countRoute(domain: string): void;
  countFlaw(flaw: ThinkerFlaw): void;
  countOutcome(domain: string, outcome: ThinkerOutcome): void;
  /** Tool call to its output, of answers that were thought. */
  observeAnswer(domain: string, ms: number): void;
  /** End of turn to its first tool call: the model's share of the routing time (S1-25). */
  readonly callMs: Histogram;
  /** Tool call to the thinker at work: our share of it. */
  observeDispatch(ms: number): void;
  readonly progress: Counter;
  readonly working: Gauge;
}

export function createThinkerMetrics(metrics: Metrics, domains: readonly string[]): ThinkerMetrics {
  const routes = new Map<string, Counter>();
  const outcomes = new Map<string, Counter>();
  const answers = new Map<string, Histogram>();
  for (const domain of domains) {
    routes.set(
      domain,
      metrics.counter("voxbridge_thinker_routes_total", "Questions to thinkers", { domain }),
    );
    answers.set(
      domain,
      metrics.histogram("voxbridge_thinker_answer_ms", "Tool call to its answer", ANSWER_MS, {
        domain,
      }),
    );
    for (const result of OUTCOMES) {
      const help = "How questions to thinkers ended";
      const counter = metrics.counter("voxbridge_thinker_results_total", help, { domain, result });
      outcomes.set(`${domain} ${result}`, counter);
    }
  }
  const flaws = new Map<string, Counter>(
    FLAWS.map((kind) => [
      kind,
      metrics.counter(
        "voxbridge_thinker_flaws_total",
        "Tool calls and thinkers' results that were not as told",
        {
          kind,
        },
      ),
    ]),
  );
  const dispatchMs = metrics.histogram(
    "voxbridge_thinker_dispatch_ms",
    "Tool call to the thinker at work, our own share",
    DISPATCH_MS,
  );
  const dispatchesOver = metrics.counter(
    "voxbridge_thinker_dispatch_over_total",
    `Times our own share took longer than ${THINKER_DISPATCH_MS_MAX} ms`,
  );
  return {
    countRoute: (domain) => routes.get(domain)?.add(1),
    countFlaw: (flaw) => flaws.get(flaw)?.add(1),
    countOutcome: (domain, outcome) => outcomes.get(`${domain} ${outcome}`)?.add(1),
    observeAnswer: (domain, ms) => answers.get(domain)?.observe(ms),
    callMs: metrics.histogram(
      "voxbridge_thinker_call_ms",
      "End of turn to the model's tool call, the model's share",
      CALL_MS,
    ),
    observeDispatch(ms) {
      dispatchMs.observe(ms);
      if (ms > THINKER_DISPATCH_MS_MAX) dispatchesOver.add(1);
    },
    progress: metrics.counter("voxbridge_thinker_progress_total", "Lines said while one waited"),
    working: metrics.gauge("voxbridge_thinkers_working", "Thinkers at work now"),
  };
}
