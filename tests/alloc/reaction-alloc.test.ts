// Goal: from the frame or event that decides to interrupt to the clear in the caller's socket no
// object is made (S0-10), on both lanes, and this test would see one.
// Method: a child process counts the heap's objects by type at both ends of the way, dead ones too
// (reaction-rounds.ts). The core, engine, conversation, lane and transport are real. Behind the
// clear come cancel, truncate and what the caller's side is told: their messages are made then.
import { expect, test } from "bun:test";
import { join } from "node:path";

const TIMEOUT_MS = 60_000;

interface Report {
  readonly rounds: number;
  readonly clean: number;
  readonly types: Readonly<Record<string, number>>;
}

function runChild(...words: string[]): Report {
  const child = Bun.spawnSync([
    process.execPath,
    join(import.meta.dir, "reaction-rounds.ts"),
    ...words,
  ]);
  const output = child.stdout.toString();
  if (!output.startsWith("{")) throw new Error(`${output}\n${child.stderr.toString()}`);
  return JSON.parse(output) as Report;
}

const WAYS = [
  ["fast", "frame", "the caller's own frame"],
  ["big", "frame", "the caller's own frame"],
  ["fast", "event", "the provider's speech_started"],
  ["big", "event", "the provider's speech_started"],
] as const;

test.each(WAYS)(
  "S0-10, D-40: on the %s lane (%s) nothing is made between %s and the clear",
  (lane, way) => {
    const { rounds, clean, types } = runChild(lane, way);
    expect({ rounds, types }).toEqual({ rounds: 10, types: {} });
    expect(clean).toBe(rounds);
    // A collection in the middle of a round hides what was made in it, so not each need show.
    expect(runChild(lane, way, "planted").types["Object"]).toBeGreaterThanOrEqual(5);
  },
  TIMEOUT_MS,
);
