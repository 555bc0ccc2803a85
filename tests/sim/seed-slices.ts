// Many seeds, in slices that run side by side, one process a core: a seed is the same call wherever
// it runs. A slice goes on behind a broken rule, so that one run tells of all of them; so many end
// the run.
import { CallWorld } from "./call-world.ts";

const SLICE_SEEDS = { event: 1_000, audio: 20 } as const;
export const BROKEN_MAX = 20;

export type SimulatorLevel = "event" | "audio";

export interface SeedSlice {
  readonly from: number;
  readonly count: number;
}

/** What a slice's process prints, as JSON in one line. */
export interface SliceResult {
  readonly simulatedMs: number;
  readonly steps: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly broken: readonly { readonly seed: number; readonly rule: string }[];
}

/** brokenMax: so many broken rules end it. */
export async function runSlice(
  level: SimulatorLevel,
  slice: SeedSlice,
  brokenMax: number,
): Promise<SliceResult> {
  const play = level === "audio" ? await audioPlayer() : playEvents;
  const counts: Record<string, number> = {};
  const broken: { seed: number; rule: string }[] = [];
  let simulatedMs = 0;
  let steps = 0;
  for (let seed = slice.from; seed < slice.from + slice.count; seed += 1) {
    const result = play(seed);
    simulatedMs += result.simulatedMs;
    steps += result.steps;
    for (const [name, value] of result.counts) counts[name] = (counts[name] ?? 0) + value;
    if (result.brokenRule !== null) broken.push({ seed, rule: result.brokenRule });
    if (broken.length >= brokenMax) break;
  }
  return { simulatedMs, steps, counts, broken };
}

/** -> the sum of all slices. A process that ends without a result is an error of the run. */
export async function runSlices(
  level: SimulatorLevel,
  seeds: SeedSlice,
  processes: number,
): Promise<SliceResult> {
  const slices = slicesOf(seeds, SLICE_SEEDS[level]);
  const results: SliceResult[] = [];
  const work = async () => {
    for (let slice = slices.shift(); slice !== undefined; slice = slices.shift()) {
      results.push(await inOwnProcess(level, slice));
      if (sumOf(results).broken.length >= BROKEN_MAX) slices.length = 0;
    }
  };
  await Promise.all(Array.from({ length: Math.min(processes, slices.length) }, work));
  return sumOf(results);
}

function slicesOf({ from, count }: SeedSlice, seeds: number): SeedSlice[] {
  const slices: SeedSlice[] = [];
  for (let first = from; first < from + count; first += seeds) {
    slices.push({ from: first, count: Math.min(seeds, from + count - first) });
  }
  return slices;
}

async function inOwnProcess(level: SimulatorLevel, slice: SeedSlice): Promise<SliceResult> {
  const words = [`${slice.from}`, "--seeds", `${slice.count}`, `--${level}`];
  const child = Bun.spawn(
    [process.execPath, `${import.meta.dir}/run.ts`, "--slice", "--from", ...words],
    { stdout: "pipe", stderr: "inherit" },
  );
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0)
    throw new Error(`Seeds from ${slice.from} did not run to their end`);
  return JSON.parse(text);
}

function sumOf(results: readonly SliceResult[]): SliceResult {
  const counts: Record<string, number> = {};
  for (const result of results) {
    for (const [name, value] of Object.entries(result.counts)) {
      counts[name] = (counts[name] ?? 0) + value;
    }
  }
  const simulatedMs = results.reduce((sum, result) => sum + result.simulatedMs, 0);
  const steps = results.reduce((sum, result) => sum + result.steps, 0);
  const broken = results.flatMap((result) => result.broken).sort((a, b) => a.seed - b.seed);
  return { simulatedMs, steps, counts, broken };
}

function playEvents(seed: number) {
  return new CallWorld(seed, false).run();
}

/** Loaded only here: the event level needs no package, no core and no recordings. */
async function audioPlayer() {
  const { AudioWorld } = await import("./audio/audio-world.ts");
  const { loadServiceParts } = await import("./audio/service-parts.ts");
  const parts = await loadServiceParts();
  return (seed: number) => new AudioWorld(parts, seed, false).run();
}
