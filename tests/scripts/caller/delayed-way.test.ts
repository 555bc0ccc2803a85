// A slow network on a stepped clock: late, in order, and gone when it is cut. And the 20 ms beat.
import { describe, expect, test } from "bun:test";
import { createDelayedWay } from "../../../scripts/caller/delayed-way.ts";
import { createSteadyBeat } from "../../../scripts/caller/steady-beat.ts";
import { createSteppedClock } from "../../support/stepped-clock.ts";

describe("createDelayedWay()", () => {
  test("delivers after the delay, and never lets a message overtake", () => {
    const clock = createSteppedClock();
    const delaysMs = [100, 10, 30];
    const log: string[] = [];
    const way = createDelayedWay<string>(
      clock,
      () => delaysMs.shift() ?? 0,
      (message) => log.push(`${message}@${clock.nowMs()}`),
    );
    way.send("a");
    way.send("b");
    clock.advance(90);
    way.send("c");
    clock.advance(100);
    expect(log).toEqual(["a@100", "b@100", "c@120"]);
  });

  test("close() loses what is under way", () => {
    const clock = createSteppedClock();
    let count = 0;
    const way = createDelayedWay<string>(
      clock,
      () => 50,
      () => {
        count += 1;
      },
    );
    way.send("a");
    way.close();
    clock.advance(100);
    expect([count, clock.pendingTimers()]).toEqual([0, 0]);
  });
});

describe("createSteadyBeat()", () => {
  test("beats at start + 20 ms x n, and makes up for a stall without shifting", () => {
    const clock = createSteppedClock();
    const beatsMs: number[] = [];
    // A clock whose timers are late while `lateMs` is set, as a busy process is.
    let lateMs = 0;
    const slow = {
      ...clock,
      setTimer: (delayMs: number, callback: () => void) =>
        clock.setTimer(delayMs + lateMs, callback),
    };
    const beat = createSteadyBeat(slow, () => beatsMs.push(clock.nowMs()));
    clock.advance(5);
    beat.start();
    clock.advance(40);
    lateMs = 50;
    clock.advance(20);
    lateMs = 0;
    clock.advance(115);
    expect(beatsMs).toEqual([25, 45, 65, 135, 135, 135, 145, 165]);
    beat.stop();
    expect(clock.pendingTimers()).toBe(0);
  });
});
