// Goal: capture, tape, answer queue, pacer and playback make no garbage per frame (style 21,
// S4-51), and this test would see it.
// Method: as core-alloc.test.ts: child processes with the GC log on, 1,000,000 frames against
// 20,000: as many collections start and the process grows by less than 5 MB; a run with one planted
// subarray per frame must fail that very check.
import { test } from "bun:test";
import { expectNoGarbage } from "./garbage-judge.ts";

const TIMEOUT_MS = 120_000;

test(
  "S4-51: 1,000,000 frames in and out start no more collections than 20,000",
  () =>
    expectNoGarbage({ child: "engine-frames.ts", few: 20_000, many: 1_000_000, planted: 400_000 }),
  TIMEOUT_MS,
);
