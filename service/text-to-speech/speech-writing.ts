// The text side of a speech stream: from the words a model writes to sentences that wait, and which
// answer each belongs to. Stands between push() and the engine. A full queue is an answer, never a
// wait (S2-60, D-34).
//
//   push() -> SentenceCutter -> one piece that found no room -> SpeechQueue -> take()
//
// Limits: SPEECH_QUEUE_SENTENCES, one piece, and what the last push() held.
import { assert } from "../assert.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import type { SpeechPriority } from "../contract/text-to-speech.ts";
import { SPEECH_INTERJECTION_CHARS_MAX, SPEECH_TEXT_CHARS_MAX } from "../limits.ts";
import { isSpeakable } from "../wire/sentence-marks.ts";
import { SentenceCutter, type SentenceCutterSettings } from "./sentence-cutter.ts";
import type { SpeechMetrics } from "./speech-metrics.ts";
import { type QueuedSentence, SpeechQueue } from "./speech-queue.ts";

/** What is pushed up to one finish(). */
export interface WrittenAnswer {
  /** Sentences that wait or are being spoken. */
  sentenceCount: number;
  /** finish() was called and no text is left. */
  isWritten: boolean;
}

export interface WaitingSentence extends QueuedSentence {
  readonly answer: WrittenAnswer;
}

export class SpeechWriting {
  readonly #cutter: SentenceCutter;
  readonly #metrics: SpeechMetrics;
  readonly #queue: SpeechQueue<WaitingSentence>;
  /** The oldest first; the last one may still be written. */
  readonly #answers: WrittenAnswer[] = [];
  #piece: string | undefined;
  #isFinishing = false;
  #owesRoom = false;

  constructor(settings: SentenceCutterSettings, metrics: SpeechMetrics) {
    this.#cutter = new SentenceCutter(settings);
    this.#metrics = metrics;
    this.#queue = new SpeechQueue(({ answer }) => {
      answer.sentenceCount -= 1;
      metrics.sentences.filler_dropped.add(1);
    });
  }

  push(text: string): SendResult {
    if (this.#piece !== undefined) return this.#full(SEND.DROPPED);
    this.#openAnswer();
    this.#cutter.push(this.#bounded(text, SPEECH_TEXT_CHARS_MAX));
    this.#move();
    return this.#piece === undefined ? SEND.SENT : this.#full(SEND.BUFFERED);
  }

  interject(text: string, priority: SpeechPriority): SendResult {
    if (!this.#queue.hasRoom(priority)) return this.#full(SEND.DROPPED);
    const spoken = this.#bounded(text, SPEECH_INTERJECTION_CHARS_MAX).trim();
    if (!isSpeakable(spoken)) return SEND.SENT;
    this.#add(spoken, priority, this.#openAnswer());
    return SEND.SENT;
  }

  finish(): void {
    this.#openAnswer();
    this.#isFinishing = true;
    this.#cutter.finish();
    this.#move();
  }

  /** The next sentence to speak. */
  take(): WaitingSentence | undefined {
    const sentence = this.#queue.take();
    this.#move();
    return sentence;
  }

  /** True when another sentence waits, of this answer if one is named. */
  hasNext(answer?: WrittenAnswer): boolean {
    const next = this.#queue.peek();
    return next !== undefined && (answer === undefined || next.answer === answer);
  }

  /** Once after push() found the queue full and there is room again: tell the writer. */
  takeRoomOwed(): boolean {
    if (!this.#owesRoom || this.#piece !== undefined) return false;
    this.#owesRoom = false;
    return true;
  }

  /** Once for each finished answer of which all was spoken or failed. */
  takeFinished(): boolean {
    const [answer] = this.#answers;
    if (answer === undefined || !answer.isWritten || answer.sentenceCount > 0) return false;
    this.#answers.shift();
    return true;
  }

  /** Forgets all. -> how many sentences waited */
  clear(): number {
    const count = this.#queue.size + (this.#piece === undefined ? 0 : 1);
    this.#queue.clear();
    this.#cutter.clear();
    this.#answers.length = 0;
    this.#piece = undefined;
    this.#isFinishing = false;
    this.#owesRoom = false;
    return count;
  }

  #openAnswer(): WrittenAnswer {
    const last = this.#answers.at(-1);
    if (last !== undefined && !last.isWritten) return last;
    const answer = { sentenceCount: 0, isWritten: false };
    this.#answers.push(answer);
    return answer;
  }

  /** Moves pieces from the cutter to the queue while there is room. */
  #move(): void {
    for (;;) {
      this.#piece ??= this.#nextPiece();
      if (this.#piece === undefined) break;
      if (!this.#queue.hasRoom("normal")) return;
      this.#add(this.#piece, "normal", this.#openAnswer());
      this.#piece = undefined;
    }
    if (!this.#isFinishing) return;
    assert(this.#cutter.chars === 0, "a finished cutter gives all its text");
    this.#openAnswer().isWritten = true;
    this.#isFinishing = false;
    this.#cutter.clear();
  }

  #nextPiece(): string | undefined {
    for (let piece = this.#cutter.next(); piece !== undefined; piece = this.#cutter.next()) {
      if (isSpeakable(piece)) return piece.trim();
    }
    return undefined;
  }

  #add(text: string, priority: SpeechPriority, answer: WrittenAnswer): void {
    answer.sentenceCount += 1;
    const isTaken = this.#queue.add({ text, priority, answer });
    assert(isTaken, "a sentence was added to a full queue");
  }

  #full(result: SendResult): SendResult {
    this.#owesRoom = true;
    this.#metrics.fullQueues.add(1);
    return result;
  }

  #bounded(text: string, charsMax: number): string {
    if (text.length <= charsMax) return text;
    this.#metrics.charsDropped.add(text.length - charsMax);
    return text.slice(0, charsMax);
  }
}
