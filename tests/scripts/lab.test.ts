// `bun run lab` as a person starts it: what it prints, what it says about files it cannot use, its
// exit codes. The sets are the constructed ones (tests/scripts/lab/compare-sets.test.ts).
import { describe, expect, test } from "bun:test";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..", "..");
const SET_A = "tests/scripts/lab/s1-local.jsonl";
const SET_B = "tests/scripts/lab/s1-server.jsonl";

function lab(...args: readonly string[]) {
  const command = [process.execPath, "scripts/lab.ts", ...args];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: ROOT });
  return { exitCode, out: stdout.toString(), error: stderr.toString() };
}

describe("bun run lab", () => {
  test("S1-63: prints all turns, those that are no fillers, and fillers", () => {
    const { exitCode, out, error } = lab(SET_A, SET_B);
    expect([exitCode, error]).toEqual([0, ""]);
    expect(out).toContain("all turns\n");
    expect(out).toContain("not fillers (model at least 1000 ms)\n");
    expect(out).toContain("fillers (model below 1000 ms)\n");
    expect(out).toMatch(/\n {2}fillers +32 % +44 %\n/);
  });

  test("--json gives the unrounded values", () => {
    const { exitCode, out } = lab(SET_A, SET_B, "--json");
    expect(exitCode).toBe(0);
    const { a, thresholds, comparisons } = JSON.parse(out);
    expect(a).toMatchObject({
      name: SET_A,
      configuration: "fast lane, local, none",
      turnCount: 50,
    });
    expect(thresholds[0]).toEqual({ thresholdMs: 1000, shareA: 0.28, shareB: 0.04 });
    expect(comparisons).toHaveLength(9);
  });

  test.each([
    [[SET_A], "Cannot compare 1 sets, must be 2"],
    [[SET_A, "nowhere.jsonl"], "Cannot read nowhere.jsonl: ENOENT"],
    [[SET_A, "package.json"], "Cannot read package.json, line 1: it is not JSON"],
    [[SET_A, SET_B, "--loud"], "--loud"],
  ])("%j: says what is wrong and ends with 1", (args, message) => {
    const { exitCode, out, error } = lab(...args);
    expect([exitCode, out]).toEqual([1, ""]);
    expect(error).toContain(message);
  });
});
