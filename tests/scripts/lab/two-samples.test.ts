// Two samples side by side; the expected numbers are worked out by hand in the comments.
import { describe, expect, test } from "bun:test";
import { difference, median, summarise } from "../../../scripts/lab/two-samples.ts";

const FAST = [1, 2, 3, 4, 5];
const SLOW = [2, 4, 6, 8, 10];

describe("summarise()", () => {
  test("counts, and takes the middle, the mean and the spread of a sample", () => {
    // Squares around 3: 4 + 1 + 0 + 1 + 4 = 10, over n - 1 = 4: 2.5.
    expect(summarise(FAST)).toEqual({
      n: 5,
      median: 3,
      mean: 3,
      standardDeviation: Math.sqrt(2.5),
    });
    expect(summarise([7])).toEqual({ n: 1, median: 7, mean: 7, standardDeviation: 0 });
    expect(summarise([])).toBeUndefined();
  });

  test("median() of an even count lies between the two middle values", () => {
    expect(median([9, 1, 4, 2])).toBe(3);
  });
});

describe("difference()", () => {
  test("S1-64: Welch's t with its degrees of freedom, and Cohen's d", () => {
    // Means 3 and 6, variances 2.5 and 10. Errors 2.5/5 = 0.5 and 10/5 = 2, t = 3 / sqrt(2.5);
    // df = 2.5^2 / (0.5^2/4 + 2^2/4) = 6.25 / 1.0625; pooled variance 6.25, d = 3 / 2.5.
    const found = difference(FAST, SLOW);
    expect(found?.medianDifference).toBe(-3);
    expect(found?.meanDifference).toBe(-3);
    expect(found?.medianShare).toBe(0.5);
    expect(found?.test?.t).toBeCloseTo(3 / Math.sqrt(2.5), 12);
    expect(found?.test?.df).toBeCloseTo(6.25 / 1.0625, 12);
    expect(found?.test?.d).toBeCloseTo(1.2, 12);
    expect(found?.test?.p).toBeGreaterThan(0.1);
    expect(found?.test?.p).toBeLessThan(0.11);
  });

  test("the sign says who is faster, p does not care", () => {
    const there = difference(FAST, SLOW)?.test;
    const back = difference(SLOW, FAST)?.test;
    expect(back?.t).toBeCloseTo(-(there?.t ?? 0), 12);
    expect(back?.d).toBeCloseTo(-(there?.d ?? 0), 12);
    expect(back?.p).toBeCloseTo(there?.p ?? 0, 12);
  });

  test("has no test of single values nor of samples that never vary", () => {
    expect(difference([1], SLOW)).toMatchObject({ medianDifference: -5, test: undefined });
    expect(difference([3, 3], [4, 4])?.test).toBeUndefined();
    expect(difference([], SLOW)).toBeUndefined();
  });
});
