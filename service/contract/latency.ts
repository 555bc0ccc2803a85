// Where the time of a call goes on OUR side, stage by stage (S0-02, S0-05..07, S4-C23). The network's
// share is measured beside it (Upstream.roundTripMs) and never blamed on a stage (D-27).

export type LatencyStage =
  /** First sample of the caller's speech -> it is on its way to the model; local turns. */
  | "onset_to_upstream"
  /** A frame came in -> it is on its way to the model; provider's turns, where all is sent. */
  | "frame_to_upstream"
  /** The frame or event that decided to interrupt -> the far end was told to clear. */
  | "reaction"
  /** The frame that ended the caller's turn -> the commit is on its way. */
  | "end_to_commit"
  /** First audio of an answer came -> its first frame went to the caller. */
  | "audio_to_caller";

export const LATENCY_STAGES: readonly LatencyStage[] = [
  "onset_to_upstream",
  "frame_to_upstream",
  "reaction",
  "end_to_commit",
  "audio_to_caller",
];

/** One stage of one call. */
export interface StageFigures {
  readonly stage: LatencyStage;
  readonly budgetMs: number;
  readonly count: number;
  readonly meanMs: number;
  readonly maxMs: number;
  readonly violations: number;
}

/** Our own share stage by stage, and the network's beside it. */
export interface CallLatencyFigures {
  /** Those that were measured, in the order of the frame's way. */
  readonly stages: readonly StageFigures[];
  /** The newest time to the provider and back; -1 before it is known. */
  readonly networkMs: number;
}

/** Takes measured times; per frame, so it neither allocates nor throws. */
export interface StageSink {
  observe(stage: LatencyStage, durationMs: number): void;
}
