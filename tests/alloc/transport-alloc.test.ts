// Goal: a caller's message and an agent's frame make no garbage on /v1/stream (style 21), besides
// the message object that the runtime itself makes, and this test would see it.
// Method: as core-alloc.test.ts: child processes with the GC log on, 1,000,000 frames against
// 20,000: as many collections start and the process grows by less than 5 MB; a run with one planted
// subarray per frame must fail that very check.
import { test } from "bun:test";
import { expectNoGarbage } from "./garbage-judge.ts";

const TIMEOUT_MS = 60_000;

test(
  "RT-16: 1,000,000 frames both ways on /v1/stream start no more collections than 20,000",
  () =>
    expectNoGarbage({
      child: "transport-frames.ts",
      few: 20_000,
      many: 1_000_000,
      planted: 400_000,
    }),
  TIMEOUT_MS,
);
