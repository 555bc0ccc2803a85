// A call that is going on, in the hands of the program that embeds the service: what may be asked
// of it and changed about it (S4-C18, S4-C21, S4-C24). To wait for something: CallEvents.waitFor
// (speech_ended for the end of a turn, barge_in for an interruption, speech_started
// and response_started for whose turn it is). After the call's end everything is ignored.
import type { LaneName, TurnDetection } from "./call-terms.ts";
import type { ConversationState } from "./conversation-state.ts";
import type { VadSettings } from "./core.ts";
import type { CallLatencyFigures } from "./latency.ts";

/** The accumulator's settings (S2-65). */
export type BargeInRule = Pick<
  VadSettings,
  | "isBargeInEnabled"
  | "bargeInThreshold"
  | "bargeInMinSpeechMs"
  | "bargeInOverNoiseFloorDb"
  | "bargeInCooldownMs"
>;

export interface LiveCall {
  readonly id: string;
  state(): ConversationState;
  /** Where the time has gone so far: our share by stage, and the network's beside it. */
  latency(): CallLatencyFigures;
  /** "agent": the caller's turn ends now; "caller": the agent falls silent, protected or not. */
  forceTurn(to: "agent" | "caller"): void;
  /** Another lane or owner of the turns, as an Update of the caller's side. */
  setTurnTaking(turnDetection: TurnDetection, lane?: LaneName): void;
  /** The silence that ends turns from now on. RangeError outside 0..60000. */
  setTurnEnd(silenceMs: number, isAdaptive: boolean): void;
  /** Only what is given changes. RangeError when a value is out of its range. */
  setBargeIn(change: Partial<BargeInRule>): void;
}
