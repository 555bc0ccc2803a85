// Goal: rules judged by the harness are the rules calls run: its replay and the core's turn machine
// end and start turns in the same windows.
// Method: random scores and random rules through both; the core is driven by decide(), window by
// window, on a slot whose model is beside it. Then boundaries and cut-offs on labels made by hand.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  boundariesOf,
  judgeTurns,
  PLAIN_RULE,
  replayTurns,
  type TurnRule,
} from "../../bench/vad-turns.ts";
import { CAPTURE_EVENT } from "../../service/contract/core.ts";
import { makeCore, openSlot } from "../core/core-fixture.ts";

const core = makeCore(1);

/** Starts and ends as the core gives them for the same scores. */
function throughCore(scores: readonly number[], rule: TurnRule): ReturnType<typeof replayTurns> {
  const slot = openSlot(core, { vadSource: "beside" }, rule);
  const starts: number[] = [];
  const ends: number[] = [];
  while (slot.windowIndex() + 1 < scores.length) {
    if ((slot.ingest() & CAPTURE_EVENT.WINDOW) === 0) continue;
    const window = slot.windowIndex();
    const bits = slot.decide(window, scores[window] ?? 0);
    if ((bits & CAPTURE_EVENT.ONSET) !== 0) starts.push(window);
    if ((bits & CAPTURE_EVENT.END) !== 0) ends.push(window);
  }
  slot.close();
  return { starts, ends };
}

const score = fc.oneof(
  fc.constantFrom(0, 0.01, 0.02, 0.2, 0.25, 0.35, 0.5, 0.9, 1),
  fc.float({ min: 0, max: 1, noNaN: true }),
);
const threshold = fc.constantFrom(0.25, 0.5, 0.75);
const rules = fc.record({
  startThreshold: fc.constantFrom(0.5, 0.75),
  stopThreshold: threshold.map((value) => Math.min(value, 0.5)),
  minSpeechMs: fc.integer({ min: 0, max: 300 }),
  minSilenceMs: fc.integer({ min: 32, max: 700 }),
  confidentSilenceThreshold: fc.constantFrom(0, 0.03125, 0.125),
  confidentSilenceWeight: fc.integer({ min: 1, max: 4 }),
  shortSpeechMs: fc.constantFrom(0, 600),
  shortSpeechSilencePercent: fc.constantFrom(100, 135, 170),
});

describe("replayTurns()", () => {
  test("starts and ends turns where the core's machine does", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(score, fc.integer({ min: 1, max: 12 })), { maxLength: 30 }),
        rules,
        (runs, rule) => {
          // f32, as the core stores them: a double just under a threshold would differ.
          const scores = runs.flatMap(([value, length]) => {
            return Array.from({ length }, () => Math.fround(value));
          });
          expect(replayTurns(scores, rule)).toEqual(throughCore(scores, rule));
        },
      ),
    );
  });
});

describe("judgeTurns()", () => {
  const spans = [
    { startSeconds: 0, endSeconds: 0.32, isSpeech: false },
    { startSeconds: 0.32, endSeconds: 1.28, isSpeech: true },
    { startSeconds: 1.28, endSeconds: 1.6, isSpeech: false },
    { startSeconds: 1.6, endSeconds: 2.56, isSpeech: true },
    { startSeconds: 2.56, endSeconds: 3.52, isSpeech: false },
    { startSeconds: 3.52, endSeconds: 4.48, isSpeech: true },
  ];
  const speech = { name: "by hand", samples: new Float32Array(0), spans };
  const scores = [10, 30, 10, 30, 30, 30, 60].flatMap((length, index) => {
    return Array.from({ length }, () => (index % 2 === 1 ? 1 : 0));
  });

  test("a gap of 0.7 s and the end of the file are boundaries", () => {
    expect(boundariesOf(spans).map((gap) => gap.startSeconds)).toEqual([2.56, 4.48]);
  });

  test("counts delays at boundaries and ends inside a turn as cut-offs", () => {
    const slow = judgeTurns({ speech, scores }, { ...PLAIN_RULE, minSilenceMs: 480 });
    expect(slow.cutOffs).toBe(0);
    expect(slow.delaysMs.map(Math.round)).toEqual([480, 480]);
    const fast = judgeTurns({ speech, scores }, { ...PLAIN_RULE, minSilenceMs: 160 });
    expect(fast.cutOffs).toBe(1);
    expect(fast.delaysMs.map(Math.round)).toEqual([160, 160]);
    expect(fast.startsInSilence).toBe(0);
  });
});
