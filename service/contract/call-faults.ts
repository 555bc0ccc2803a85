// What goes wrong beside a call and does not end it: an operator's code that throws, a peer's
// message that makes no sense. It costs itself alone, but somebody must be able to see it.

export const CALL_FAULTS = [
  /** A stage of the big lane threw; it was taken out of this call. */
  "stage_threw",
  /** A subscriber to the call's events threw. */
  "event_handler_threw",
  /** An event was lost, because handlers flooded the bus. */
  "event_lost",
  /** A commit was refused by a full socket: the turn has no answer. */
  "commit_dropped",
  /** The caller's side reported as played what was never sent. */
  "report_unknown",
] as const;

export type CallFault = (typeof CALL_FAULTS)[number];

/** Takes them; rare, so it may log. `detail`: a name or a message, "" for none. */
export interface FaultSink {
  onFault(fault: CallFault, detail: string): void;
}

/** Nobody listens: for tests and for parts used alone. */
export const NO_FAULTS: FaultSink = { onFault: () => undefined };
