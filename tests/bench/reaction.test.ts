// Keeps the bench from rotting: one call, one interruption, in real time. No speed is asserted.
import { expect, test } from "bun:test";
import { benchReaction } from "../../bench/reaction.ts";

const TIMEOUT_MS = 60_000;

test(
  "benchReaction() sees an interruption and every frame on its way",
  async () => {
    const [frames, reactions] = await benchReaction(1, 1);
    expect(frames?.count).toBeGreaterThan(100);
    expect(reactions?.count).toBe(1);
  },
  TIMEOUT_MS,
);
