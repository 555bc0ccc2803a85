// The stepped clock is what every other test trusts: order, re-entrance and refusals, by hand.
import { describe, expect, test } from "bun:test";
import { createSteppedClock } from "./stepped-clock.ts";

describe("createSteppedClock()", () => {
  test("advance() runs due timers in time order, equal times in order of setting", () => {
    const clock = createSteppedClock();
    const log: string[] = [];
    clock.setTimer(20, () => log.push(`c@${clock.nowMs()}`));
    clock.setTimer(5, () => log.push(`a@${clock.nowMs()}`));
    clock.setTimer(20, () => log.push(`d@${clock.nowMs()}`));
    clock.setTimer(12.5, () => log.push(`b@${clock.nowMs()}`));
    clock.advance(20);
    expect(log).toEqual(["a@5", "b@12.5", "c@20", "d@20"]);
    expect(clock.pendingTimers()).toBe(0);
  });

  test("advance() leaves a timer alone until its time is reached", () => {
    const clock = createSteppedClock();
    let count = 0;
    clock.setTimer(20.25, () => {
      count += 1;
    });
    clock.advance(20);
    expect(count).toBe(0);
    clock.advance(0.25);
    expect(count).toBe(1);
    clock.advance(100);
    expect(count).toBe(1);
  });

  test("advance() runs timers set by a callback within the same step", () => {
    const clock = createSteppedClock();
    const ticksMs: number[] = [];
    const tick = () => {
      ticksMs.push(clock.nowMs());
      clock.setTimer(20, tick);
    };
    clock.setTimer(0, tick);
    clock.advance(65);
    expect(ticksMs).toEqual([0, 20, 40, 60]);
    expect(clock.nowMs()).toBe(65);
    expect(clock.pendingTimers()).toBe(1);
  });

  test("setTimer() never calls back by itself, not even with no delay", () => {
    const clock = createSteppedClock();
    let isCalled = false;
    clock.setTimer(0, () => {
      isCalled = true;
    });
    expect(isCalled).toBe(false);
    clock.advance(0);
    expect(isCalled).toBe(true);
  });

  test("clearTimer() forgets a timer, also from the callback of an earlier one", () => {
    const clock = createSteppedClock();
    const log: string[] = [];
    const late = clock.setTimer(10, () => log.push("late"));
    clock.setTimer(5, () => clock.clearTimer(late));
    clock.clearTimer(12_345);
    clock.advance(10);
    expect(log).toEqual([]);
  });

  test("nextDueMs() names the earliest timer", () => {
    const clock = createSteppedClock();
    expect(clock.nextDueMs()).toBe(Number.POSITIVE_INFINITY);
    clock.advance(100);
    clock.setTimer(30, () => undefined);
    clock.setTimer(7.5, () => undefined);
    expect(clock.nextDueMs()).toBe(107.5);
    clock.advance(10);
    expect(clock.nextDueMs()).toBe(130);
  });

  test("wallMs() follows nowMs() from a fixed date", () => {
    const clock = createSteppedClock();
    expect(new Date(clock.wallMs()).toISOString()).toBe("2026-01-01T00:00:00.000Z");
    clock.advance(1_500);
    expect(new Date(clock.wallMs()).toISOString()).toBe("2026-01-01T00:00:01.500Z");
  });

  test("refuses negative and NaN times, and to advance from a callback", () => {
    const clock = createSteppedClock();
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => clock.setTimer(Number.NaN, () => undefined)).toThrow(RangeError);
    clock.setTimer(1, () => clock.advance(1));
    expect(() => clock.advance(5)).toThrow("a timer callback is running");
  });

  test("advance() gives up on a timer that arms itself with no delay", () => {
    const clock = createSteppedClock();
    const again = (): void => {
      clock.setTimer(0, again);
    };
    clock.setTimer(0, again);
    expect(() => clock.advance(1)).toThrow("over 1000000 callbacks");
  });
});
