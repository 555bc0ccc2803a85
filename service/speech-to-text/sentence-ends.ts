// Where a sentence ends in what was heard (S2-37, D-35): full stop, question and exclamation mark,
// danda and double danda, and their full-width kin; not at the point of a number, an abbreviation,
// an initial, nor at dots that trail off.
// Limits: abbreviations of English and a few of Hindi; elsewhere a sentence may be cut too early,
// which loses no word.

const MARK = /[.?!।॥。？！]["'”’»)\]]*$/u;
const TRAILING_OFF = /(?:\.\.|…)["'”’»)\]]*$/u;
const POINT = /\.["'”’»)\]]*$/u;

/** A name or a number follows these. */
const TITLES: ReadonlySet<string> = new Set(
  "mr mrs ms mx dr prof rev hon gen col capt lt sgt st mt ft no vs fig approx डॉ श्री".split(" "),
);
/** These may also be a sentence's last word; then the next one is written large. */
const ABBREVIATIONS: ReadonlySet<string> = new Set(
  "etc inc ltd co corp dept est jr sr ave blvd e.g i.e a.m p.m u.s u.k ph.d".split(" "),
);

/** True when `word`, as written, ends a sentence; `next` is the word after it, "" when none is. */
export function isSentenceEnd(word: string, next: string): boolean {
  if (!MARK.test(word) || TRAILING_OFF.test(word)) return false;
  if (!POINT.test(word)) return true;
  const bare = word
    .replace(POINT, "")
    .replace(/^["'“‘«([]+/u, "")
    .toLowerCase();
  // "3." may become "3.5" while one listens.
  if (/\p{N}$/u.test(bare)) return next !== "" && !/^\p{N}/u.test(next);
  if (TITLES.has(bare)) return false;
  if (ABBREVIATIONS.has(bare) || /^(?:\p{L}\.)+\p{L}$/u.test(bare)) return /^\p{Lu}/u.test(next);
  return !/^\p{Lu}$/u.test(bare.toUpperCase()) || bare === "i";
}
