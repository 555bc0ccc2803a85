// The words of a transcript, one by one: as written, in a form that two hypotheses can be compared
// by, and where they lie in the utterance. Text is what counts: engines leave the punctuation out of
// their word lists, so the list only lends its times and confidences to the words of the text.
// Station: between an engine's answer and the agreement of two of them.
import type { TranscribedWord, Transcript } from "../contract/speech-to-text.ts";

export interface HeardWord {
  /** As written, with its punctuation. */
  readonly text: string;
  /** What stands before it: "" in scripts that write without spaces. */
  readonly gap: "" | " ";
  /** Letters and digits in lower case: equal for "Table." and "table". Never empty. */
  readonly form: string;
  /** Ms since the utterance's first sample; -1 when the engine does not say. */
  readonly startMs: number;
  readonly endMs: number;
  readonly confidence: number;
}

/** Characters of scripts without spaces stand alone, so that their sentences can agree by parts. */
const PIECES =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]\p{M}*|[^\s\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]+/gu;
const NOT_OF_FORM = /[^\p{L}\p{M}\p{N}]/gu;

/** How many list entries may have no counterpart in the text before one is found. */
const LOOK_AHEAD = 3;

/** The transcript's words; `offsetMs` is where its piece of audio begins in the utterance. */
export function heardWords(transcript: Transcript, offsetMs: number): HeardWord[] {
  const words: HeardWord[] = [];
  let listed = 0;
  for (const { text, gap, form } of writtenWords(transcript.text)) {
    const found = indexOfForm(transcript.words, listed, form);
    const timed = transcript.words[found];
    if (timed !== undefined) listed = found + 1;
    words.push({
      text,
      gap,
      form,
      startMs: timed === undefined ? -1 : timed.startMs + offsetMs,
      endMs: timed === undefined ? -1 : timed.endMs + offsetMs,
      confidence: timed?.confidence ?? transcript.confidence,
    });
  }
  return transcript.words.length === 0 ? words : withGuessedTimes(words, transcript, offsetMs);
}

/** The word without the first `letters` of its form. */
export function wordFromLetter(word: HeardWord, letters: number): HeardWord {
  let index = 0;
  while (index < word.text.length && formOf(word.text.slice(0, index)).length < letters) index += 1;
  return { ...word, text: word.text.slice(index), form: word.form.slice(letters) };
}

/** What the words say together. `bounds`: of the audio they were heard in, for unknown times. */
export function transcriptOf(
  words: readonly HeardWord[],
  language: string,
  bounds: { readonly startMs: number; readonly endMs: number },
): Transcript {
  let text = "";
  let confidence = 0;
  for (const word of words) {
    text += text === "" ? word.text : word.gap + word.text;
    confidence += word.confidence;
  }
  const isTimed = words.every(({ startMs }) => startMs >= 0);
  const first = isTimed ? words[0] : undefined;
  const last = isTimed ? words.at(-1) : undefined;
  return {
    text,
    confidence: words.length === 0 ? 1 : confidence / words.length,
    startMs: first?.startMs ?? bounds.startMs,
    endMs: last?.endMs ?? bounds.endMs,
    language,
    words: isTimed ? words.map(transcribedWord) : [],
  };
}

function transcribedWord(word: HeardWord): TranscribedWord {
  const { text, startMs, endMs, confidence } = word;
  return { word: text, startMs, endMs, confidence };
}

interface WrittenWord {
  text: string;
  readonly gap: "" | " ";
  readonly form: string;
}

/** Punctuation that stands alone ("है ।") belongs to the word before it. */
function writtenWords(text: string): WrittenWord[] {
  const words: WrittenWord[] = [];
  let endIndex = 0;
  for (const match of text.matchAll(PIECES)) {
    const piece = match[0];
    const gap = match.index > endIndex ? " " : "";
    endIndex = match.index + piece.length;
    const form = formOf(piece);
    const before = words.at(-1);
    if (form !== "") words.push({ text: piece, gap: words.length === 0 ? " " : gap, form });
    else if (before !== undefined) before.text += gap + piece;
  }
  return words;
}

function formOf(text: string): string {
  return text.normalize("NFKC").toLowerCase().replace(NOT_OF_FORM, "");
}

function indexOfForm(words: readonly TranscribedWord[], from: number, form: string): number {
  const end = Math.min(words.length, from + LOOK_AHEAD);
  for (let index = from; index < end; index += 1) {
    const entry = words[index];
    if (entry !== undefined && formOf(entry.word) === form) return index;
  }
  return -1;
}

/** A word that the list does not have lies between its neighbours. */
function withGuessedTimes(
  words: readonly HeardWord[],
  transcript: Transcript,
  offsetMs: number,
): HeardWord[] {
  const timed: HeardWord[] = [];
  let endMs = transcript.startMs + offsetMs;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    if (word === undefined) break;
    if (word.startMs >= 0) {
      timed.push(word);
    } else {
      const next = words.slice(index + 1).find(({ startMs }) => startMs >= 0);
      const gapEndMs = Math.max(endMs, next?.startMs ?? transcript.endMs + offsetMs);
      timed.push({ ...word, startMs: endMs, endMs: gapEndMs });
    }
    endMs = timed.at(-1)?.endMs ?? endMs;
  }
  return timed;
}
