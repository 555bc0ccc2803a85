// A streamer over the timeline engine on a stepped clock, with one open stream.
import type { SpeechToTextStream } from "../../service/contract/speech-to-text.ts";
import { createSpeechStreamer } from "../../service/speech-to-text/speech-streamer.ts";
import type { SpeechStreamerSettings } from "../../service/speech-to-text/streamer-settings.ts";
import { createMetricsRegistry } from "../../service/telemetry/metrics-registry.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { createSpeechEvents } from "./speech-events.ts";
import {
  createTimelineEngine,
  type SpokenWord,
  TIMELINE_RATE_HZ,
  timelineAudio,
} from "./timeline-engine.ts";

/** `texts`: what the engine says to its first, second, … question; then the last one. */
export function streamerFixture(
  options: {
    readonly texts?: readonly string[];
    readonly words?: readonly SpokenWord[];
    readonly confidences?: readonly number[];
    readonly hasTimes?: boolean;
    readonly language?: string;
    readonly settings?: Partial<SpeechStreamerSettings>;
  } = {},
) {
  const { texts, words = [], confidences } = options;
  let answers = 0;
  const engine = createTimelineEngine(words, {
    ...(texts !== undefined && {
      write: () => texts[Math.min(answers++, texts.length - 1)] ?? "",
    }),
    ...(confidences !== undefined && {
      confidence: () => confidences[Math.min(answers, confidences.length - 1)] ?? 1,
    }),
    hasTimes: options.hasTimes === true,
  });
  const clock = createSteppedClock();
  const metrics = createMetricsRegistry();
  const events = createSpeechEvents();
  const settings = options.settings ?? {};
  const streamer = createSpeechStreamer({ engine, clock, metrics, settings });
  const stream = streamer.open(
    { rateHz: TIMELINE_RATE_HZ, language: options.language ?? "" },
    events,
  );
  let saidMs = 0;
  const say = (ms: number) => {
    sayTimeline(stream, words, saidMs, saidMs + ms);
    saidMs += ms;
  };
  return {
    engine,
    clock,
    metrics,
    events,
    streamer,
    stream,
    begin(utterance: number) {
      saidMs = 0;
      stream.begin(utterance);
    },
    /** The next `ms` of the timeline in chunks of 20 ms. */
    say,
    /** Says `ms`, then lets the engine answer. */
    async hear(ms: number) {
      say(ms);
      await engine.answer();
    },
  };
}

function sayTimeline(
  stream: SpeechToTextStream,
  words: readonly SpokenWord[],
  fromMs: number,
  toMs: number,
): void {
  const audio = timelineAudio(words, fromMs, toMs);
  for (let start = 0; start < audio.length; start += 40) {
    stream.append(audio, start, Math.min(audio.length, start + 40));
  }
}
