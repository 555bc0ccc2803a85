// Passages of the operator's documents that may help the language model (S2-84). Injected; there is
// none by default. Order: retrieve() as often as wanted; `signal` stops it. May reject with any
// error: the answer is then written without passages.
export interface RetrievedPassage {
  readonly text: string;
  /** "" when it has none. */
  readonly title: string;
  readonly url: string;
}

export interface Retriever {
  /** For metrics and logs. */
  readonly name: string;
  /** The `countMax` best passages, best first. */
  retrieve(
    query: string,
    countMax: number,
    signal: AbortSignal,
  ): Promise<readonly RetrievedPassage[]>;
}
