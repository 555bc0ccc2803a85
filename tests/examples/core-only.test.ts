// Goal: the example of the core alone runs unchanged under every runtime that is installed here:
// Bun always, Node and Deno when they are on the path.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const EXAMPLE = join(import.meta.dir, "../../examples/core-only.mjs");
const EXPECTED = [
  "speech from 992 ms",
  "until 2016 ms",
  "for the agent: frames of 960 bytes; level -96 dBFS",
  "480 samples played as 160 bytes of mu-law",
];

const RUNTIMES: readonly (readonly string[])[] = [
  [process.execPath],
  ["node"],
  ["deno", "run", "--allow-read"],
];

for (const [program = "", ...options] of RUNTIMES) {
  const path = Bun.which(program);
  test.skipIf(path === null)(`core-only runs under ${program.split("/").at(-1)}`, () => {
    const result = Bun.spawnSync([path ?? program, ...options, EXAMPLE]);
    expect(result.stderr.toString()).toBe("");
    expect(result.stdout.toString().trim().split("\n")).toEqual(EXPECTED);
  });
}

test("the example stays under 40 lines", () => {
  expect(readFileSync(EXAMPLE, "utf8").trimEnd().split("\n").length).toBeLessThan(40);
});
