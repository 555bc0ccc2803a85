// Which samples count as not finite, and over which second.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createNonFiniteWatch } from "../../service/transport/non-finite-watch.ts";

function bytesOf(samples: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(samples).buffer);
}

describe("createNonFiniteWatch()", () => {
  test("T17: sees NaN and infinity of either sign, and no finite sample", () => {
    // One sample a second: one percent of it is less than one, so any bad one is too many.
    const look = (sample: number): boolean => createNonFiniteWatch(1).look(bytesOf([sample]), 0, 4);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(look(bad)).toBe(false);
    }
    const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(fc.property(finite, (sample) => look(sample)));
    for (const edge of [0, -0, 1e-45, 3.4028234663852886e38, -3.4028234663852886e38]) {
      expect(look(edge)).toBe(true);
    }
  });

  test("T17: allows one percent in each second, wherever the message begins", () => {
    const watch = createNonFiniteWatch(100);
    const second = bytesOf([Number.NaN, ...new Array<number>(99).fill(0.5)]);
    const shifted = new Uint8Array(second.length + 3);
    shifted.set(second, 3);
    for (let count = 0; count < 50; count += 1) {
      expect(watch.look(shifted, 3, shifted.length)).toBe(true);
    }
    expect(watch.look(bytesOf([Number.NaN, 0, Number.NaN]), 0, 12)).toBe(false);
  });
});
