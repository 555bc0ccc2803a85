// Where a sentence ends in written text: the one list of marks, for the words that a language model
// writes (text-to-speech) and for those that were heard (speech-to-text), so that both cut alike
// (D-35). The FIRST end counts (S3-03, D-15), and it is known as soon as the one character behind
// it is. Pure text in, index out.
// Limits: rules and short lists, no grammar. Where a dot may mean two things ("5 p.m. Then") no
// end is seen: a sentence spoken a little later is better than one cut in two.

/** Ends a sentence when white space follows. */
const MARKS_BEFORE_SPACE = ".?!";
/** Ends a sentence wherever it stands: danda, double danda, Chinese and Japanese, Arabic, Urdu. */
const MARKS_ANYWHERE = "।॥。！？؟۔";
/** Every mark that ends a sentence (S2-37, S2-56). A new line ends one too. */
export const SENTENCE_MARKS = MARKS_BEFORE_SPACE + MARKS_ANYWHERE;

/** What may stand between the mark and the space: quotes, brackets, Markdown. */
const CLOSERS = "\"')]}»”’“›」』*_`";
const OPENERS = /^["'([{„“‚‘«‹»*_`]+/;
const SPEAKABLE = /[\p{L}\p{N}]/u;
const LETTERS_ONLY = /^\p{L}+$/u;

/** Languages that write ordinal numbers with a dot ("am 3. Mai"). */
const ORDINAL_DOT = new Set("de da nb nn no fi et lv cs sk pl hu sl hr bs sr is tr".split(" "));

/** Written with a dot and seldom last in a sentence. "no" is not here: it is a word. */
const ABBREVIATIONS: Readonly<Record<string, ReadonlySet<string>>> = {
  "": new Set("dr prof st vs etc ca max tel jr sr inc ltd co corp".split(" ")),
  en: new Set(
    (
      "mr mrs ms mx rev hon gen col sgt capt lt gov sen rep approx dept est ave blvd rd mt ft vol " +
      "fig cf ext jan feb apr jun jul aug sep sept oct nov dec"
    ).split(" "),
  ),
  de: new Set(
    (
      "hr fr nr str bzw usw evtl ggf inkl exkl zzgl bspw sog vgl abs mio mrd std min sek jh geb " +
      "dipl ing mag allg bes einschl mind jan feb apr jun jul aug sep sept okt nov dez"
    ).split(" "),
  ),
  fr: new Set("mme mlle mm av bd env".split(" ")),
  es: new Set("sra srta ud uds av pág núm".split(" ")),
  it: new Set("sig dott avv ing pag".split(" ")),
};

export interface SentenceSearch {
  /** BCP 47 of the text; "" when unknown: then the guards of every language hold. */
  readonly language: string;
  /** Nothing follows the text: its end counts as white space. */
  readonly isWhole: boolean;
  /** Ends before this many characters are passed over; 1 for none. */
  readonly charsMin: number;
}

/**
 * Index behind the first sentence of `text`, its mark and what closes after it; -1 when it has no
 * end yet. What an end looks like depends on the characters up to the first one behind it only, so
 * the answer is the same however the text arrives.
 */
export function sentenceEnd(text: string, search: SentenceSearch): number {
  for (let index = 0; index < text.length; index += 1) {
    const mark = text.charAt(index);
    if (mark === "\n") {
      if (isLongEnough(text, index, search.charsMin)) return index + 1;
      continue;
    }
    if (!SENTENCE_MARKS.includes(mark)) continue;
    const marksEnd = passOver(text, index + 1, SENTENCE_MARKS);
    const end = passOver(text, marksEnd, CLOSERS);
    if (end === text.length && !search.isWhole) return -1;
    if (isEnd(text, { index, marksEnd, end }, search)) return end;
    index = end - 1;
  }
  return -1;
}

/** True when there is something to say: a letter or a digit. */
export function isSpeakable(text: string): boolean {
  return SPEAKABLE.test(text);
}

interface Place {
  readonly index: number;
  readonly marksEnd: number;
  readonly end: number;
}

function isEnd(text: string, { index, marksEnd, end }: Place, search: SentenceSearch): boolean {
  if (!isLongEnough(text, end, search.charsMin)) return false;
  if (end === text.length) return true;
  const marks = text.slice(index, marksEnd);
  if ([...marks].some((mark) => MARKS_ANYWHERE.includes(mark))) return true;
  if (!/\s/.test(text.charAt(end))) return false;
  // Dots alone: two or more are a pause, one may belong to the word before it.
  if (!/^\.+$/.test(marks)) return true;
  return marks === "." && text.charAt(index - 1) !== "…" && !isDotOfWord(text, index, search);
}

function isLongEnough(text: string, end: number, charsMin: number): boolean {
  const piece = text.slice(0, end).trim();
  return piece.length >= charsMin && isSpeakable(piece);
}

/** True when the dot at `index` belongs to the word before it and ends nothing. */
function isDotOfWord(text: string, index: number, search: SentenceSearch): boolean {
  const start = 1 + Math.max(...[" ", "\t", "\n", "\u00a0"].map((c) => text.lastIndexOf(c, index)));
  const written = text.slice(start, index);
  const word = written.replace(OPENERS, "");
  const language = search.language.slice(0, 2).toLowerCase();
  const hasOrdinals = language === "" || ORDINAL_DOT.has(language);
  if (/^\d{1,2}$/.test(word)) return hasOrdinals || isLineStart(text, start);
  if (hasOrdinals && /^[IVX]{2,}$/.test(word)) return true;
  if (word === "I" && language === "en") return false;
  // An initial, or pieces of one or two letters: "J.", "e.g.", "z.B.", "U.S.A.", "Ph.D."
  const parts = word.split(".");
  const isInitials = parts.every((part) => part.length <= 2 && LETTERS_ONLY.test(part));
  if (isInitials && (parts.length > 1 || word.length === 1)) return true;
  return isAbbreviation(word.toLowerCase(), language);
}

function isAbbreviation(word: string, language: string): boolean {
  if (ABBREVIATIONS[""]?.has(word) === true) return true;
  if (language !== "") return ABBREVIATIONS[language]?.has(word) === true;
  return Object.values(ABBREVIATIONS).some((words) => words.has(word));
}

/** True for a list's number: nothing but spaces before it on its line. */
function isLineStart(text: string, start: number): boolean {
  return text.slice(text.lastIndexOf("\n", start - 1) + 1, start).trim() === "";
}

function passOver(text: string, from: number, characters: string): number {
  let index = from;
  while (index < text.length && characters.includes(text.charAt(index))) index += 1;
  return index;
}
