// Keeps the bench from rotting: it runs, tiny, and every job does something. No speed is asserted.
import { expect, test } from "bun:test";
import { benchWireMessages } from "../../bench/wire-messages.ts";

test("benchWireMessages() measures every job", () => {
  const { results, checksum } = benchWireMessages(1, 20);
  expect(results.length).toBe(9);
  expect(results.every(({ bestNs }) => bestNs > 0)).toBe(true);
  expect(checksum).not.toBe(0);
});
