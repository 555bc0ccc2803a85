// What the provider's second opinion must not do to the conversation (S1-70): every turn that was
// told is in it, whoever committed it, and nothing that is none.
// Silence that a turn's first words touch is its pre-roll.
// Limits: a lost session takes its items along, and a model that errs hears words of its own.
import type { Knobs } from "./knobs.ts";
import type { Span } from "./switch-rules.ts";

const FRAME_MS = 20;
/** A turn begins so far before its first word, perhaps in a cough that was thrown away. */
const PRE_ROLL_FRAMES = 15;

export class HybridRules {
  readonly #isJudged: boolean;
  readonly #isVoiced: (frame: number) => boolean;
  readonly #isQuietHeard: boolean;
  readonly #turns: Span[] = [];

  /** isQuietHeard: words may be too quiet for isVoiced, so that a turn is a turn by being told. */
  constructor(knobs: Knobs, isVoiced: (frame: number) => boolean, isQuietHeard = false) {
    const { turnDetection, lossPercent, flipPercent } = knobs;
    this.#isJudged = turnDetection === "hybrid" && lossPercent + flipPercent === 0;
    this.#isVoiced = isVoiced;
    this.#isQuietHeard = isQuietHeard;
  }

  /** A turn was told as committed. */
  onTurn(startMs: number, endMs: number): void {
    this.#turns.push({ first: startMs / FRAME_MS, end: endMs / FRAME_MS });
  }

  /** remaining: the caller's items that were not deleted. -> the rule that they break. */
  broken(remaining: readonly Span[]): string | null {
    if (!this.#isJudged) return null;
    if (!this.#turns.every((turn) => this.#isIn(turn, remaining))) {
      return "hybrid: every word of a turn is in the conversation";
    }
    const isWanted = (item: Span) =>
      this.#hasVoice(item) ||
      remaining.some(({ first }) => first === item.end) ||
      (this.#isQuietHeard && this.#isTold(item));
    if (!remaining.every(isWanted)) {
      return "hybrid: nothing but words stays in the conversation";
    }
    return null;
  }

  #isIn(turn: Span, remaining: readonly Span[]): boolean {
    for (let frame = turn.first + PRE_ROLL_FRAMES; frame < turn.end; frame += 1) {
      if (!this.#isVoiced(frame)) continue;
      if (!remaining.some(({ first, end }) => first <= frame && frame < end)) return false;
    }
    return true;
  }

  #isTold(item: Span): boolean {
    return this.#turns.some(({ first, end }) => first < item.end && item.first < end);
  }

  #hasVoice({ first, end }: Span): boolean {
    for (let frame = first; frame < end; frame += 1) if (this.#isVoiced(frame)) return true;
    return false;
  }
}
