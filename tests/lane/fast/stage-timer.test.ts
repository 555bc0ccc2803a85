// Goal: each stage is measured from the moment its cause came in, in the caller's audio time where
// the audio itself is part of it. Method: frames by hand on a clock that moves between begin and
// effect, as a slow socket would make it.
import { describe, expect, test } from "bun:test";
import { CAPTURE_EVENT } from "../../../service/contract/core.ts";
import { StageTimer } from "../../../service/lane/fast/stage-timer.ts";
import { createSteppedClock } from "../../support/stepped-clock.ts";

function makeTimer() {
  const clock = createSteppedClock();
  const observed: [string, number][] = [];
  const timer = new StageTimer({
    clock,
    // Frame 10 ends at 220 ms; the turn machine's onset lay at 160 ms, the accumulator's at 180 ms.
    engine: { onsetPositionSamples: () => 1_280, bargeInOnsetPositionSamples: () => 1_440 },
    stages: { observe: (stage, ms) => void observed.push([stage, ms]) },
    callerRateHz: 8000,
  });
  const frame = (bits: number, slowMs = 0) => {
    timer.begin();
    clock.advance(slowMs);
    timer.onFrame(bits, 10);
    return observed.splice(0);
  };
  return { clock, timer, frame, observed };
}

describe("StageTimer", () => {
  test("S0-02: the caller's first sample to the model: the audio's own lag and what we took", () => {
    const { timer, frame } = makeTimer();
    timer.setTurnDetection("local");
    expect(frame(CAPTURE_EVENT.ONSET_MAYBE)).toEqual([["onset_to_upstream", 60]]);
    expect(frame(CAPTURE_EVENT.ONSET_MAYBE, 25)).toEqual([["onset_to_upstream", 85]]);
    expect(frame(CAPTURE_EVENT.BARGE_MAYBE)).toEqual([["onset_to_upstream", 40]]);
    expect(frame(CAPTURE_EVENT.WINDOW)).toEqual([]);
    expect(frame(CAPTURE_EVENT.END, 7)).toEqual([["end_to_commit", 7]]);
  });

  test.each(["server_vad", "semantic_vad", "hybrid"] as const)(
    "S0-06: with %s every frame is measured, and nothing else",
    (turnDetection) => {
      const { timer, frame } = makeTimer();
      timer.setTurnDetection(turnDetection);
      expect(frame(0)).toEqual([["frame_to_upstream", 0]]);
      expect(frame(CAPTURE_EVENT.END, 12)).toEqual([["frame_to_upstream", 12]]);
      timer.setTurnDetection("none");
      expect(frame(0, 12)).toEqual([]);
    },
  );

  test("S0-07: an interruption counts from the event that decided it", () => {
    const { clock, timer, observed } = makeTimer();
    timer.begin();
    clock.advance(4);
    expect(timer.onReaction()).toBe(4);
    expect(observed).toEqual([["reaction", 4]]);
  });

  test("silence that we feed ourselves, and a turn ended by command, have no beginning to count from", () => {
    const { clock, timer, observed } = makeTimer();
    timer.begin();
    timer.end();
    clock.advance(660);
    timer.onFrame(CAPTURE_EVENT.END, 10);
    expect(timer.onReaction()).toBe(0);
    expect(observed).toEqual([]);
  });
});
