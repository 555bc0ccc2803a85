// Goal: a silent caller is asked, then let go; a present one never is.
// Method: frames of 20 ms on a counted clock; expected times follow from the settings.
import { describe, expect, test } from "bun:test";
import { Idle, type IdleStep } from "../../service/conversation/idle.ts";

const SETTINGS = {
  nudgeAfterMs: 10_000,
  nudgesMax: 2,
  nudgeInstructions: "",
  goodbyeAfterMs: 60_000,
  goodbyeInstructions: "",
};

type Moment = (nowMs: number) => { readonly caller?: boolean; readonly agent?: boolean };

/** Steps that were not "none", with their times. */
function run(settings: typeof SETTINGS, toMs: number, moment: Moment): [number, IdleStep][] {
  const idle = new Idle(settings);
  const steps: [number, IdleStep][] = [];
  for (let nowMs = 0; nowMs <= toMs; nowMs += 20) {
    const { caller = false, agent = false } = moment(nowMs);
    const step = idle.onFrame(nowMs, caller, agent);
    if (step !== "none") steps.push([nowMs, step]);
  }
  return steps;
}

describe("Idle", () => {
  test("asks after 10 s of quiet, twice at most, and says goodbye after 60 s, once", () => {
    const nudges: number[] = [];
    const steps = run(SETTINGS, 120_000, (nowMs) => {
      // Each nudge is heard for 1 s after it was asked for.
      const agent = nudges.some((at) => nowMs > at && nowMs <= at + 1_000);
      if (nowMs === 10_000 || nowMs === 21_020) nudges.push(nowMs);
      return { agent };
    });
    expect(steps).toEqual([
      [10_000, "nudge"],
      [21_020, "nudge"],
      [60_000, "goodbye"],
    ]);
  });

  test("quiet counts from the end of what is heard, not from its beginning", () => {
    const steps = run(SETTINGS, 35_000, (nowMs) => ({ agent: nowMs < 20_000 }));
    expect(steps).toEqual([[30_000, "nudge"]]);
  });

  test("a word of the caller begins everything anew", () => {
    const steps = run(SETTINGS, 75_000, (nowMs) => ({
      caller: nowMs % 9_000 < 200 || nowMs > 55_000,
    }));
    expect(steps).toEqual([]);
  });

  test("the goodbye counts from the caller's last word or the answer to it, nudges do not", () => {
    const steps = run({ ...SETTINGS, nudgesMax: 0 }, 100_000, (nowMs) => ({
      caller: nowMs === 5_000,
      agent: nowMs > 5_000 && nowMs < 15_000,
    }));
    expect(steps).toEqual([[75_000, "goodbye"]]);
  });

  test("0 is never", () => {
    const never = { ...SETTINGS, nudgeAfterMs: 0, goodbyeAfterMs: 0 };
    expect(run(never, 200_000, () => ({}))).toEqual([]);
  });
});
