// A speech to text engine behind `POST <base>/audio/transcriptions`, as OpenAI, Speaches, vLLM and
// whisper.cpp's server take it.
// Station: under the streamer, above provider/ (deadlines, retries before the first byte, breaker,
// connections kept: S3-04). The audio goes out as a WAV file made in memory (S3-02).
// Limits: HttpSpeechToTextSettings; ANSWER_BYTES_MAX.
import { assert } from "../assert.ts";
import type { SpeechToTextEngine } from "../contract/speech-to-text.ts";
import { cancelled } from "../provider/deadline.ts";
import { createProviderHttp, type ProviderHttpDeps } from "../provider/provider-http.ts";
import { languageFor } from "./language-choice.ts";
import { transcriptOfAnswer } from "./transcription-answer.ts";
import { wavBytes } from "./wav-bytes.ts";

export interface HttpSpeechToTextSettings {
  /** In metrics and errors; lower snake case. */
  readonly provider: string;
  /** Up to "/v1", as servers document it. */
  readonly baseUrl: string;
  /** Below the base; "/audio/transcriptions" everywhere but at an unconfigured whisper.cpp. */
  readonly path: string;
  /** "" for a server that wants none. */
  readonly key: string;
  readonly model: string;
  /** ISO 639-1; empty: any. */
  readonly languages: readonly string[];
  /** verbose_json: times and confidence, where the model has them. */
  readonly answerFormat: "json" | "verbose_json";
  /** To the first byte of an answer, per attempt. */
  readonly answerMsMax: number;
  /** Between two pieces. */
  readonly silenceMsMax: number;
  readonly totalMsMax: number;
  readonly retriesMax: number;
}

export const HTTP_SPEECH_TO_TEXT_DEFAULTS = {
  path: "/audio/transcriptions",
  key: "",
  languages: [],
  answerFormat: "verbose_json",
  answerMsMax: 5_000,
  silenceMsMax: 2_000,
  totalMsMax: 8_000,
  retriesMax: 1,
} as const satisfies Partial<HttpSpeechToTextSettings>;

const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
/** OpenAI refuses less. */
const AUDIO_MS_MIN = 100;
const CHUNK_MS = 500;

/** Throws VoxError `config_invalid` when the address is not one to send the key to. */
export function createHttpSpeechToText(
  settings: HttpSpeechToTextSettings,
  deps: ProviderHttpDeps,
): SpeechToTextEngine {
  const { provider, model, path, languages, answerFormat } = settings;
  assert(model !== "", "a speech to text model must have a name");
  const http = createProviderHttp(
    { ...settings, keyHeader: "authorization", answerBytesMax: ANSWER_BYTES_MAX },
    deps,
  );
  const hasDetails = answerFormat === "verbose_json";
  const support = {
    languages: languages.length === 0 ? ("any" as const) : languages,
    isLanguageDetected: true,
    hasWordTimes: hasDetails,
    hasConfidence: hasDetails,
    isStreaming: false,
    chunkMs: CHUNK_MS,
  };
  const closing = new AbortController();
  return {
    name: `transcriptions:${model}`,
    support,
    async transcribe(audio, { rateHz, language, prompt }, signal) {
      if (signal.aborted || closing.signal.aborted) throw cancelled(provider);
      const code = languageFor(provider, support, language);
      const samplesMin = Math.ceil((AUDIO_MS_MIN * rateHz) / 1000);
      const wav = wavBytes(audio, rateHz, samplesMin);
      const body = formOf(settings, wav, { language: code, prompt });
      const request = { method: "POST", path, body, contentTypes: ["application/json"] } as const;
      const asked = { language: code, audioMs: (audio.length * 1000) / rateHz };
      return http.ask(request, AbortSignal.any([signal, closing.signal]), async (answer) =>
        transcriptOfAnswer(provider, await answer.json(), asked),
      );
    },
    close: () => closing.abort(),
  };
}

function formOf(
  settings: HttpSpeechToTextSettings,
  wav: Uint8Array<ArrayBuffer>,
  words: { readonly language: string; readonly prompt: string },
): FormData {
  const form = new FormData();
  form.set("file", new Blob([wav], { type: "audio/wav" }), "utterance.wav");
  form.set("model", settings.model);
  form.set("response_format", settings.answerFormat);
  form.set("temperature", "0");
  if (words.language !== "") form.set("language", words.language);
  if (words.prompt !== "") form.set("prompt", words.prompt);
  if (settings.answerFormat === "verbose_json") {
    form.append("timestamp_granularities[]", "word");
    form.append("timestamp_granularities[]", "segment");
  }
  return form;
}
