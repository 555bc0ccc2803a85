// Goal: the process-wide audio memory never exceeds its budget and loses no block (decision 17,
// S4-56).
import { describe, expect, test } from "bun:test";
import type { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { BlockPool } from "../../service/engine/block-pool.ts";

describe("blockPool", () => {
  test("gives null over the budget and counts it; a block that came back is given again", () => {
    const pool = new BlockPool(20_000);
    const first = pool.take(8000);
    const second = pool.take(8000);
    expect(pool.take(8000)).toBeNull();
    expect(pool.refusals()).toBe(1);
    if (first === null || second === null) throw new Error("two blocks fit the budget");
    pool.give(first);
    expect(pool.take(8000)).toBe(first);
    expect(pool.bytesTaken()).toBe(16_000);
  });

  test("waiting blocks of one size make room for another size", () => {
    const pool = new BlockPool(48_000);
    const blocks = Array.from({ length: 6 }, () => pool.take(8000));
    for (const block of blocks) if (block !== null) pool.give(block);
    expect(pool.bytesHeld()).toBe(48_000);
    expect(pool.take(48_000)?.length).toBe(48_000);
    expect(pool.bytesHeld()).toBe(48_000);
  });

  test("S4-56: never holds more than its budget, whatever is taken and given", () => {
    const steps = fc.array(fc.tuple(fc.constantFrom(8000, 16_000, 32_000, 48_000), fc.boolean()));
    fc.assert(
      fc.property(steps, (acts) => {
        const pool = new BlockPool(200_000);
        const taken: Buffer[] = [];
        for (const [size, isTake] of acts) {
          const block = isTake ? pool.take(size) : taken.pop();
          if (block === null || block === undefined) continue;
          if (isTake) taken.push(block);
          else pool.give(block);
        }
        expect(pool.bytesHeld()).toBeLessThanOrEqual(200_000);
        expect(pool.bytesTaken()).toBe(taken.reduce((sum, block) => sum + block.length, 0));
        expect(new Set(taken).size).toBe(taken.length);
      }),
    );
  });
});
