// A speech stream on a scripted engine and a stepped clock, with everything it tells written down.
import { createSpeech, SPEECH_DEFAULTS } from "../../service/text-to-speech/speech-streamer.ts";
import type { SpeechSettings } from "../../service/text-to-speech/speech-streamer.ts";
import type {
  SpeechStream,
  SpeechStreamListener,
  SpeechStreamRequest,
  SpokenWord,
  TextToSpeechSupport,
} from "../../service/contract/text-to-speech.ts";
import { createMetricsRegistry } from "../../service/telemetry/metrics-registry.ts";
import { makeCore } from "../core/core-fixture.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";
import { createScriptedEngine, type ScriptedEngine } from "./scripted-engine.ts";

const core = makeCore(1);

export interface SpokenChunk {
  readonly sentence: number;
  readonly sequence: number;
  readonly audio: Int16Array;
  readonly words: readonly SpokenWord[];
}

export interface SpeechFixture {
  readonly engine: ScriptedEngine;
  readonly stream: SpeechStream;
  readonly clock: SteppedClock;
  /** "started 1 normal Hello.", "ended 1", "failed 2 Bye.", "room", "finished" in order. */
  readonly told: string[];
  readonly chunks: SpokenChunk[];
  /** Called as the listener is told, after it was written down. */
  onTold: (line: string) => void;
  metrics(): string;
}

export const RATE_HZ = 24_000;

export function openSpeech(
  options: {
    readonly request?: Partial<SpeechStreamRequest>;
    readonly settings?: Partial<SpeechSettings>;
    readonly engineHz?: number;
    readonly support?: Partial<TextToSpeechSupport>;
  } = {},
): SpeechFixture {
  const engine = createScriptedEngine(options.engineHz ?? RATE_HZ, options.support);
  const clock = createSteppedClock();
  const registry = createMetricsRegistry();
  const speech = createSpeech(
    { ...SPEECH_DEFAULTS, ...options.settings },
    { engine, kernels: core.kernels, clock, metrics: registry },
  );
  const told: string[] = [];
  const chunks: SpokenChunk[] = [];
  const tell = (line: string) => {
    told.push(line);
    fixture.onTold(line);
  };
  const listener: SpeechStreamListener = {
    onSentenceStarted: (sentence, text, priority) =>
      tell(`started ${sentence} ${priority} ${text}`),
    onSpeech: (sentence, audio, words, sequence) => {
      chunks.push({ sentence, sequence, audio: audio.slice(), words });
    },
    onSentenceEnded: (sentence) => tell(`ended ${sentence}`),
    onSentenceFailed: (sentence, text, error) =>
      tell(`failed ${sentence} ${text} ${error.message}`),
    onRoom: () => tell("room"),
    onFinished: () => tell("finished"),
  };
  const request = { rateHz: RATE_HZ, voice: "tester", language: "en", ...options.request };
  const fixture: SpeechFixture = {
    engine,
    stream: speech.open(request, listener),
    clock,
    told,
    chunks,
    onTold: () => undefined,
    metrics: () => registry.print(),
  };
  return fixture;
}

/** Lets everything that can go on without the engine go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

export function samplesOf(chunks: readonly SpokenChunk[]): number[] {
  return chunks.flatMap(({ audio }) => [...audio]);
}
