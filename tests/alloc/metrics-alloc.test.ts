// Goal: counting makes no garbage (contract/metrics.ts promises it to per-frame code), and this
// test would see it.
// Method: child processes with the GC log on, ten million rounds against a hundred thousand: as
// many collections start after the warm-up, and the process grows by less than 5 MB; a run with one
// planted object per round must fail that very check.
import { expect, test } from "bun:test";
import { join } from "node:path";

const CHILD = join(import.meta.dir, "metrics-counts.ts");
const GROWTH_BYTES_MAX = 5 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

interface Run {
  readonly collectionsStarted: number;
  readonly rssGrowth: number;
}

function count(rounds: number, ...more: string[]): Run {
  const child = Bun.spawnSync([process.execPath, CHILD, String(rounds), ...more], {
    env: { ...process.env, BUN_JSC_logGC: "1" },
  });
  const output = `${child.stdout.toString()}\n${child.stderr.toString()}`;
  const report = /\{"rounds":.*"rssGrowth":(-?\d+)/.exec(output);
  if (report === null) throw new Error(`The child counted nothing:\n${output.slice(0, 2000)}`);
  return { collectionsStarted: output.split(": START ").length - 1, rssGrowth: Number(report[1]) };
}

function isClean(many: Run, few: Run): boolean {
  const hasExtra = many.collectionsStarted > few.collectionsStarted;
  return !hasExtra && many.rssGrowth <= GROWTH_BYTES_MAX;
}

test(
  "RT-16: 10,000,000 counts, gauges and observations start no more collections than 100,000",
  () => {
    const few = count(100_000);
    const many = count(10_000_000);
    expect(many.collectionsStarted).toBe(few.collectionsStarted);
    expect(many.rssGrowth).toBeLessThanOrEqual(GROWTH_BYTES_MAX);
    expect(isClean(count(2_000_000, "planted"), few)).toBe(false);
  },
  TIMEOUT_MS,
);
