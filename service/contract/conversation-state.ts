// What is known of a call's conversation at this moment (S4-C21, S4-C24): who has the floor, how far
// the end of a turn is, and how the talk has flowed so far. Read only, made when it is asked for.
import type { TurnDetection } from "./call-terms.ts";

/** Who is heard: the local voice activity for the caller, the ledger for the agent. */
export type Floor = "nobody" | "caller" | "agent" | "both";

/** The caller's span: nothing, maybe speech, held under the agent's voice, a turn. */
export type SpeechPhase = "silent" | "tentative" | "held" | "turn";

export interface TurnEndState {
  /** The caller may be done: quietMs of silenceMs have passed. */
  readonly isMaybeOver: boolean;
  readonly quietMs: number;
  /** The silence in force now, and what it is for this caller without a vote. */
  readonly silenceMs: number;
  readonly learnedMs: number;
  readonly isVoteAwaited: boolean;
}

export interface ConversationFlow {
  /** Turns of the caller that were committed and are to be answered. */
  readonly turns: number;
  /** Times the caller cut the agent off in what it was saying or about to say. */
  readonly interruptions: number;
  /** Both were heard at once, for so long in all. */
  readonly overlapMs: number;
  /** True end of a turn's speech to the first frame of its answer; -1 without any. */
  readonly responseGapMsLast: number;
  readonly responseGapMsMean: number;
}

export interface ConversationState {
  readonly floor: Floor;
  readonly turnId: number;
  readonly turnDetection: TurnDetection;
  readonly speech: SpeechPhase;
  /** null where something else than local detection with settings ends turns. */
  readonly turnEnd: TurnEndState | null;
  readonly flow: ConversationFlow;
}
