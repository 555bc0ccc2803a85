// The engines of the cascade as the configuration lists them: for each kind the first one answers
// and the others stand by (docs/cascade.md). Station: a part of main-service.ts, made once.
import type { CascadeEngines } from "./cascade/cascade-settings.ts";
import {
  type CascadeConfig,
  entryFor,
  ESPEAK,
  isHeardByRealtime,
  keyFor,
} from "./config-cascade.ts";
import type { Clock, Random } from "./contract/clock.ts";
import type { LanguageModel } from "./contract/language-model.ts";
import type { Log } from "./contract/log.ts";
import type { Metrics } from "./contract/metrics.ts";
import type { SpeechToText } from "./contract/speech-to-text.ts";
import type { Speech } from "./contract/text-to-speech.ts";
import type { Kernels } from "./core/kernels.ts";
import { VoxError } from "./errors.ts";
import { createChatModel } from "./language-model/chat-model.ts";
import { createFallbackModel } from "./language-model/fallback-model.ts";
import { BREAKER_DEFAULTS, CircuitBreaker } from "./provider/circuit-breaker.ts";
import { createProviderMetrics } from "./provider/provider-metrics.ts";
import { createFallbackEngine } from "./speech-to-text/fallback-engine.ts";
import {
  createHttpSpeechToText,
  HTTP_SPEECH_TO_TEXT_DEFAULTS,
} from "./speech-to-text/http-speech-to-text.ts";
import { createRealtimeTranscription } from "./speech-to-text/realtime-transcription.ts";
import { createTranscriptionSocket } from "./speech-to-text/transcription-socket.ts";
import { createSpeechStreamer } from "./speech-to-text/speech-streamer.ts";
import { createEspeakNg, ESPEAK_NG_DEFAULTS, hasEspeakNg } from "./text-to-speech/espeak-ng.ts";
import { createSpeechChain, type SpeechChainLink } from "./text-to-speech/speech-chain.ts";
import { createSpeechHttp, SPEECH_HTTP_DEFAULTS } from "./text-to-speech/speech-http.ts";
import { createSpeech, SPEECH_DEFAULTS } from "./text-to-speech/speech-streamer.ts";
import { createOpenAiRealtimeFactory } from "./upstream/openai-realtime.ts";
import { createSteadyFactory } from "./upstream/steady-upstream.ts";

/** A caller waits for the first word: who has not begun by then is left for the next in line. */
const LLM_TIMES = { answerMsMax: 5_000, silenceMsMax: 5_000, totalMsMax: 60_000, retriesMax: 1 };
/** The one that worked is asked first for so long, then the first in line again. */
const REMEMBER_MS = 60_000;

export interface CascadeEnginesDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly kernels: Kernels;
}

/** Errors: VoxError `config_invalid` for what is not installed or an address not to send keys to. */
export function createCascadeEngines(
  cascade: CascadeConfig,
  deps: CascadeEnginesDeps,
): CascadeEngines {
  return {
    speechToText: speechToTextOf(cascade, deps),
    languageModel: languageModelOf(cascade, deps),
    speech: speechOf(cascade, deps),
    textStages: [],
    retriever: null,
  };
}

/**
 * One Realtime session a call: the words are known as they are spoken (S3-05). It is one that only
 * writes down when the address says so, else an ordinary one that is never asked to answer.
 */
function realtimeSpeechToText(
  { stt, language }: CascadeConfig,
  deps: CascadeEnginesDeps,
): SpeechToText {
  const { clock, random, log } = deps;
  const url = entryFor(stt.urls, 0);
  const apiKey = keyFor(stt.keys, 0);
  const named = entryFor(stt.models, 0);
  const languages = language === "" ? [] : [language];
  const answerMsMax = stt.transcriptSeconds * 1000;
  if (new URL(url).searchParams.get("intent") === "transcription") {
    // Of the documented models the one that writes while it listens.
    const model = named || "gpt-live-transcribe";
    return createTranscriptionSocket({ url, apiKey, model, languages, answerMsMax }, deps);
  }
  const model = named || "gpt-transcribe";
  const sessions = createOpenAiRealtimeFactory({ ...deps, url, apiKey, model });
  const settings = { giveUpMs: REMEMBER_MS, rotateMs: 0 };
  const factory = createSteadyFactory({ factory: sessions, clock, random, log, settings });
  return createRealtimeTranscription({ model, languages, answerMsMax }, { factory, clock });
}

function speechToTextOf(cascade: CascadeConfig, deps: CascadeEnginesDeps): SpeechToText {
  const { stt } = cascade;
  if (isHeardByRealtime(stt.urls)) return realtimeSpeechToText(cascade, deps);
  const engines = stt.urls.map((baseUrl, index) => {
    const provider = providerName("stt", index);
    const model = entryFor(stt.models, index) || "whisper-1";
    const key = keyFor(stt.keys, index);
    const settings = { ...HTTP_SPEECH_TO_TEXT_DEFAULTS, provider, baseUrl, key, model };
    return createHttpSpeechToText(settings, withBreaker(provider, deps));
  });
  const chain = { purpose: "speech_to_text", rememberMs: REMEMBER_MS };
  const { clock, metrics } = deps;
  return createSpeechStreamer({
    engine: createFallbackEngine(engines, chain, deps),
    clock,
    metrics,
  });
}

function languageModelOf({ llm }: CascadeConfig, deps: CascadeEnginesDeps): LanguageModel {
  const models = llm.urls.map((baseUrl, index) => {
    const provider = providerName("llm", index);
    const settings = {
      ...LLM_TIMES,
      provider,
      baseUrl,
      key: keyFor(llm.keys, index),
      model: entryFor(llm.models, index),
      dialect: llm.dialect,
      hasOutputSchema: false,
    };
    return createChatModel(settings, withBreaker(provider, deps));
  });
  return createFallbackModel(models, { purpose: "cascade", rememberMs: REMEMBER_MS }, deps);
}

function speechOf({ tts }: CascadeConfig, deps: CascadeEnginesDeps): Speech {
  const links = tts.urls.flatMap((url, index): SpeechChainLink[] => {
    const voice = entryFor(tts.voices, index);
    if (url !== ESPEAK) return [{ engine: speechServer(tts, url, index, deps), voice }];
    if (hasEspeakNg()) return [{ engine: createEspeakNg(ESPEAK_NG_DEFAULTS, deps), voice }];
    deps.log.warn("espeak-ng is not installed, the next voice in line speaks", {});
    return [];
  });
  if (links.length === 0) {
    const message =
      "Cannot use upstream cascade: nothing speaks, install the package espeak-ng " +
      "or set VOXBRIDGE_CASCADE_TTS_URLS to a server";
    throw new VoxError(message, { code: "config_invalid", isRetryable: false });
  }
  const { kernels, clock, metrics } = deps;
  const engine = createSpeechChain(links, deps);
  return createSpeech({ ...SPEECH_DEFAULTS, rate: tts.rate }, { engine, kernels, clock, metrics });
}

function speechServer(
  tts: CascadeConfig["tts"],
  baseUrl: string,
  index: number,
  deps: CascadeEnginesDeps,
) {
  const provider = providerName("tts", index);
  const model = entryFor(tts.models, index) || SPEECH_HTTP_DEFAULTS.model;
  const key = keyFor(tts.keys, index);
  const settings = { ...SPEECH_HTTP_DEFAULTS, provider, baseUrl, key, model };
  return createSpeechHttp(settings, withBreaker(provider, deps));
}

/** A breaker for each server: one that rests costs its turn nothing (S2-88). */
function withBreaker(provider: string, deps: CascadeEnginesDeps) {
  const { clock, random, metrics } = deps;
  const shown = createProviderMetrics(metrics, provider);
  const onState = shown.showBreaker.bind(shown);
  return { clock, random, metrics, breaker: new CircuitBreaker(BREAKER_DEFAULTS, clock, onState) };
}

/** "stt", "stt_2", … in metrics, logs and errors. */
function providerName(kind: string, index: number): string {
  return index === 0 ? kind : `${kind}_${index + 1}`;
}
