// The conformance suite of SpeechToText on: the streamer over a scripted engine, the streamer over the
// HTTP engine and a local server, the same with an engine before it that never works, the Realtime
// transcription over a socket to the simulator, and the transcription socket to the same.
import { createSpeechStreamer } from "../../service/speech-to-text/speech-streamer.ts";
import { createFallbackEngine } from "../../service/speech-to-text/fallback-engine.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import type { SpeechToTextEngine } from "../../service/contract/speech-to-text.ts";
import { realtimeFixture } from "../speech-to-text/realtime-fixture.ts";
import { transcriptionFixture } from "../speech-to-text/transcription-fixture.ts";
import { httpEngine, startTranscriptionServer } from "../speech-to-text/transcription-server.ts";
import {
  createTimelineEngine,
  settled,
  spoken,
  TIMELINE_RATE_HZ,
  timelineAudio,
} from "../speech-to-text/timeline-engine.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { speechToTextConformance } from "./speech-to-text.ts";

const WORDS = [...spoken("one two three", 200), ...spoken("four five six", 1_400)];
const AUDIO = {
  rateHz: TIMELINE_RATE_HZ,
  first: timelineAudio(WORDS, 0, 1_300),
  second: timelineAudio(WORDS, 1_300, 2_600),
};
const REAL_TIME_TURNS = 400;

function streamerOver(engine: SpeechToTextEngine) {
  return createSpeechStreamer({ engine, clock: createSteppedClock() });
}

speechToTextConformance("the streamer over a scripted engine", () => {
  const engine = createTimelineEngine(WORDS, { support: { languages: ["en"] } });
  return {
    ...AUDIO,
    speech: streamerOver(engine),
    async settle() {
      await settled();
      while (engine.waiting() > 0) await engine.answer();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
});

speechToTextConformance("the streamer over the HTTP engine", () => {
  const server = startTranscriptionServer(WORDS);
  return {
    ...AUDIO,
    speech: streamerOver(httpEngine(server.url)),
    settle: () => server.settle(REAL_TIME_TURNS),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});

speechToTextConformance("the streamer over two engines of which the first is down", () => {
  const server = startTranscriptionServer(WORDS);
  const down = httpEngine(`${server.url}/down`);
  const engine = createFallbackEngine(
    [down, httpEngine(server.url)],
    { purpose: "speech_to_text", rememberMs: 30_000 },
    { clock: createSteppedClock(), metrics: NO_METRICS },
  );
  return {
    ...AUDIO,
    speech: streamerOver(engine),
    settle: () => server.settle(REAL_TIME_TURNS),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});

speechToTextConformance("a Realtime session, the simulator behind it", realtimeFixture);

speechToTextConformance("a transcription session, the simulator behind it", () =>
  transcriptionFixture(),
);
