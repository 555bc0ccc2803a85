// Goal: counting makes no garbage (contract/metrics.ts promises it to per-frame code), and this
// test would see it.
// Method: child processes with the GC log on, ten million rounds against a hundred thousand: as
// many collections start after the warm-up, and the process grows by less than 5 MB; a run with one
// planted object per round must fail that very check.
import { test } from "bun:test";
import { expectNoGarbage } from "./garbage-judge.ts";

const TIMEOUT_MS = 60_000;

test(
  "RT-16: 10,000,000 counts, gauges and observations start no more collections than 100,000",
  () =>
    expectNoGarbage({
      child: "metrics-counts.ts",
      few: 100_000,
      many: 10_000_000,
      planted: 2_000_000,
    }),
  TIMEOUT_MS,
);
