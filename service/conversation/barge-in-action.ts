// What speech over the agent does (S2-66): the settings, and which action may do what.
// Station: read by the caller's turns (who may start one) and by the agent's voice (what it does
// meanwhile). Pure. docs/decisions/0035-barge-in-actions.md says why each is as it is.
//
//   interrupt     a confirmed interruption cuts the agent
//   pause         the first sign of speech stops it, a cough lets it go on, a real one cuts it
//   acknowledge   as interrupt, and the answer begins with an acknowledgement
//   duck          the agent goes on, quieter, while the caller speaks; the words are held
//   ignore        the agent goes on as if nothing were said; the words are held

export type BargeInAction = "interrupt" | "pause" | "acknowledge" | "duck" | "ignore";

export interface BargeInSettings {
  /** "interrupt" (the default) leaves the agent speaking until the interruption is certain. */
  readonly bargeInAction?: BargeInAction;
  /** False: speech over the agent is held. Under local turns the core's setting stands. */
  readonly isBargeInEnabled?: boolean;
  /** Only `acknowledge`: what the model is told for the answer to an interruption. */
  readonly acknowledgement?: string;
  /** The words themselves, for an upstream that can say them without a model. */
  readonly acknowledgementText?: string;
  /** Only `duck`: the agent's gain while the caller speaks over it. 0..1, default 0.25 (-12 dB). */
  readonly duckGain?: number;
}

/** May a confirmed interruption cut the agent? Else the speech is held (decision 14). */
export function isCutting(action: BargeInAction): boolean {
  return action !== "duck" && action !== "ignore";
}
