// How exact the rules may be in one call: what its knobs make unknowable.
import type { Knobs } from "./knobs.ts";
import { SAMPLES_PER_MS } from "./service-model.ts";

export interface RuleTolerance {
  /** The way down differs by at most this from frame to frame. */
  readonly downJitterMs: number;
  /** Reports differ by at most this in delay. */
  readonly reportJitterMs: number;
  readonly isGreetingProtected: boolean;
  readonly samplesPerMs: number;
  /** What may be sent ahead beyond the lead: the pacer's model needs nothing. */
  readonly slackMs: number;
}

export function toleranceOf(knobs: Knobs): RuleTolerance {
  return {
    downJitterMs: knobs.jitterMs,
    reportJitterMs: knobs.hasReports ? knobs.reportJitterMs + knobs.jitterMs : 0,
    isGreetingProtected: knobs.isGreetingProtected,
    samplesPerMs: SAMPLES_PER_MS,
    slackMs: 0,
  };
}
