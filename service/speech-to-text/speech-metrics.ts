// What operators see of speech to text. Labels are closed lists.
import type { Counter, Histogram, Metrics } from "../contract/metrics.ts";

export type RequestKind = "partial" | "seam" | "final";
export type RequestResult = "answered" | "failed" | "void";

export interface SpeechMetrics {
  /** Audio that no memory was left for, or that was pushed out unheard. */
  readonly samplesLost: Counter;
  /** Finals below the least confidence (D-12). */
  readonly doubtful: Counter;
  /** Transcription sessions that ended without our will, dials that failed included. */
  readonly sessionsLost: Counter;
  /** Events of transcription sessions that could not be read. */
  readonly eventsSkipped: Counter;
  /** From finish() to the final. */
  readonly finalMs: Histogram;
  countRequest(kind: RequestKind, result: RequestResult): void;
}

const KINDS: readonly RequestKind[] = ["partial", "seam", "final"];
const RESULTS: readonly RequestResult[] = ["answered", "failed", "void"];
const FINAL_MS_BOUNDS = [25, 50, 100, 150, 200, 300, 500, 800, 1_500, 3_000, 6_000] as const;

export function createSpeechMetrics(metrics: Metrics): SpeechMetrics {
  const requests = new Map<string, Counter>();
  for (const kind of KINDS) {
    for (const result of RESULTS) {
      const name = "voxbridge_speech_to_text_requests_total";
      const help = "Pieces of audio given to a speech to text engine";
      requests.set(kind + result, metrics.counter(name, help, { kind, result }));
    }
  }
  return {
    samplesLost: metrics.counter(
      "voxbridge_speech_to_text_samples_lost_total",
      "Samples of callers that speech to text never heard",
    ),
    doubtful: metrics.counter(
      "voxbridge_speech_to_text_doubtful_finals_total",
      "Final transcripts below the least confidence",
    ),
    sessionsLost: metrics.counter(
      "voxbridge_speech_to_text_sessions_lost_total",
      "Transcription sessions that ended by themselves or could not be opened",
    ),
    eventsSkipped: metrics.counter(
      "voxbridge_speech_to_text_events_skipped_total",
      "Events of transcription sessions that were passed over",
    ),
    finalMs: metrics.histogram(
      "voxbridge_speech_to_text_final_ms",
      "From the end of an utterance to its final transcript",
      FINAL_MS_BOUNDS,
    ),
    countRequest: (kind, result) => requests.get(kind + result)?.add(1),
  };
}
