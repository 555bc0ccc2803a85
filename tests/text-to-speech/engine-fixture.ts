// Speech engines for tests: a speech server of our own with an engine that asks it, on a stepped
// clock; and espeak-ng, when it is installed.
import { NO_METRICS } from "../../service/contract/metrics.ts";
import type { SpeechChunk, SynthesisRequest } from "../../service/contract/text-to-speech.ts";
import {
  createSpeechSimulator,
  type SpeechSimulator,
  type SpeechSimulatorOptions,
} from "../../service/simulator/speech-simulator.ts";
import {
  createEspeakNg,
  ESPEAK_NG_DEFAULTS,
  type EspeakNgSettings,
  hasEspeakNg,
} from "../../service/text-to-speech/espeak-ng.ts";
import {
  createSpeechHttp,
  SPEECH_HTTP_DEFAULTS,
  type SpeechHttpSettings,
} from "../../service/text-to-speech/speech-http.ts";
import type { ProviderHttpDeps } from "../../service/provider/provider-http.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";

export const SENTENCE: SynthesisRequest = {
  text: "Hello there, we are open today.",
  isSsml: false,
  voice: "en-us",
  language: "en",
  rate: 1,
  pitchSemitones: 0,
};

/** True when espeak-ng is there; else says loudly that `what` did not run. */
export function canSpeak(what: string): boolean {
  if (hasEspeakNg()) return true;
  console.log(`SKIPPED: ${what} needs espeak-ng`);
  return false;
}

export function espeakOf(
  settings: Partial<EspeakNgSettings> = {},
  clock: SteppedClock = createSteppedClock(),
) {
  return createEspeakNg({ ...ESPEAK_NG_DEFAULTS, ...settings }, { clock, metrics: NO_METRICS });
}

export function speechServer(
  clock: SteppedClock,
  options: Partial<SpeechSimulatorOptions> = {},
): SpeechSimulator {
  return createSpeechSimulator({
    clock,
    host: "127.0.0.1",
    port: 0,
    voices: ["en-us", "de"],
    isRecorded: true,
    ...options,
  });
}

export function speechOf(
  baseUrl: string,
  settings: Partial<SpeechHttpSettings> = {},
  deps: Partial<ProviderHttpDeps> = {},
) {
  return createSpeechHttp(
    { ...SPEECH_HTTP_DEFAULTS, baseUrl, retriesMax: 0, ...settings },
    {
      clock: createSteppedClock(),
      random: createSeededRandom(1),
      metrics: NO_METRICS,
      ...deps,
    },
  );
}

export function samplesIn(chunks: readonly SpeechChunk[]): number {
  return chunks.reduce((sum, { audio }) => sum + audio.length, 0);
}

export function milliseconds(chunks: readonly SpeechChunk[]): number {
  return (samplesIn(chunks) * 1_000) / (chunks[0]?.rateHz ?? 1);
}
