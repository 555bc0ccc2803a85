// Keeps the bench from rotting: it runs, tiny, and every question reaches its thinker. No speed is
// asserted.
import { expect, test } from "bun:test";
import { benchDispatch } from "../../bench/thinker-dispatch.ts";

test("benchDispatch() measures every question", async () => {
  const rows = await benchDispatch(20, 10);
  // Ten rounds of two single ones, of ten calls at once, of one control.
  expect(rows.map(({ count }) => count)).toEqual([20, 100, 10]);
  expect(rows.every(({ maxMs }) => maxMs > 0)).toBe(true);
});
