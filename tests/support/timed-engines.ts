// Engines of fixed delay and known words, on an injected clock: what a cascade is tested and
// measured with. They keep the contracts and do nothing else; every delay is a number of the test.
import type { Clock } from "../../service/contract/clock.ts";
import type {
  LanguageModel,
  LanguageModelPart,
  LanguageModelRequest,
} from "../../service/contract/language-model.ts";
import type { SpeechToTextEngine, Transcript } from "../../service/contract/speech-to-text.ts";
import type {
  SpeechChunk,
  SpokenWord,
  SynthesisRequest,
  TextToSpeech,
} from "../../service/contract/text-to-speech.ts";
import { VoxError, type ProviderFailureCode } from "../../service/errors.ts";
import type { SteppedClock } from "./stepped-clock.ts";

/** Waits on the clock; at once when nobody wants it any more. */
export function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = clock.setTimer(ms, resolve);
    signal.addEventListener("abort", () => {
      clock.clearTimer(timer);
      resolve();
    });
  });
}

/** Moves time timer by timer, with all promises run in between: what is due, happens when due. */
export async function runFor(clock: SteppedClock, ms: number): Promise<void> {
  const endMs = clock.nowMs() + ms;
  await turn();
  while (clock.nextDueMs() <= endMs) {
    clock.advance(clock.nextDueMs() - clock.nowMs());
    await turn();
  }
  clock.advance(endMs - clock.nowMs());
  await turn();
}

/** Until `isReached`, at most `msMax`. -> the time then. */
export async function runUntil(
  clock: SteppedClock,
  isReached: () => boolean,
  msMax = 30_000,
): Promise<number> {
  const endMs = clock.nowMs() + msMax;
  await turn();
  while (!isReached()) {
    const dueMs = Math.min(clock.nextDueMs(), endMs);
    if (dueMs >= endMs) throw new Error(`Not reached within ${msMax} ms`);
    clock.advance(dueMs - clock.nowMs());
    await turn();
  }
  return clock.nowMs();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function failure(code: ProviderFailureCode, provider: string): VoxError {
  return new VoxError(`Cannot ask ${provider}: the test says ${code}`, {
    code,
    isRetryable: true,
    provider,
  });
}

export interface TimedEars {
  readonly engine: SpeechToTextEngine;
  /** Bytes of audio of each question, in order. */
  readonly asked: number[];
  /** What is heard in one piece of audio; by default "words" when it is not all zero. */
  hear: (audio: Int16Array) => string;
  delayMs: number;
  failsWith: ProviderFailureCode | null;
}

export function timedEars(clock: Clock, delayMs: number): TimedEars {
  const ears: TimedEars = {
    asked: [],
    hear: (audio) => (audio.some((sample) => sample !== 0) ? "words" : ""),
    delayMs,
    failsWith: null,
    engine: {
      name: "timed-ears",
      support: {
        languages: "any",
        isLanguageDetected: false,
        hasWordTimes: false,
        hasConfidence: false,
        isStreaming: false,
        chunkMs: 500,
      },
      async transcribe(audio, { rateHz }, signal): Promise<Transcript> {
        ears.asked.push(audio.byteLength);
        const text = ears.hear(audio);
        await wait(clock, ears.delayMs, signal);
        if (signal.aborted) throw failure("cancelled", "timed-ears");
        if (ears.failsWith !== null) throw failure(ears.failsWith, "timed-ears");
        const endMs = (audio.length * 1000) / rateHz;
        return { text, confidence: 1, startMs: 0, endMs, language: "en", words: [] };
      },
      close: () => undefined,
    },
  };
  return ears;
}

export interface TimedModel {
  readonly model: LanguageModel;
  readonly requests: LanguageModelRequest[];
  /** How many generate() were stopped before their end. */
  aborted: number;
  firstTokenMs: number;
  tokenMs: number;
  /** Tokens or tool calls of the answer; by default a fixed one of two sentences. */
  answer: (request: LanguageModelRequest) => readonly (string | LanguageModelPart)[];
  /** Thrown after so many parts; null: never. */
  failsAfter: number | null;
}

export function timedModel(clock: Clock, firstTokenMs: number, tokenMs: number): TimedModel {
  const timed: TimedModel = {
    requests: [],
    aborted: 0,
    firstTokenMs,
    tokenMs,
    answer: () => tokensOf("We are open until eight today. Anything else?"),
    failsAfter: null,
    model: {
      name: "timed-model",
      support: { hasTools: true, isStreaming: true, hasOutputSchema: false },
      async *generate(request, signal) {
        timed.requests.push(request);
        const parts = timed.answer(request);
        let count = 0;
        for (const part of parts) {
          await wait(clock, count === 0 ? timed.firstTokenMs : timed.tokenMs, signal);
          if (signal.aborted) {
            timed.aborted += 1;
            return;
          }
          if (timed.failsAfter === count) throw failure("engine_unavailable", "timed-model");
          count += 1;
          yield typeof part === "string" ? { kind: "text", text: part } : part;
        }
        if (timed.failsAfter !== null) throw failure("engine_unavailable", "timed-model");
        const isTool = parts.some((part) => typeof part !== "string" && part.kind === "tool_call");
        const reason = isTool ? "tool_calls" : "stop";
        yield { kind: "end", reason, inputTokens: 10, outputTokens: count };
      },
      close: () => undefined,
    },
  };
  return timed;
}

/** One token a word, with the space before it as models write. */
export function tokensOf(text: string): string[] {
  return text.match(/^\S+|\s+\S+/g) ?? [];
}

export interface TimedVoice {
  readonly engine: TextToSpeech;
  readonly spoken: SynthesisRequest[];
  firstAudioMs: number;
  /** Audio comes this many times faster than it is heard; Infinity: at once. */
  speed: number;
  /** Of audio for each character. */
  characterMs: number;
  hasWordTimes: boolean;
  failsWith: ProviderFailureCode | null;
}

const CHUNK_MS = 50;
const VOICE_RATE_HZ = 16_000;

export function timedVoice(clock: Clock, firstAudioMs: number, speed: number): TimedVoice {
  const voice: TimedVoice = {
    spoken: [],
    firstAudioMs,
    speed,
    characterMs: 50,
    hasWordTimes: false,
    failsWith: null,
    engine: {
      name: "timed-voice",
      support: {
        hasSsml: false,
        hasRate: false,
        hasPitch: false,
        isStreaming: true,
        hasWordTimes: true,
      },
      voices: () => Promise.resolve([]),
      async *synthesize(request, signal): AsyncGenerator<SpeechChunk> {
        voice.spoken.push(request);
        await wait(clock, voice.firstAudioMs, signal);
        if (voice.failsWith !== null) throw failure(voice.failsWith, "timed-voice");
        const chunks = Math.ceil((request.text.length * voice.characterMs) / CHUNK_MS);
        const words = voice.hasWordTimes ? wordsIn(request.text, voice.characterMs) : [];
        for (let index = 0; index < chunks; index += 1) {
          if (index > 0) await wait(clock, CHUNK_MS / voice.speed, signal);
          if (signal.aborted) return;
          const fromMs = index * CHUNK_MS;
          const begun = words.filter(
            ({ startMs }) => startMs >= fromMs && startMs < fromMs + CHUNK_MS,
          );
          yield { audio: tone(CHUNK_MS), rateHz: VOICE_RATE_HZ, words: begun };
        }
      },
      close: () => undefined,
    },
  };
  return voice;
}

function wordsIn(text: string, characterMs: number): SpokenWord[] {
  return [...text.matchAll(/\S+/g)].map((match) => ({
    word: match[0],
    startMs: match.index * characterMs,
    endMs: (match.index + match[0].length) * characterMs,
  }));
}

function tone(ms: number): Int16Array {
  const samples = (ms * VOICE_RATE_HZ) / 1000;
  return Int16Array.from({ length: samples }, (_, index) => (index % 40 < 20 ? 4_000 : -4_000));
}
