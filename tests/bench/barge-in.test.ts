// Goal: the barge-in bench still runs: every interruption is seen at both ends and told apart, in
// the order in which it must have happened. Method: one interruption each on real sockets and the
// real clock, callers in their own process; nothing about the machine's speed is asserted.
import { expect, test } from "bun:test";
import { measureBargeIns } from "../../bench/barge-in-run.ts";

test("the barge-in bench matches each clear that was sent with the one that was read", async () => {
  const { times, unmatched } = await measureBargeIns({
    callers: 1,
    interruptions: 1,
    backgroundCalls: 0,
  });
  expect(unmatched).toBe(0);
  expect(times.map(({ transport }) => transport).toSorted()).toEqual(["phone", "stream"]);
  for (const { inMs, clearMs, reactionMs, backMs, wordMs } of times) {
    // Two processes read one clock, each to its own rounding.
    for (const ms of [inMs, clearMs, backMs]) expect(ms).toBeGreaterThan(-0.5);
    expect(reactionMs).toBeGreaterThan(0);
    expect(wordMs).toBeGreaterThan(200);
  }
  const decisions = times.flatMap(({ decisionMs }) => (decisionMs === null ? [] : [decisionMs]));
  expect(decisions).toHaveLength(1);
  // The core's own bound: the minimum speech and 50 ms.
  expect(decisions[0]).toBeLessThanOrEqual(250);
}, 60_000);
