// Repeatable, in range, not visibly lopsided: no more is asked of test randomness.
import { describe, expect, test } from "bun:test";
import { createSeededRandom } from "./seeded-random.ts";

describe("createSeededRandom()", () => {
  test("gives the same numbers for the same seed, others for another", () => {
    const first = createSeededRandom(7);
    const again = createSeededRandom(7);
    const other = createSeededRandom(8);
    const take = (random: typeof first) => Array.from({ length: 50 }, () => random.uint32());
    const numbers = take(first);
    expect(take(again)).toEqual(numbers);
    expect(take(other)).not.toEqual(numbers);
  });

  test("uint32() stays in range and sets every bit about half of the time", () => {
    const random = createSeededRandom(1);
    const count = 10_000;
    const ones = new Array<number>(32).fill(0);
    for (let index = 0; index < count; index += 1) {
      const value = random.uint32();
      expect(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff).toBe(true);
      for (let bit = 0; bit < 32; bit += 1) ones[bit] = (ones[bit] ?? 0) + ((value >>> bit) & 1);
    }
    // 5 standard deviations of a fair coin thrown 10,000 times.
    for (const one of ones) expect(Math.abs(one - count / 2)).toBeLessThan(250);
  });

  test("hex() gives two lower-case characters a byte", () => {
    const random = createSeededRandom(3);
    expect(random.hex(16)).toMatch(/^[0-9a-f]{32}$/);
    expect(random.hex(0)).toBe("");
  });
});
