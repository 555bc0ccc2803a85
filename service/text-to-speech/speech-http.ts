// Text to speech by a server that speaks OpenAI's `POST /v1/audio/speech`: Kokoro-FastAPI, Speaches,
// openedai-speech, LocalAI, OpenAI itself. An engine behind the TextToSpeech contract. Audio is asked
// for as raw PCM and used while it comes; a WAV header is understood too.
// Source: OpenAI API reference, "Create speech"; Kokoro-FastAPI's README (24 kHz, GET audio/voices).
// Limits: those of ProviderHttp; an answer of SPEECH_SENTENCE_MS_MAX.
import type {
  SpeechChunk,
  SynthesisRequest,
  TextToSpeech,
  Voice,
} from "../contract/text-to-speech.ts";
import { VoxError } from "../errors.ts";
import { SPEECH_SENTENCE_MS_MAX } from "../limits.ts";
import {
  createProviderHttp,
  type ProviderHttp,
  type ProviderHttpDeps,
} from "../provider/provider-http.ts";
import { PcmReader } from "./pcm-reader.ts";
import { hasVoice, parseVoiceList } from "./voice-list.ts";

const CONTENT_TYPES = [
  ...["audio/pcm", "audio/x-pcm", "audio/l16", "audio/raw"],
  ...["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"],
  "application/octet-stream",
];
/** What the service takes as `speed`. */
const SPEED_MIN = 0.25;
const SPEED_MAX = 4;
const WAV_HEADER_BYTES_MAX = 4_096;

export interface SpeechHttpSettings {
  /** In metrics and errors; lower snake case. */
  readonly provider: string;
  /** With its version: "http://127.0.0.1:8880/v1". */
  readonly baseUrl: string;
  /** "" for none. */
  readonly key: string;
  readonly model: string;
  /** Of the raw PCM it sends. */
  readonly rateHz: number;
  /** Voices of a server that does not list its own; empty: not known. */
  readonly voices: readonly string[];
  /** ISO 639-1 languages that it speaks; empty: any. */
  readonly languages: readonly string[];
  readonly answerMsMax: number;
  readonly silenceMsMax: number;
  readonly totalMsMax: number;
  readonly retriesMax: number;
}

export const SPEECH_HTTP_DEFAULTS = {
  provider: "speech",
  key: "",
  model: "tts-1",
  rateHz: 24_000,
  voices: [],
  languages: [],
  answerMsMax: 5_000,
  silenceMsMax: 5_000,
  totalMsMax: 120_000,
  retriesMax: 1,
} as const;

/** Throws VoxError `config_invalid` when the address is not one to send a key to. */
export function createSpeechHttp(
  settings: SpeechHttpSettings,
  deps: ProviderHttpDeps,
): TextToSpeech {
  const answerBytesMax =
    (SPEECH_SENTENCE_MS_MAX / 1_000) * settings.rateHz * 2 + WAV_HEADER_BYTES_MAX;
  const http = createProviderHttp(
    { ...settings, keyHeader: "authorization", answerBytesMax },
    deps,
  );
  const closing = new AbortController();
  const speech = { settings, http, voices: { known: configured(settings) } };
  return {
    name: `speech:${settings.model}`,
    support: {
      hasSsml: false,
      hasRate: true,
      hasPitch: false,
      isStreaming: true,
      hasWordTimes: false,
    },
    voices: (signal) => listVoices(speech, AbortSignal.any([signal, closing.signal])),
    synthesize: (request, signal) =>
      synthesize(speech, request, AbortSignal.any([signal, closing.signal])),
    close: () => closing.abort(),
  };
}

interface SpeechServer {
  readonly settings: SpeechHttpSettings;
  readonly http: ProviderHttp;
  /** Empty: not known yet. */
  readonly voices: { known: readonly Voice[] };
}

async function* synthesize(
  speech: SpeechServer,
  request: SynthesisRequest,
  signal: AbortSignal,
): AsyncGenerator<SpeechChunk> {
  const { settings, http, voices } = speech;
  checkLanguage(settings, request.language);
  // A list that is not known is not waited for: the server refuses a voice by itself.
  if (voices.known.length > 0 && !hasVoice(voices.known, request.voice)) {
    throw voiceNotFound(settings.provider);
  }
  const reader = new PcmReader(settings.provider, settings.rateHz);
  const pieces = http.stream(speechRequest(settings, request), signal, (answer) => answer.chunks());
  try {
    for await (const bytes of pieces) {
      const piece = reader.read(bytes);
      if (piece !== null) yield { ...piece, words: [] };
    }
  } catch (error) {
    throw await refusalOf(speech, request.voice, error, signal);
  }
}

function speechRequest(settings: SpeechHttpSettings, request: SynthesisRequest) {
  const speed = Math.min(Math.max(request.rate, SPEED_MIN), SPEED_MAX);
  return {
    method: "POST",
    path: "/audio/speech",
    headers: { "content-type": "application/json" },
    contentTypes: CONTENT_TYPES,
    body: JSON.stringify({
      model: settings.model,
      input: request.text,
      voice: request.voice,
      response_format: "pcm",
      ...(speed !== 1 && { speed }),
    }),
  } as const;
}

/** A refused request may have named a voice that is not there: the list tells. */
async function refusalOf(
  speech: SpeechServer,
  voice: string,
  error: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof VoxError) || error.code !== "engine_refused") return error;
  try {
    const voices = await listVoices(speech, signal);
    return voices.length > 0 && !hasVoice(voices, voice)
      ? voiceNotFound(speech.settings.provider)
      : error;
  } catch {
    // No list to be had: the refusal itself is what is known.
    return error;
  }
}

/** The server's own list; the configured one where it has none. Throws VoxError. */
async function listVoices(speech: SpeechServer, signal: AbortSignal): Promise<readonly Voice[]> {
  const { settings, http, voices } = speech;
  const request = {
    method: "GET",
    path: "/audio/voices",
    contentTypes: ["application/json"],
  } as const;
  try {
    const listed = await http.ask(request, signal, async (answer) =>
      parseVoiceList(await answer.json(), settings.provider, settings.rateHz),
    );
    voices.known = listed;
    return listed;
  } catch (error) {
    if (error instanceof VoxError && error.code === "engine_refused") return configured(settings);
    throw error;
  }
}

function configured({ voices, rateHz }: SpeechHttpSettings): Voice[] {
  return voices.map((id) => ({ id, name: id, language: "", gender: "neutral", rateHz }));
}

function checkLanguage({ languages, provider }: SpeechHttpSettings, language: string): void {
  const [primary = ""] = language.toLowerCase().split("-");
  if (primary === "" || languages.length === 0 || languages.includes(primary)) return;
  const message = `Cannot use ${provider}: it does not speak the language`;
  throw new VoxError(message, { code: "unsupported_language", isRetryable: false, provider });
}

function voiceNotFound(provider: string): VoxError {
  const message = `Cannot use ${provider}: it does not have the voice`;
  return new VoxError(message, { code: "voice_not_found", isRetryable: false, provider });
}
