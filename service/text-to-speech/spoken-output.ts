// What a speech stream tells its listener, in order, and nothing while it is paused. Stands last in
// text-to-speech. Also numbers the chunks and finds the words that begin in each.
// Limits: a paused one holds SPEECH_HELD_CHUNKS before its writer must wait, and what one more piece
// of the engine's makes.
import { assert } from "../assert.ts";
import type {
  SpeechPriority,
  SpeechStreamListener,
  SpokenWord,
} from "../contract/text-to-speech.ts";
import { SPEECH_HELD_CHUNKS } from "../limits.ts";

type Told = (listener: SpeechStreamListener) => void;

export class SpokenOutput {
  readonly #listener: SpeechStreamListener;
  readonly #rateHz: number;
  readonly #held: Told[] = [];
  #isPaused = false;
  #isDraining = false;
  #isClosed = false;
  #waiters: (() => void)[] = [];
  #sequence = 0;
  /** The sentence whose audio is given out, 0 when none is. */
  #sentence = 0;
  #samples = 0;
  #words: SpokenWord[] = [];

  constructor(listener: SpeechStreamListener, rateHz: number) {
    this.#listener = listener;
    this.#rateHz = rateHz;
  }

  begin(sentence: number, text: string, priority: SpeechPriority): void {
    this.endSentence();
    this.#sentence = sentence;
    this.#samples = 0;
    this.#words = [];
    this.#tell((listener) => listener.onSentenceStarted(sentence, text, priority));
  }

  /** Words whose audio is on its way, times within the sentence. */
  addWords(words: readonly SpokenWord[]): void {
    this.#words.push(...words);
  }

  give(audio: Int16Array): void {
    assert(this.#sentence > 0, "audio must belong to a sentence");
    this.#samples += audio.length;
    const endMs = (this.#samples * 1_000) / this.#rateHz;
    const count = this.#words.findIndex(({ startMs }) => startMs >= endMs);
    const words = this.#words.splice(0, count < 0 ? this.#words.length : count);
    this.#sequence += 1;
    const sentence = this.#sentence;
    const sequence = this.#sequence;
    // The samples are the joiner's; whoever listens later needs a copy.
    const kept = this.#isHolding() ? audio.slice() : audio;
    this.#tell((listener) => listener.onSpeech(sentence, kept, words, sequence));
  }

  /** The sentence that is given out, if any, is complete. */
  endSentence(): void {
    const sentence = this.#sentence;
    if (sentence === 0) return;
    this.#sentence = 0;
    this.#tell((listener) => listener.onSentenceEnded(sentence));
  }

  /** A sentence, begun or not, is not spoken to its end. */
  fail(sentence: number, text: string, error: Error): void {
    if (sentence === this.#sentence) this.#sentence = 0;
    else this.endSentence();
    this.#tell((listener) => listener.onSentenceFailed(sentence, text, error));
  }

  finish(): void {
    this.#tell((listener) => listener.onFinished());
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#isDraining) return;
    this.#isDraining = true;
    // Not from within the listener's own call.
    queueMicrotask(() => this.#drain());
  }

  /** Resolves when more may be given; at once unless a paused listener has enough. */
  async whenRoom(): Promise<void> {
    if (this.#held.length < SPEECH_HELD_CHUNKS) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Forgets what was not told. */
  clear(): void {
    this.#held.length = 0;
    this.#sentence = 0;
    this.#words = [];
    this.#release();
  }

  close(): void {
    this.clear();
    this.#isClosed = true;
  }

  #isHolding(): boolean {
    return this.#isPaused || this.#held.length > 0;
  }

  #tell(told: Told): void {
    if (this.#isClosed) return;
    if (this.#isHolding()) this.#held.push(told);
    else told(this.#listener);
  }

  #drain(): void {
    this.#isDraining = false;
    while (!this.#isPaused) {
      const told = this.#held.shift();
      if (told === undefined) break;
      told(this.#listener);
    }
    if (this.#held.length < SPEECH_HELD_CHUNKS) this.#release();
  }

  #release(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}
