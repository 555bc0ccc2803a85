// Goal: the barge-in bench still runs: every interruption is seen on both transports and in the
// service. Method: one interruption each on real sockets and the real clock; no timing is asserted.
import { expect, test } from "bun:test";
import { measureBargeIns } from "../../bench/barge-in-run.ts";

test("the barge-in bench sees each interruption at both ends", async () => {
  const times = await measureBargeIns({ callers: 1, interruptions: 1, backgroundCalls: 0 });
  expect(times.reactionMs).toHaveLength(2);
  expect(times.onsetMs).toHaveLength(1);
  expect([times.wordMs.stream.length, times.wordMs.phone.length]).toEqual([1, 1]);
  const seen = times.clearedMs.stream.length + times.clearedMs.phone.length;
  expect(seen + times.ambiguous).toBe(2);
  for (const tookMs of times.reactionMs) expect(tookMs).toBeGreaterThanOrEqual(0);
}, 60_000);
