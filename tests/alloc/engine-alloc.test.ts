// Goal: capture, tape, answer queue, pacer and playback make no garbage per frame (style 21,
// S4-51), and this test would see it.
// Method: as core-alloc.test.ts: child processes with the GC log on, 1,000,000 frames against
// 20,000: as many collections start and the process grows by less than 5 MB; a run with one planted
// subarray per frame must fail that very check.
import { expect, test } from "bun:test";
import { join } from "node:path";

const CHILD = join(import.meta.dir, "engine-frames.ts");
const GROWTH_BYTES_MAX = 5 * 1024 * 1024;
const TIMEOUT_MS = 120_000;

interface Run {
  readonly collectionsStarted: number;
  readonly rssGrowth: number;
}

function pushFrames(frames: number, ...more: string[]): Run {
  const child = Bun.spawnSync([process.execPath, CHILD, String(frames), ...more], {
    env: { ...process.env, BUN_JSC_logGC: "1" },
  });
  const output = `${child.stdout.toString()}\n${child.stderr.toString()}`;
  const report = /\{"frames":.*"rssGrowth":(-?\d+)/.exec(output);
  if (report === null) throw new Error(`The child pushed no frames:\n${output.slice(0, 2000)}`);
  return { collectionsStarted: output.split(": START ").length - 1, rssGrowth: Number(report[1]) };
}

/** The check itself, so that the planted garbage goes through the same words. */
function isClean(many: Run, few: Run): boolean {
  const hasExtra = many.collectionsStarted > few.collectionsStarted;
  return !hasExtra && many.rssGrowth <= GROWTH_BYTES_MAX;
}

test(
  "S4-51: 1,000,000 frames in and out start no more collections than 20,000",
  () => {
    const few = pushFrames(20_000);
    const many = pushFrames(1_000_000);
    expect(few.collectionsStarted).toBeGreaterThan(0);
    expect(many.collectionsStarted).toBe(few.collectionsStarted);
    expect(many.rssGrowth).toBeLessThanOrEqual(GROWTH_BYTES_MAX);
    expect(isClean(many, few)).toBe(true);
    expect(isClean(pushFrames(400_000, "planted"), few)).toBe(false);
  },
  TIMEOUT_MS,
);
