// What operators see of one provider. Every provider of the service makes these with its own name,
// so that one dashboard shows all: language models, speech engines, data sources.
import type { Histogram, Metrics } from "../contract/metrics.ts";
import { type ProviderFailureCode, VoxError } from "../errors.ts";
import type { BreakerState } from "./circuit-breaker.ts";

const CODES: readonly ProviderFailureCode[] = [
  "engine_unavailable",
  "engine_timeout",
  "engine_rate_limited",
  "engine_refused",
  "engine_protocol",
  "engine_resting",
  "unsupported_language",
  "voice_not_found",
  "queue_full",
  "cancelled",
];
const ANSWER_MS = [20, 50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600];

export interface ProviderMetrics {
  /** From asking to the first sign of an answer. */
  readonly answerMs: Histogram;
  /** One use that failed; anything that is no failure of the list counts as engine_protocol. */
  countFailure(error: unknown): void;
  countRetry(): void;
  showBreaker(state: BreakerState): void;
}

/** `provider`: lower snake case, from the configuration, never from a peer. */
export function createProviderMetrics(metrics: Metrics, provider: string): ProviderMetrics {
  const failures = new Map(
    CODES.map((code) => [
      code as string,
      metrics.counter("voxbridge_provider_failures_total", "Uses of a provider that failed", {
        provider,
        code,
      }),
    ]),
  );
  const retries = metrics.counter("voxbridge_provider_retries_total", "Requests made once more", {
    provider,
  });
  const resting = metrics.gauge(
    "voxbridge_provider_resting",
    "1 while the provider is left in peace, 0.5 while one request tries it",
    { provider },
  );
  return {
    answerMs: metrics.histogram(
      "voxbridge_provider_answer_ms",
      "Request to the first sign of an answer",
      ANSWER_MS,
      { provider },
    ),
    countFailure(error) {
      const code = error instanceof VoxError ? error.code : "engine_protocol";
      (failures.get(code) ?? failures.get("engine_protocol"))?.add(1);
    },
    countRetry: () => retries.add(1),
    showBreaker: (state) => resting.set(state === "resting" ? 1 : state === "probing" ? 0.5 : 0),
  };
}
