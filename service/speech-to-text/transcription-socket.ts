// Speech to text by a server that writes down while it listens, over a WebSocket of its own: the
// Realtime protocol's transcription sessions (`intent=transcription`). One socket for each stream.
// Source: protocols.md 1.1, 1.2, 1.4. Limits: transcription-line.ts and transcription-stream.ts.
// No word times, no confidence. Nothing is resampled here: a stream has a rate that the server takes.
import { assert } from "../assert.ts";
import type { Clock, Random } from "../contract/clock.ts";
import { type Log, SILENT_LOG } from "../contract/log.ts";
import { type Metrics, NO_METRICS } from "../contract/metrics.ts";
import type { SpeechToText } from "../contract/speech-to-text.ts";
import { type KeyHeader, realtimeHeaders, transcriptionUrl } from "../provider/upstream-address.ts";
import type { SocketCounts } from "../provider/upstream-socket.ts";
import { engineFailure } from "./engine-failure.ts";
import { languageFor } from "./language-choice.ts";
import { createSpeechMetrics } from "./speech-metrics.ts";
import { createTranscriptionLine } from "./transcription-line.ts";
import { createTranscriptionStream } from "./transcription-stream.ts";
import { g711Audio, pcmAudio, type WireAudio } from "./wire-audio.ts";
import { transcriptionSupport } from "./transcription-support.ts";

export interface TranscriptionSocketSettings {
  /** ws:// or wss://, with path; `?intent=transcription` is added, other query fields stay. */
  readonly url: string;
  /** "" for none. Never sent over ws:// to another machine. */
  readonly apiKey: string;
  readonly keyHeader?: KeyHeader;
  /** The model that writes down, e.g. "gpt-transcribe". */
  readonly model: string;
  /** ISO 639-1; empty: any. */
  readonly languages: readonly string[];
  /** Of the server's PCM: 24 kHz unless said; vLLM and its like take 16 kHz. */
  readonly rateHz?: number;
  /** How streams of 8 kHz are sent; "mulaw" unless said. */
  readonly telephony?: "mulaw" | "alaw";
  /** From finish() to the final. */
  readonly answerMsMax: number;
}

export interface TranscriptionSocketDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics?: Metrics;
  readonly log?: Log;
  /** Counts of all its sockets. */
  readonly counts?: SocketCounts;
}

const RATE_PCM_HZ = 24_000;
const RATE_TELEPHONY_HZ = 8_000;

/** close() has nothing of its own to free. Throws VoxError `config_invalid` on a bad address. */
export function createTranscriptionSocket(
  settings: TranscriptionSocketSettings,
  deps: TranscriptionSocketDeps,
): SpeechToText {
  const { model, languages, apiKey, keyHeader, answerMsMax } = settings;
  assert(model !== "", "a transcription needs a model");
  const name = `transcription:${model}`;
  const url = transcriptionUrl(settings.url);
  const headers = realtimeHeaders({ url, apiKey, dialect: "ga", keyHeader });
  const metrics = createSpeechMetrics(deps.metrics ?? NO_METRICS);
  const counts = deps.counts ?? noCounts();
  const { clock, random, log = SILENT_LOG } = deps;
  const support = transcriptionSupport(languages);
  return {
    name,
    support,
    open(request, listener) {
      const language = languageFor(name, support, request.language);
      const audio = audioFor(name, settings, request.rateHz);
      const terms = { format: audio.format, model, language };
      const line = { name, url, headers, terms, clock, random, counts, metrics, log };
      return createTranscriptionStream({
        ...{ name, audio, language, answerMsMax, clock, metrics, listener },
        connect: (told) => createTranscriptionLine(line, told),
      });
    },
    close: () => undefined,
  };
}

function audioFor(name: string, settings: TranscriptionSocketSettings, rateHz: number): WireAudio {
  const { rateHz: pcmHz = RATE_PCM_HZ, telephony = "mulaw" } = settings;
  if (rateHz === pcmHz) return pcmAudio(rateHz);
  if (rateHz === RATE_TELEPHONY_HZ) return g711Audio(telephony);
  const message = `Cannot transcribe: rate is ${rateHz} Hz, must be ${pcmHz} or ${RATE_TELEPHONY_HZ} Hz`;
  throw engineFailure(name, "engine_refused", message);
}

function noCounts(): SocketCounts {
  return {
    dials: 0,
    messagesSent: 0,
    messagesReceived: 0,
    pingsSent: 0,
    pongsReceived: 0,
    closed: 0,
  };
}
