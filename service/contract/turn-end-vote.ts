// A model that says whether the caller's turn is over: the place for melody or words behind the
// silence rule (issue: end of turn). None by default; an embedding program brings one.
// Order: vote() once per silence inside a turn, from its first window on; a newer question or the
// deadline aborts the signal, and what comes after it counts for nothing. A throw, a rejection or a
// number outside 0..1 is counted and changes nothing: the silence decides, as without a voter.
import type { UpstreamFormat } from "./upstream.ts";

export interface TurnEndQuestion {
  readonly callId: string;
  readonly turnId: number;
  /** From the onset to the last window judged speech. */
  readonly speechMs: number;
  /** What readAudio gives. */
  readonly format: UpstreamFormat;
  /**
   * The newest lastMsMax of the turn so far, its pre-roll and the silence included, as a copy.
   * Before the first await of vote(); later, and when the turn is gone, it is empty.
   */
  readAudio(lastMsMax: number): Uint8Array;
}

export interface TurnEndVoter {
  readonly name: string;
  /** -> the probability 0..1 that the turn is over. */
  vote(question: TurnEndQuestion, signal: AbortSignal): Promise<number>;
}
