// Judges whether a program makes garbage: child processes with JavaScriptCore's GC log on, many
// rounds against few. As many collections start and the process does not grow, or it made garbage.
// JSC counts wasm memory as heap, so beside a core garbage shows as growth long before a collection
// starts (400,000 planted views: 25 MB, no collection more), elsewhere as collections: both count.
// A check that never failed proves nothing, so each test also runs a child with planted garbage.
import { expect } from "bun:test";
import { join } from "node:path";

const GROWTH_BYTES_MAX = 5 * 1024 * 1024;

export interface GarbageCase {
  /** The child beside this file; it prints {"frames":N,...,"rssGrowth":bytes}. */
  readonly child: string;
  readonly few: number;
  readonly many: number;
  /** So many rounds with one planted object each must fail the same check. */
  readonly planted: number;
}

interface Run {
  readonly collectionsStarted: number;
  readonly rssGrowth: number;
}

/** Fails when the child makes garbage, or when its planted garbage is not seen. */
export function expectNoGarbage({ child, few, many, planted }: GarbageCase): void {
  const fewRun = runChild(child, few);
  const manyRun = runChild(child, many);
  expect(manyRun.collectionsStarted).toBe(fewRun.collectionsStarted);
  expect(manyRun.rssGrowth).toBeLessThanOrEqual(GROWTH_BYTES_MAX);
  const plantedRun = runChild(child, planted, "planted");
  expect(isClean(plantedRun, fewRun)).toBe(false);
  // Not one line in any log: then the log is not what we take it for.
  expect(fewRun.collectionsStarted + plantedRun.collectionsStarted).toBeGreaterThan(0);
}

function runChild(name: string, rounds: number, ...more: string[]): Run {
  const child = Bun.spawnSync(
    [process.execPath, join(import.meta.dir, name), String(rounds), ...more],
    { env: { ...process.env, BUN_JSC_logGC: "1" } },
  );
  const output = `${child.stdout.toString()}\n${child.stderr.toString()}`;
  const report = /\{"(?:frames|rounds)":.*"rssGrowth":(-?\d+)/.exec(output);
  if (report === null) throw new Error(`${name} did nothing:\n${output.slice(0, 2000)}`);
  return { collectionsStarted: output.split(": START ").length - 1, rssGrowth: Number(report[1]) };
}

/** The check as the planted garbage meets it. */
function isClean(many: Run, few: Run): boolean {
  const hasExtra = many.collectionsStarted > few.collectionsStarted;
  return !hasExtra && many.rssGrowth <= GROWTH_BYTES_MAX;
}
