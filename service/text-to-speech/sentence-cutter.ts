// Cuts a language model's words into pieces to speak: at the first sentence end (S3-03, S2-56),
// as soon as the one character behind it is there; a sentence that does not end is cut at a comma
// or a space. Stands between the model's stream and the queue of sentences (speech-queue.ts).
// The pieces in a row are the text, to the last space, and the same however the text arrives.
// Limits: it holds what was pushed and not taken; whoever pushes bounds that (speech-streamer.ts).
import { assert } from "../assert.ts";
import { sentenceEnd } from "../wire/sentence-marks.ts";

export interface SentenceCutterSettings {
  /** BCP 47, "" when unknown. */
  readonly language: string;
  /** A shorter sentence is spoken together with the next one. */
  readonly charsMin: number;
  /** A longer one is cut at its last comma, else at its last space, else here. */
  readonly charsMax: number;
}

export class SentenceCutter {
  readonly #settings: SentenceCutterSettings;
  #text = "";
  #isWhole = false;

  constructor(settings: SentenceCutterSettings) {
    assert(settings.charsMin >= 1, "a piece must have a character");
    assert(settings.charsMax > settings.charsMin, "the longest piece must exceed the shortest");
    this.#settings = settings;
  }

  /** Characters pushed and not taken. */
  get chars(): number {
    return this.#text.length;
  }

  push(text: string): void {
    assert(!this.#isWhole, "text pushed after its end");
    this.#text += text;
  }

  /** Nothing will be pushed any more: next() gives the rest too. */
  finish(): void {
    this.#isWhole = true;
  }

  /** Forgets everything; the next text begins anew. */
  clear(): void {
    this.#text = "";
    this.#isWhole = false;
  }

  /** The next piece as it was written; undefined when there is none yet. */
  next(): string | undefined {
    const end = this.#end();
    if (end <= 0) return undefined;
    const piece = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    return piece;
  }

  #end(): number {
    const { language, charsMin, charsMax } = this.#settings;
    // One character more than a piece may have is enough to know the end of the longest.
    const window = this.#text.slice(0, charsMax + 1);
    const isWhole = this.#isWhole && this.#text.length <= charsMax;
    const end = sentenceEnd(window, { language, isWhole, charsMin });
    if (end >= 0 && end <= charsMax) return end;
    if (this.#text.length > charsMax) return cutLong(window.slice(0, charsMax), charsMin);
    return isWhole ? this.#text.length : -1;
  }
}

/** Where `text`, which is too long and has no end, is cut. */
function cutLong(text: string, charsMin: number): number {
  const comma = Math.max(...[", ", "; ", ": ", "– ", "— "].map((mark) => text.lastIndexOf(mark)));
  if (comma + 1 > charsMin) return comma + 1;
  const space = text.lastIndexOf(" ");
  if (space + 1 > charsMin) return space + 1;
  // Between the halves of one character nothing may be cut.
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.length - 1 : text.length;
}
