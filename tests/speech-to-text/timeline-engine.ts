// An engine for tests that knows what is said when: words on a timeline. It hears which part of the
// timeline it was given by the audio itself, in which the position is written, and answers when told.
// It is as unsure as a real one: the newest words come late, wrong, half or with a full stop that
// the next answer takes back.
import type {
  SpeechToTextEngine,
  SpeechToTextSupport,
  Transcript,
} from "../../service/contract/speech-to-text.ts";

export interface SpokenWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface HeardPiece {
  readonly fromMs: number;
  readonly toMs: number;
  readonly language: string;
  readonly prompt: string;
}

export interface TimelineEngine extends SpeechToTextEngine {
  /** Pieces it was asked for, oldest first. */
  readonly asked: readonly HeardPiece[];
  /** Questions that wait for their answer. */
  waiting(): number;
  /** Answers the oldest one; what was aborted meanwhile is passed over. */
  answer(): Promise<void>;
  /** Fails the oldest one. */
  fail(error: Error): Promise<void>;
  /** Where the farthest piece that was answered ends. */
  answeredToMs(): number;
  isClosed(): boolean;
}

/** What it makes of the words in a piece: "newest" are those that lie at its end. */
export type Writer = (
  words: readonly SpokenWord[],
  newest: readonly boolean[],
  isQuietEnd: boolean,
) => string;

export const TIMELINE_RATE_HZ = 1_000;
export const TIMELINE_SUPPORT: SpeechToTextSupport = {
  languages: "any",
  isLanguageDetected: true,
  hasWordTimes: false,
  hasConfidence: false,
  isStreaming: false,
  chunkMs: 500,
};

/** A word is unsure while it ended less than this before the end of the piece. */
const UNSURE_MS = 400;
/** A piece that ends in so much quiet leaves nothing out. */
const QUIET_MS = 90;

/** Loud where somebody speaks. */
const SPEECH_BIT = 0x2000;
const ODD_BIT = 0x100;

/**
 * Bytes of [fromMs, toMs) of a timeline at 1 kHz, at most 65 s: even samples hold the low byte of
 * their position, odd ones the high byte, so that a piece says where it comes from.
 */
export function timelineAudio(
  words: readonly SpokenWord[],
  fromMs: number,
  toMs: number,
): Uint8Array {
  const samples = new Int16Array(toMs - fromMs);
  for (let index = 0; index < samples.length; index += 1) {
    const position = fromMs + index;
    const byte = position % 2 === 0 ? position & 0xff : (position >> 8) | ODD_BIT;
    const isSpeech = words.some(({ startMs, endMs }) => startMs <= position && position < endMs);
    samples[index] = byte | (isSpeech ? SPEECH_BIT : 0);
  }
  return new Uint8Array(samples.buffer);
}

function positionOf(audio: Int16Array): number {
  const first = audio[0] ?? 0;
  const second = audio[1] ?? 0;
  const isOdd = (first & ODD_BIT) !== 0;
  // The second sample of an odd start is one further, and so may be its low byte's carry.
  if (isOdd) return (((first & 0xff) << 8) | (second & 0xff)) - ((second & 0xff) === 0 ? -255 : 1);
  return (first & 0xff) | ((second & 0xff) << 8);
}

export function createTimelineEngine(
  words: readonly SpokenWord[],
  options: {
    readonly write?: Writer;
    readonly confidence?: () => number;
    readonly hasTimes?: boolean;
    readonly support?: Partial<SpeechToTextSupport>;
  } = {},
): TimelineEngine {
  const asked: HeardPiece[] = [];
  const queue: { settle(): void; fail(error: Error): void; signal: AbortSignal }[] = [];
  const write = options.write ?? ((heard) => heard.map(({ text }) => text).join(" "));
  let isClosed = false;
  let answeredToMs = 0;

  const transcriptOf = (fromMs: number, toMs: number): Transcript => {
    const heard = words.filter((word) => middle(word) >= fromMs && middle(word) < toMs);
    const newest = heard.map((word) => word.endMs > toMs - UNSURE_MS);
    const isQuietEnd = !words.some((word) => word.startMs < toMs && word.endMs > toMs - QUIET_MS);
    const confidence = options.confidence?.() ?? 1;
    const listed = heard.map((word) => ({
      word: word.text,
      startMs: word.startMs - fromMs,
      endMs: word.endMs - fromMs,
      confidence,
    }));
    return {
      text: write(heard, newest, isQuietEnd),
      confidence,
      startMs: 0,
      endMs: toMs - fromMs,
      language: "",
      words: options.hasTimes === true ? listed : [],
    };
  };

  const next = () => {
    while (queue[0]?.signal.aborted) queue.shift();
    return queue.shift();
  };
  return {
    name: "timeline",
    support: { ...TIMELINE_SUPPORT, ...options.support },
    asked,
    transcribe(audio, { language, prompt }, signal) {
      const fromMs = positionOf(audio);
      const toMs = fromMs + audio.length;
      asked.push({ fromMs, toMs, language, prompt });
      return new Promise((resolve, reject) => {
        const settle = () => {
          answeredToMs = Math.max(answeredToMs, toMs);
          resolve(transcriptOf(fromMs, toMs));
        };
        signal.addEventListener("abort", () => reject(new Error("aborted")));
        queue.push({ settle, fail: reject, signal });
      });
    },
    waiting: () => queue.filter(({ signal }) => !signal.aborted).length,
    async answer() {
      next()?.settle();
      await settled();
    },
    async fail(error) {
      next()?.fail(error);
      await settled();
    },
    answeredToMs: () => answeredToMs,
    isClosed: () => isClosed,
    close() {
      isClosed = true;
    },
  };
}

/** Lets promises that are settled now call back. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
}

function middle(word: SpokenWord): number {
  return (word.startMs + word.endMs) / 2;
}

/** "a b c" spoken at a steady pace from `fromMs` on. */
export function spoken(text: string, fromMs = 0, wordMs = 300): SpokenWord[] {
  return text.split(" ").map((word, index) => ({
    text: word,
    startMs: fromMs + index * wordMs,
    endMs: fromMs + index * wordMs + wordMs - 50,
  }));
}
