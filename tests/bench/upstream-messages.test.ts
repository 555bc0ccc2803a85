// Keeps the bench from rotting: it runs, tiny, and every job does something. No speed is asserted.
import { expect, test } from "bun:test";
import { benchUpstreamMessages } from "../../bench/upstream-messages.ts";

test("benchUpstreamMessages() measures every job", () => {
  const { results, checksum } = benchUpstreamMessages(1, 20);
  expect(results.length).toBe(8);
  expect(results.every(({ bestNs }) => bestNs > 0)).toBe(true);
  expect(checksum).not.toBe(0);
});
