// Where the time of one answer went (S2-82): told of each step as it happens, read once at the
// first audio. The first whole sentence's moment is found afterwards: the voice names the sentence
// when it begins to sound, and the text that was pushed is counted in characters.
import type { Clock } from "../contract/clock.ts";
import type { StageLatency } from "../contract/upstream.ts";
import type { WritingBegun } from "./answer-writer.ts";
import type { EarsTimes } from "./caller-ears.ts";
import type { Writing } from "./writing.ts";

/** Pushes that are remembered: a first sentence has far fewer tokens. */
const PUSHES_MAX = 256;
const NONE = -1;

export class AnswerTimes {
  readonly #clock: Clock;
  readonly #pushes: { readonly atMs: number; readonly characters: number }[] = [];
  #pushed = 0;
  #ears: EarsTimes = { firstPartialMs: NONE, finalMs: NONE };
  #begun: WritingBegun | null = null;
  #sentenceMs = NONE;
  #audioMs = NONE;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  noteEars(ears: EarsTimes): void {
    this.#ears = ears;
  }

  noteBegun(begun: WritingBegun): void {
    this.#begun = begun;
  }

  notePushed(characters: number): void {
    this.#pushed += characters;
    if (this.#pushes.length >= PUSHES_MAX) return;
    this.#pushes.push({ atMs: this.#clock.nowMs(), characters: this.#pushed });
  }

  /** The voice begins a sentence; only the first one counts. */
  noteSentence(text: string): void {
    if (this.#sentenceMs !== NONE) return;
    const whole = this.#pushes.find(({ characters }) => characters >= text.length);
    this.#sentenceMs = whole?.atMs ?? this.#clock.nowMs();
  }

  noteAudio(): void {
    this.#audioMs = this.#clock.nowMs();
  }

  stages(): StageLatency {
    const writing = this.#begun?.writing;
    const textMs = firstTextAtMs(writing);
    return {
      sttFirstPartialMs: rounded(this.#ears.firstPartialMs),
      sttFinalMs: rounded(this.#ears.finalMs),
      textProcessingMs: rounded(this.#begun?.textProcessingMs ?? NONE),
      ragRetrievalMs: rounded(this.#begun?.ragRetrievalMs ?? NONE),
      llmFirstTokenMs: rounded(writing?.firstTextMs() ?? NONE),
      llmFirstSentenceMs: textMs < 0 ? NONE : rounded(Math.max(0, this.#sentenceMs - textMs)),
      ttsFirstAudioMs: rounded(this.#audioMs - this.#sentenceMs),
    };
  }
}

function firstTextAtMs(writing: Writing | undefined): number {
  if (writing === undefined || writing.firstTextMs() < 0) return NONE;
  return writing.askedMs() + writing.firstTextMs();
}

function rounded(ms: number): number {
  return ms < 0 ? NONE : Math.round(ms);
}
