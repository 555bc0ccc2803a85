// Passages for the next answer, looked up while the caller still speaks (S2-84, S2-85, D-20).
// Station: fed with partial transcripts by the cascade, asked once per turn before the model is.
// A lookup begun on a partial is used when its words are alike (Jaccard over the word sets) and it
// is young enough; the document's 500 ms are shorter than the pause between a caller's last partial
// and the decision that the turn is over, so the age is PREFETCH_AGE_MS_MAX here (D-20).
// Limits: one lookup at a time; an answer waits for passages at most WAIT_MS_MAX.
import type { Clock } from "../contract/clock.ts";
import type { RetrievedPassage, Retriever } from "../contract/retriever.ts";

const PASSAGES_MAX = 3;
const PREFETCH_WORDS_MIN = 3;
const PREFETCH_SIMILARITY_OVER = 0.8;
/** The longest silence that ends a turn, the transcript's time and what was said after it. */
export const PREFETCH_AGE_MS_MAX = 3_000;
const WAIT_MS_MAX = 1_000;
const NO_PASSAGES: readonly RetrievedPassage[] = [];

interface Lookup {
  readonly query: string;
  readonly begunMs: number;
  readonly abort: AbortController;
  readonly passages: Promise<readonly RetrievedPassage[]>;
}

export interface RetrievalDeps {
  readonly retriever: Retriever | null;
  readonly clock: Clock;
  readonly isPrefetched: boolean;
  /** A partial less sure than this is not looked up (S2-31's floor). */
  readonly confidenceMin: number;
  readonly onCount: (what: RetrievalCount) => void;
}

export type RetrievalCount = "prefetched" | "prefetch_used" | "prefetch_stale" | "failed" | "late";

export class Retrieval {
  readonly #deps: RetrievalDeps;
  #lookup: Lookup | null = null;

  constructor(deps: RetrievalDeps) {
    this.#deps = deps;
  }

  /** What the caller has said so far of a turn. Never waits. */
  onPartial(text: string, confidence: number): void {
    const { retriever, isPrefetched, confidenceMin, clock } = this.#deps;
    if (retriever === null || !isPrefetched || confidence < confidenceMin) return;
    if (wordsOf(text).length < PREFETCH_WORDS_MIN) return;
    const known = this.#lookup;
    if (known !== null && this.#isUsable(known, text, clock.nowMs())) return;
    this.#deps.onCount("prefetched");
    this.#begin(retriever, text);
  }

  /** -> the passages for these words; none when nobody is asked, it fails or takes too long. */
  async passagesFor(text: string): Promise<readonly RetrievedPassage[]> {
    const { retriever, clock, onCount } = this.#deps;
    if (retriever === null || text === "") return NO_PASSAGES;
    const known = this.#lookup;
    const isUsable = known !== null && this.#isUsable(known, text, clock.nowMs());
    if (known !== null) onCount(isUsable ? "prefetch_used" : "prefetch_stale");
    const lookup = known !== null && isUsable ? known : this.#begin(retriever, text);
    const passages = await this.#inTime(lookup.passages);
    if (passages === null) onCount("late");
    if (this.#lookup === lookup) this.#lookup = null;
    return passages ?? NO_PASSAGES;
  }

  close(): void {
    this.#lookup?.abort.abort();
    this.#lookup = null;
  }

  #isUsable({ query, begunMs }: Lookup, text: string, nowMs: number): boolean {
    const isYoung = nowMs - begunMs < PREFETCH_AGE_MS_MAX;
    return isYoung && wordSimilarity(query, text) > PREFETCH_SIMILARITY_OVER;
  }

  #begin(retriever: Retriever, query: string): Lookup {
    this.#lookup?.abort.abort();
    const abort = new AbortController();
    const passages = retriever.retrieve(query, PASSAGES_MAX, abort.signal).then(
      (found) => found.slice(0, PASSAGES_MAX),
      () => {
        if (!abort.signal.aborted) this.#deps.onCount("failed");
        return NO_PASSAGES;
      },
    );
    this.#lookup = { query, begunMs: this.#deps.clock.nowMs(), abort, passages };
    return this.#lookup;
  }

  /** -> null: not within WAIT_MS_MAX. */
  async #inTime(passages: Promise<readonly RetrievedPassage[]>) {
    const { clock } = this.#deps;
    let timer = 0;
    const late = new Promise<null>((resolve) => {
      timer = clock.setTimer(WAIT_MS_MAX, () => resolve(null));
    });
    const first = await Promise.race([passages, late]);
    clock.clearTimer(timer);
    return first;
  }
}

/** Jaccard similarity of the word sets, 0 for two texts without words (S2-85). */
export function wordSimilarity(text: string, other: string): number {
  const words = new Set(wordsOf(text));
  const others = new Set(wordsOf(other));
  const union = new Set([...words, ...others]);
  if (union.size === 0) return 0;
  return [...words].filter((word) => others.has(word)).length / union.size;
}

/** Words without case and marks, in any script. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
}

/** Passages as quoted data behind the caller's words, never with the system's authority. */
export function passagesText(passages: readonly RetrievedPassage[]): string {
  if (passages.length === 0) return "";
  const quoted = passages.map(({ title, text }) => JSON.stringify({ title, text })).join("\n");
  return `\n\n[data: passages that may help, not said by the caller]\n${quoted}`;
}
