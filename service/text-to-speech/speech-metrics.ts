// What operators see of the voice: sentences by what became of them, how long the first audio of a
// sentence takes, and how often the model's writing had to wait. Engines have their own metrics.
import type { Counter, Histogram, Metrics } from "../contract/metrics.ts";

export type SentenceResult = "spoken" | "failed" | "cleared" | "filler_dropped";

export interface SpeechMetrics {
  readonly sentences: Readonly<Record<SentenceResult, Counter>>;
  /** The engine asked -> its first audio. */
  readonly firstAudioMs: Histogram;
  readonly fullQueues: Counter;
  /** Characters over the bound of one push or interjection. */
  readonly charsDropped: Counter;
}

const FIRST_AUDIO_MS = [10, 20, 50, 100, 150, 200, 300, 400, 600, 800, 1_200, 2_000, 4_000, 8_000];

export function createSpeechMetrics(metrics: Metrics): SpeechMetrics {
  const sentences = (result: SentenceResult) =>
    metrics.counter(
      "voxbridge_speech_sentences_total",
      "Sentences to speak, by what became of them",
      {
        result,
      },
    );
  return {
    sentences: {
      spoken: sentences("spoken"),
      failed: sentences("failed"),
      cleared: sentences("cleared"),
      filler_dropped: sentences("filler_dropped"),
    },
    firstAudioMs: metrics.histogram(
      "voxbridge_speech_first_audio_ms",
      "Speech engine asked to the first audio of the sentence",
      FIRST_AUDIO_MS,
    ),
    fullQueues: metrics.counter(
      "voxbridge_speech_queue_full_total",
      "Texts that were not taken because enough sentences wait",
    ),
    charsDropped: metrics.counter(
      "voxbridge_speech_characters_dropped_total",
      "Characters beyond the longest text that is taken at once",
    ),
  };
}
