// What two hypotheses over the same growing audio agree on (D-11): the leading words that the newer
// one left as the older one had them. Complete sentences of agreed words are told and never change;
// everything else is taken from the newest hypothesis, so nothing heard gets lost (D-26).
// Station: between the engine's answers and the listener; pure.
// Source: local agreement, n = 2 (Liu, Spanakis, Niehues 2020, arXiv 2005.11185; Macháček, Dabre,
// Bojar 2023, arXiv 2307.14743). Departures: sentences, not words, are the unit that is told; where
// told words end in a new hypothesis is found by their letters, not by time stamps, because half of
// the engines give none.
//
//   utterance   |== committed: told sentences ==|= committed, not told =|
//   window                      |--- inWindow --------------------------|---- tail ----|
//   hypothesis                  |--- words that were committed ---------|---- tail ----|
import { type HeardWord, wordFromLetter } from "./heard-words.ts";
import { isSentenceEnd } from "./sentence-ends.ts";

export interface AgreementRules {
  /** A word below it agrees with nothing (D-12). */
  readonly confidenceMin: number;
  /** So many words must agree, unless the text ends a sentence (S2-36). */
  readonly stableWordsMin: number;
}

/** An utterance of two hours has as many; older told words are forgotten then. */
const COMMITTED_WORDS_MAX = 20_000;

/** One utterance's words. reset() makes it new. */
export class LocalAgreement {
  readonly #rules: AgreementRules;
  #committed: HeardWord[] = [];
  /** The last so many of the committed words lie in the window that hypotheses are of. */
  #inWindow = 0;
  #toldCount = 0;
  #isSeamLoud = false;
  /** The newest hypothesis after the committed words. */
  #tail: readonly HeardWord[] = [];

  constructor(rules: AgreementRules) {
    this.#rules = rules;
  }

  reset(): void {
    this.#committed = [];
    this.#inWindow = 0;
    this.#toldCount = 0;
    this.#isSeamLoud = false;
    this.#tail = [];
  }

  /** A newer hypothesis of the growing window. -> the sentences that became certain by it. */
  hear(hypothesis: readonly HeardWord[]): readonly HeardWord[][] {
    const tail = this.#tailOf(hypothesis);
    const stable = stableCount(this.#tail, tail, this.#rules);
    const cut = lastSentenceCut(this.#tail, tail, stable);
    this.#commit(tail.slice(0, cut));
    this.#inWindow += cut;
    this.#tail = tail.slice(cut);
    return this.#tellSentences();
  }

  /** The newest hypothesis counts as it is; told sentences stay. */
  replace(hypothesis: readonly HeardWord[]): void {
    this.#tail = this.#tailOf(hypothesis);
  }

  /**
   * The window begins anew a little before where the newest hypothesis ends: all its words stay.
   * `isSeamLoud`: somebody spoke there, so the next window may begin with the last word once more.
   * -> the sentences that became certain by it.
   */
  close(isSeamLoud: boolean): readonly HeardWord[][] {
    this.#commit(this.#tail);
    this.#inWindow = 0;
    this.#tail = [];
    this.#isSeamLoud = isSeamLoud;
    return this.#tellSentences();
  }

  /**
   * As close(), at a place in the midst of the window: `heard` is what was said before it. Sentences
   * may have been told that were said after it; those words lie in the next window too.
   */
  closeAt(heard: readonly HeardWord[], isSeamLoud: boolean): readonly HeardWord[][] {
    const known = this.#committed.slice(this.#committed.length - this.#inWindow);
    this.#tail = this.#tailOf(heard);
    const isBehind = this.#tail.length === 0;
    const told = this.close(isSeamLoud);
    if (isBehind) this.#inWindow = wordsAfter(heard, known).length;
    return told;
  }

  /** Words before the window. */
  before(): readonly HeardWord[] {
    return this.#committed.slice(0, this.#committed.length - this.#inWindow);
  }

  /** Words after the last told sentence. */
  untold(): readonly HeardWord[] {
    return [...this.#committed.slice(this.#toldCount), ...this.#tail];
  }

  /** Every word of the utterance. */
  all(): readonly HeardWord[] {
    return [...this.#committed, ...this.#tail];
  }

  #tailOf(hypothesis: readonly HeardWord[]): readonly HeardWord[] {
    if (this.#inWindow === 0)
      return this.#isSaidTwice(hypothesis[0]) ? hypothesis.slice(1) : hypothesis;
    const known = this.#committed.slice(-this.#inWindow);
    return wordsAfter(known, hypothesis);
  }

  /** The first word of a window whose first moment the window before heard too. */
  #isSaidTwice(word: HeardWord | undefined): boolean {
    const last = this.#committed.at(-1);
    if (word === undefined || last?.form !== word.form) return false;
    if (word.startMs < 0 || last.endMs < 0) return this.#isSeamLoud;
    return (word.startMs + word.endMs) / 2 < last.endMs;
  }

  #commit(words: readonly HeardWord[]): void {
    this.#committed.push(...words);
    const excess = Math.min(this.#committed.length - COMMITTED_WORDS_MAX, this.#toldCount);
    if (excess <= 0) return;
    this.#committed.splice(0, excess);
    this.#toldCount -= excess;
    this.#inWindow = Math.min(this.#inWindow, this.#committed.length);
  }

  #tellSentences(): HeardWord[][] {
    const sentences: HeardWord[][] = [];
    for (let index = this.#toldCount; index < this.#committed.length; index += 1) {
      const next = this.#committed[index + 1] ?? this.#tail[0];
      if (!isSentenceEnd(this.#committed[index]?.text ?? "", next?.text ?? "")) continue;
      sentences.push(this.#committed.slice(this.#toldCount, index + 1));
      this.#toldCount = index + 1;
    }
    return sentences;
  }
}

/** S2-36 over the growing window: how many leading words may count as certain. */
function stableCount(
  older: readonly HeardWord[],
  newer: readonly HeardWord[],
  rules: AgreementRules,
): number {
  let count = 0;
  while (count < newer.length && count < older.length) {
    const word = newer[count];
    if (word === undefined || word.form !== older[count]?.form) break;
    if (word.confidence < rules.confidenceMin) break;
    count += 1;
  }
  const isEnded = isSentenceEnd(newer.at(-1)?.text ?? "", "");
  return count >= rules.stableWordsMin || isEnded ? count : 0;
}

/** The end of the last sentence, among the stable words, that both hypotheses end there. */
function lastSentenceCut(
  older: readonly HeardWord[],
  newer: readonly HeardWord[],
  stable: number,
): number {
  const endsAt = (words: readonly HeardWord[], index: number) =>
    isSentenceEnd(words[index]?.text ?? "", words[index + 1]?.text ?? "");
  for (let count = stable; count > 0; count -= 1) {
    if (endsAt(older, count - 1) && endsAt(newer, count - 1)) return count;
  }
  return 0;
}

/** A word is cut in two only where that explains so many letters better than any whole word. */
const CUT_LETTERS_MIN = 3;

/**
 * What `hypothesis` says after the words of `known`: it goes on where its letters so far differ
 * least from those of `known`; of equals where as many words are behind. A word in which a known and
 * a new one are written together is cut.
 * Cost: nothing but a comparison when the words are the same, else letters x letters.
 */
function wordsAfter(
  known: readonly HeardWord[],
  hypothesis: readonly HeardWord[],
): readonly HeardWord[] {
  if (known.every(({ form }, index) => form === hypothesis[index]?.form)) {
    return hypothesis.slice(known.length);
  }
  const wanted = known.map(({ form }) => form).join("");
  // costs[i]: edits between the first i letters of `wanted` and all letters so far.
  let costs = Array.from({ length: wanted.length + 1 }, (_, index) => index);
  let whole = { count: 0, cost: wanted.length };
  let cut = { index: 0, letters: 0, cost: wanted.length };
  for (let index = 0; index < hypothesis.length; index += 1) {
    const letters = (hypothesis[index]?.form ?? "").split("");
    for (const [letterIndex, letter] of letters.entries()) {
      costs = nextCosts(costs, wanted, letter);
      const cost = costs[wanted.length] ?? 0;
      if (cost < cut.cost) cut = { index, letters: letterIndex + 1, cost };
    }
    const cost = costs[wanted.length] ?? 0;
    const isNearer = Math.abs(index + 1 - known.length) < Math.abs(whole.count - known.length);
    if (cost < whole.cost || (cost === whole.cost && isNearer)) whole = { count: index + 1, cost };
  }
  const word = hypothesis[cut.index];
  if (word === undefined || cut.cost + CUT_LETTERS_MIN > whole.cost) {
    return hypothesis.slice(whole.count);
  }
  return [wordFromLetter(word, cut.letters), ...hypothesis.slice(cut.index + 1)];
}

/** One more row of the edit distance (Wagner, Fischer 1974). */
function nextCosts(costs: readonly number[], wanted: string, letter: string): number[] {
  const next = [(costs[0] ?? 0) + 1];
  for (let index = 1; index <= wanted.length; index += 1) {
    const replaced = (costs[index - 1] ?? 0) + (wanted[index - 1] === letter ? 0 : 1);
    next.push(Math.min(replaced, (costs[index] ?? 0) + 1, (next[index - 1] ?? 0) + 1));
  }
  return next;
}
