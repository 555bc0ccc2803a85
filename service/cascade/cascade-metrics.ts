// What operators see of the cascade: where the time of a turn went (S2-82) and what its parts did.
// Closed lists of labels; made once per factory, shared by all calls.
import type { Counter, Histogram, Metrics } from "../contract/metrics.ts";
import type { StageLatency } from "../contract/upstream.ts";
import type { RetrievalCount } from "./retrieval.ts";

const CASCADE_COUNTS = [
  "turn_heard",
  "turn_without_words",
  "turn_failed",
  "draft_begun",
  "draft_used",
  "draft_dropped",
  "answer_failed",
  "sentence_failed",
  "writer_waited",
  "text_stage_skipped",
  "retrieval_prefetched",
  "retrieval_prefetch_used",
  "retrieval_prefetch_stale",
  "retrieval_failed",
  "retrieval_late",
] as const;

type RetrievalCounts = `retrieval_${RetrievalCount}`;
export type CascadeCount = (typeof CASCADE_COUNTS)[number] | RetrievalCounts;

/** The names of S2-82; vad_ms and total_turn_ms are the call's own (turn latency). */
const STAGES: readonly (readonly [keyof StageLatency, string])[] = [
  ["sttFirstPartialMs", "stt_first_partial"],
  ["sttFinalMs", "stt_final"],
  ["textProcessingMs", "text_processing"],
  ["ragRetrievalMs", "rag_retrieval"],
  ["llmFirstTokenMs", "llm_first_token"],
  ["llmFirstSentenceMs", "llm_first_sentence"],
  ["ttsFirstAudioMs", "tts_first_audio"],
];
const STAGE_MS_BOUNDS = [5, 10, 25, 50, 100, 150, 200, 300, 500, 800, 1_200, 2_000, 5_000] as const;

export interface CascadeMetrics {
  count(what: CascadeCount): void;
  observe(latency: StageLatency): void;
}

export function createCascadeMetrics(metrics: Metrics): CascadeMetrics {
  const counters = new Map<CascadeCount, Counter>(
    CASCADE_COUNTS.map((what) => [
      what,
      metrics.counter("voxbridge_cascade_total", "What the cascade did", { what }),
    ]),
  );
  const stages: readonly (readonly [keyof StageLatency, Histogram])[] = STAGES.map(
    ([key, stage]) => [
      key,
      metrics.histogram(
        "voxbridge_cascade_stage_ms",
        "Where the time of a turn went, stage by stage",
        STAGE_MS_BOUNDS,
        { stage },
      ),
    ],
  );
  return {
    count: (what) => counters.get(what)?.add(1),
    observe(latency) {
      for (const [key, histogram] of stages) {
        if (latency[key] >= 0) histogram.observe(latency[key]);
      }
    },
  };
}
