// p of Student's t. Goal: right over the range a comparison meets. Method: against an integral that
// shares nothing with the tested code (with x = sqrt(df) tan(theta) the density becomes
// cos^(df-1) theta, and its own integral is its norm, so no gamma function is needed), against the
// closed forms for 1 and 2 degrees of freedom, and against printed tables.
import { describe, expect, test } from "bun:test";
import { incompleteBeta, logGamma, twoTailedP } from "../../../scripts/lab/student-t.ts";

/** Simpson's rule. */
function integral(f: (x: number) => number, from: number, to: number): number {
  const stepCount = 20_000;
  const step = (to - from) / stepCount;
  let sum = f(from) + f(to);
  for (let index = 1; index < stepCount; index += 1) {
    sum += (index % 2 === 1 ? 4 : 2) * f(from + index * step);
  }
  return (sum * step) / 3;
}

function integratedP(t: number, df: number): number {
  const density = (theta: number) => Math.max(0, Math.cos(theta)) ** (df - 1);
  const angle = Math.atan(Math.abs(t) / Math.sqrt(df));
  return integral(density, angle, Math.PI / 2) / integral(density, 0, Math.PI / 2);
}

describe("twoTailedP()", () => {
  test.each([3, 4.5, 7.25, 20, 33.2, 46.1, 100, 1000])(
    "S1-64: agrees with the integral of the density, df %p",
    (df) => {
      for (const t of [0, 0.1, 0.7, 1, 1.96, 2.5, 3.93, 5.81, 8]) {
        const expected = integratedP(t, df);
        expect(Math.abs(twoTailedP(t, df) - expected)).toBeLessThan(1e-10);
        expect(twoTailedP(-t, df)).toBe(twoTailedP(t, df));
      }
    },
  );

  test("has the closed forms of 1 and 2 degrees of freedom", () => {
    for (const t of [0.01, 0.5, 1, 3, 12, 300]) {
      expect(twoTailedP(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(t), 12);
      expect(twoTailedP(t, 2)).toBeCloseTo(1 - t / Math.sqrt(2 + t * t), 12);
    }
  });

  // Critical values for p = 0.05 and 0.01 as every printed table has them, three decimals.
  test.each([
    [12.706, 1, 0.05],
    [2.776, 4, 0.05],
    [2.228, 10, 0.05],
    [2.042, 30, 0.05],
    [4.604, 4, 0.01],
    [2.75, 30, 0.01],
  ])("t %p with df %p is p %p", (t, df, p) => {
    expect(Math.abs(twoTailedP(t, df) - p)).toBeLessThan(p * 0.002);
  });

  test("refuses what has no answer", () => {
    expect(() => twoTailedP(1, 0)).toThrow("df is 0");
    expect(() => twoTailedP(Number.NaN, 5)).toThrow("NaN");
  });
});

describe("incompleteBeta() and logGamma()", () => {
  test("I_x(1, 1) is x, I_x(a, 1) is x^a, and the ends are 0 and 1", () => {
    for (const x of [0, 0.1, 0.5, 0.9, 1]) {
      expect(incompleteBeta(x, 1, 1)).toBeCloseTo(x, 13);
      expect(incompleteBeta(x, 3.5, 1)).toBeCloseTo(x ** 3.5, 13);
    }
    expect(() => incompleteBeta(1.1, 1, 1)).toThrow("1.1");
  });

  test("gamma of whole numbers is a factorial, of 1/2 the root of pi", () => {
    expect(logGamma(5)).toBeCloseTo(Math.log(24), 12);
    expect(logGamma(11)).toBeCloseTo(Math.log(3_628_800), 11);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
    expect(logGamma(0.25)).toBeCloseTo(Math.log(3.625_609_908_221_908), 12);
  });
});
