// Goal: the core and its host make no garbage per frame (style 21), and this test would see it.
// Method: 2,000,000 frames against 20,000 in child processes with JavaScriptCore's GC log on:
// the same number of collections starts, the process does not grow by 5 MB; and a run with one
// planted subarray per frame must fail that very check.
import { test } from "bun:test";
import { expectNoGarbage } from "./garbage-judge.ts";

const TIMEOUT_MS = 120_000;

test(
  "RT-16: 2,000,000 frames start no more collections than 20,000 and do not grow the process",
  () =>
    expectNoGarbage({ child: "core-frames.ts", few: 20_000, many: 2_000_000, planted: 400_000 }),
  TIMEOUT_MS,
);
