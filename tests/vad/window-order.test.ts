// Goal: whatever a model beside the core does, each window is decided once, in order, at most
// eight windows late (decision 3).
// Method: answers given by hand; then random answer times with a printed seed.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { VAD_WINDOWS_BEHIND_MAX } from "../../service/limits.ts";
import { WINDOWS_IN_MODEL_MAX, WindowOrder } from "../../service/vad/window-order.ts";

interface Decided {
  readonly window: number;
  readonly probability: number;
}

function recorded(): { order: WindowOrder; decided: Decided[] } {
  const decided: Decided[] = [];
  const order = new WindowOrder((window, probability) => decided.push({ window, probability }));
  return { order, decided };
}

describe("WindowOrder", () => {
  test("hands answers on as they come", () => {
    const { order, decided } = recorded();
    expect(order.submit(5)).toBe(true);
    expect(order.submit(6)).toBe(true);
    order.answer(5, 0.25);
    order.answer(6, 0.75);
    expect(decided).toEqual([
      { window: 5, probability: 0.25 },
      { window: 6, probability: 0.75 },
    ]);
  });

  test("decides with 0 what is eight windows behind, and drops the answer that comes later", () => {
    const { order, decided } = recorded();
    for (let window = 0; window <= VAD_WINDOWS_BEHIND_MAX; window++) order.submit(window);
    expect(decided).toEqual([{ window: 0, probability: 0 }]);
    expect(order.lateCount()).toBe(1);
    order.answer(0, 0.9);
    order.answer(1, 0.9);
    expect(decided).toEqual([
      { window: 0, probability: 0 },
      { window: 1, probability: 0.9 },
    ]);
  });

  test("stops feeding a model that does not answer, and counts it", () => {
    const { order, decided } = recorded();
    let given = 0;
    for (let window = 0; window < 100; window++) if (order.submit(window)) given++;
    expect(given).toBe(WINDOWS_IN_MODEL_MAX);
    expect(order.skippedCount()).toBe(100 - WINDOWS_IN_MODEL_MAX);
    expect(decided.length).toBe(100 - VAD_WINDOWS_BEHIND_MAX);
  });

  test("takes NaN, infinities and values outside 0..1 as 0", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -0.1, 1.1]) {
      const { order, decided } = recorded();
      order.submit(0);
      order.answer(0, value);
      expect(decided).toEqual([{ window: 0, probability: 0 }]);
    }
  });

  test("refuses windows out of order and answers nobody asked for", () => {
    const { order } = recorded();
    expect(() => order.answer(0, 0)).toThrow("submitted");
    order.submit(0);
    expect(() => order.submit(2)).toThrow("in order");
  });

  test("decides every window once, in order and at most eight late, at any answer times", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 300 }), (delays) => {
        const { order, decided } = recorded();
        const waiting: number[] = [];
        for (const [window, delay] of delays.entries()) {
          if (order.submit(window)) waiting.push(window);
          expect(window - decided.length).toBeLessThan(VAD_WINDOWS_BEHIND_MAX);
          if (delay % 3 !== 0) continue;
          for (let answers = delay % 5; answers > 0 && waiting.length > 0; answers--) {
            order.answer(waiting.shift() ?? 0, 0.5);
          }
        }
        expect(decided.map((entry) => entry.window)).toEqual(decided.map((_, index) => index));
      }),
    );
  });
});
