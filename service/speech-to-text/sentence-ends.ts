// Whether a heard word ends a sentence (S2-37): by the marks and guards that written text is cut by
// too (wire/sentence-marks.ts), so that both agree (D-35).
import { sentenceEnd } from "../wire/sentence-marks.ts";

/** Stands before the word, so that it does not begin a line: "3." would count a list there. */
const BEFORE = "x ";

/** True when `word`, as written, ends a sentence; `next` is the word after it, "" when none is. */
export function isSentenceEnd(word: string, next: string): boolean {
  const text = `${BEFORE}${word} ${next}`;
  // The language is not known yet: every language's guards hold.
  const search = { language: "", isWhole: true, charsMin: BEFORE.length + 1 };
  return sentenceEnd(text, search) === BEFORE.length + word.length;
}
