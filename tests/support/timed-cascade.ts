// A whole cascade of engines with fixed delays for a service under test, with the project's own
// streamers between the engines and the calls.
import type { CascadeEngines } from "../../service/cascade/cascade-settings.ts";
import type { Clock } from "../../service/contract/clock.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { createSpeechStreamer } from "../../service/speech-to-text/speech-streamer.ts";
import { createSpeech, SPEECH_DEFAULTS } from "../../service/text-to-speech/speech-streamer.ts";
import { makeCore } from "../core/core-fixture.ts";
import {
  type TimedEars,
  type TimedModel,
  timedEars,
  timedModel,
  type TimedVoice,
  timedVoice,
} from "./timed-engines.ts";

/** S2-81's and S3-08's figures, as issue and bench name them. */
export const DELAYS = { sttMs: 120, llmMs: 200, tokenMs: 20, ttsMs: 150, ttsSpeed: 5 };

export interface TimedCascade {
  readonly ears: TimedEars;
  readonly model: TimedModel;
  readonly voice: TimedVoice;
  readonly engines: CascadeEngines;
}

const KERNELS = makeCore(1).kernels;

export function timedCascade(clock: Clock, delays = DELAYS): TimedCascade {
  const ears = timedEars(clock, delays.sttMs);
  const model = timedModel(clock, delays.llmMs, delays.tokenMs);
  const voice = timedVoice(clock, delays.ttsMs, delays.ttsSpeed);
  return {
    ears,
    model,
    voice,
    engines: {
      speechToText: createSpeechStreamer({ engine: ears.engine, clock }),
      languageModel: model.model,
      speech: createSpeech(SPEECH_DEFAULTS, {
        engine: voice.engine,
        kernels: KERNELS,
        clock,
        metrics: NO_METRICS,
      }),
      textStages: [],
      retriever: null,
    },
  };
}
