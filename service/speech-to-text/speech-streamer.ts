// Makes speech to text of any engine that writes down one piece of audio: streams that ask it again
// and again (speech-stream.ts).
import type { Clock } from "../contract/clock.ts";
import { type Metrics, NO_METRICS } from "../contract/metrics.ts";
import type { SpeechToText, SpeechToTextEngine } from "../contract/speech-to-text.ts";
import { languageFor } from "./language-choice.ts";
import { SampleBlocks } from "./sample-blocks.ts";
import { createSpeechMetrics } from "./speech-metrics.ts";
import { createSpeechStream } from "./speech-stream.ts";
import { type SpeechStreamerSettings, streamerSettings } from "./streamer-settings.ts";

export interface SpeechStreamerDeps {
  readonly engine: SpeechToTextEngine;
  readonly clock: Clock;
  readonly metrics?: Metrics;
  readonly settings?: Partial<SpeechStreamerSettings>;
}

/** Streams over `engine`, which it owns: close() closes it. */
export function createSpeechStreamer(deps: SpeechStreamerDeps): SpeechToText {
  const { engine, clock } = deps;
  const settings = streamerSettings(deps.settings);
  const metrics = createSpeechMetrics(deps.metrics ?? NO_METRICS);
  const blocks = new SampleBlocks(settings.memoryBytesMax);
  return {
    name: engine.name,
    support: { ...engine.support, isStreaming: false, chunkMs: settings.chunkMs },
    open: (request, listener) => {
      const language = languageFor(engine.name, engine.support, request.language);
      const shared = { engine, clock, settings, metrics, blocks };
      return createSpeechStream(shared, { ...request, language }, listener);
    },
    close: () => engine.close(),
  };
}
