// Nobody speaks: ask whether the caller is still there, later say goodbye (S1-21, peers R9).
// Station: asked by the conversation once per captured frame; knows only time and who is busy.
//
//   busy or speaking --> quiet --nudgeAfterMs--> nudge --> (its answer plays) --> quiet ...
//                         \--goodbyeAfterMs without the caller--> goodbye, once
//
// Quiet begins when the last sample has been HEARD, not when it was generated: an answer of twenty
// seconds arrives in four. A nudge of ours does not make the caller present: the goodbye counts
// from the caller's last word or the last answer to it.
// Limits: nudgesMax nudges in one silence; it is a person, not a doorbell.

export interface IdleSettings {
  /** 0: never. */
  readonly nudgeAfterMs: number;
  readonly nudgesMax: number;
  /** What the model is told to do; strict, or it repeats what it said before. */
  readonly nudgeInstructions: string;
  /** The same while a thinker works for the caller; absent: no other words. */
  readonly nudgeWaitingInstructions?: string;
  /** 0: never. */
  readonly goodbyeAfterMs: number;
  readonly goodbyeInstructions: string;
}

export type IdleStep = "none" | "nudge" | "goodbye";

const UNSET = -1;

export class Idle {
  readonly #settings: IdleSettings;
  #quietSinceMs = UNSET;
  #awaySinceMs = UNSET;
  #nudges = 0;
  #isNudging = false;
  #isOver = false;

  constructor(settings: IdleSettings) {
    this.#settings = settings;
  }

  /**
   * One frame has passed. isCallerSpeaking: speech, or what may become it. isAgentBusy: a response
   * is wanted, being made, or still being heard. isWaiting: a thinker works for the caller, who is
   * silent because of that: no goodbye, and the time towards it begins anew.
   */
  onFrame(
    nowMs: number,
    isCallerSpeaking: boolean,
    isAgentBusy: boolean,
    isWaiting = false,
  ): IdleStep {
    if (isWaiting) this.#awaySinceMs = UNSET;
    if (isCallerSpeaking) {
      this.#awaySinceMs = UNSET;
      this.#nudges = 0;
      this.#isNudging = false;
    }
    if (isCallerSpeaking || isAgentBusy) {
      this.#quietSinceMs = UNSET;
      if (!this.#isNudging) this.#awaySinceMs = UNSET;
      return "none";
    }
    if (this.#quietSinceMs === UNSET) this.#quietSinceMs = nowMs;
    if (this.#awaySinceMs === UNSET) this.#awaySinceMs = nowMs;
    return this.#step(nowMs);
  }

  #step(nowMs: number): IdleStep {
    const { goodbyeAfterMs, nudgeAfterMs, nudgesMax } = this.#settings;
    if (this.#isOver) return "none";
    if (goodbyeAfterMs > 0 && nowMs - this.#awaySinceMs >= goodbyeAfterMs) {
      this.#isOver = true;
      return "goodbye";
    }
    const isDue = nudgeAfterMs > 0 && nowMs - this.#quietSinceMs >= nudgeAfterMs;
    if (!isDue || this.#nudges >= nudgesMax) return "none";
    this.#nudges += 1;
    this.#isNudging = true;
    this.#quietSinceMs = UNSET;
    return "nudge";
  }
}
