// Goal: when the faults stop, a call goes on: the caller is heard and answered again, and the call ends
// when it is told to (I7). Method: simulated calls by seed; each has a time in which everything may go
// wrong, then one in which nothing does, and the last utterance in it must have its answer.
import { expect, test } from "bun:test";
import { CallWorld } from "./call-world.ts";

const SEED_FIRST = 40_001;
const SEEDS = 80;

test(`I7: in ${SEEDS} calls the faults leave nothing stuck: the last words are answered`, () => {
  const broken: string[] = [];
  const seen = new Map<string, number>();
  for (let seed = SEED_FIRST; seed < SEED_FIRST + SEEDS; seed += 1) {
    const { brokenRule, counts } = new CallWorld(seed, false).run();
    if (brokenRule !== null) broken.push(`seed ${seed}: ${brokenRule}`);
    for (const [name, count] of counts) seen.set(name, (seen.get(name) ?? 0) + count);
  }
  expect(broken).toEqual([]);
  // Things did go wrong in them.
  for (const fault of FAULTS) expect(seen.get(fault) ?? 0).toBeGreaterThan(0);
}, 60_000);

const FAULTS = ["response_resync", "response_already_active", "false_onset"] as const;
