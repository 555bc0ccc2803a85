// What the caller's turns are set to, and what they ask the conversation. Beside caller-turns.ts.
import type { TurnDetection } from "../contract/call-terms.ts";
import type { BargeInSettings } from "./barge-in-action.ts";
import type { TurnEndSettings } from "./turn-end.ts";
import type { SpeculationSettings } from "./speculation.ts";
import type { TurnCommitSettings } from "./turn-commit.ts";

export interface CallerTurnsSettings extends BargeInSettings, TurnCommitSettings {
  readonly turnDetection: TurnDetection;
  readonly preRollMs: number;
  /** The provider's own turns: it commits them, and we ask for their answers (default: it does). */
  readonly isAnsweredHere?: boolean;
  readonly turnMsMax: number;
  /** How the end of a turn is found under local detection; without, the core's silence stands. */
  readonly turnEnd?: TurnEndSettings;
  /** null, the default: every turn waits for its whole silence. */
  readonly speculation?: SpeculationSettings | null;
  /** What becomes of speech that was held and ended before it could become a turn (decision 14). */
  readonly protectedSpeech: "drop" | "commit";
}

/** What the conversation knows that turns depend on. */
export interface TurnGuards {
  /** An utterance that may not be cut is pending or audible. */
  isProtected(): boolean;
  /** Nothing more is asked: the goodbye has begun. */
  isEnding(): boolean;
}

/** The provider's own detection commits and responds by itself. */
export function isProviderOwned(turnDetection: TurnDetection): boolean {
  return turnDetection === "server_vad" || turnDetection === "semantic_vad";
}
