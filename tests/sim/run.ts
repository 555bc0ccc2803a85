// `bun run sim --seeds N [--from N] [--processes N]`: whole calls, one per seed, every rule checked
// after every event. `bun run sim --seed N --trace`: one of them, told line by line. Each failing
// seed prints how to replay it; `--first` stops at the first one. With `--audio` the real core,
// engine and lanes are inside (audio/).
import { availableParallelism } from "node:os";
import { CallWorld } from "./call-world.ts";
import { BROKEN_MAX, runSlice, runSlices, type SimulatorLevel } from "./seed-slices.ts";

const level: SimulatorLevel = process.argv.includes("--audio") ? "audio" : "event";
const seedOne = wordAfter("--seed");
const seeds = {
  from: wordAfter("--from") ?? 1,
  count: wordAfter("--seeds") ?? (level === "audio" ? 20 : 2_000),
};

if (process.argv.includes("--slice")) {
  console.log(JSON.stringify(await runSlice(level, seeds, BROKEN_MAX)));
} else process.exitCode = seedOne === undefined ? await runMany() : await runOne(seedOne);

async function runOne(seed: number): Promise<number> {
  const isTraced = process.argv.includes("--trace");
  const result =
    level === "audio" ? await audioCall(seed, isTraced) : new CallWorld(seed, isTraced).run();
  for (const line of result.trace) console.log(line);
  console.log(`seed ${seed}: ${result.brokenRule ?? "every rule held"}, digest ${result.digest}`);
  return result.brokenRule === null ? 0 : 1;
}

/** Loaded only here: the event level needs no package, no core and no recordings. */
async function audioCall(seed: number, isTraced: boolean) {
  const { AudioWorld } = await import("./audio/audio-world.ts");
  const { loadServiceParts } = await import("./audio/service-parts.ts");
  return new AudioWorld(await loadServiceParts(), seed, isTraced).run();
}

async function runMany(): Promise<number> {
  const startedMs = performance.now();
  const processes = wordAfter("--processes") ?? availableParallelism();
  const isFirstWanted = process.argv.includes("--first");
  const sum = isFirstWanted
    ? await runSlice(level, seeds, 1)
    : await runSlices(level, seeds, processes);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const flag = level === "audio" ? " --audio" : "";
  for (const { seed, rule } of sum.broken) {
    console.log(`seed ${seed}: ${rule}`);
    console.log(`replay with: bun run sim${flag} --seed ${seed} --trace`);
  }
  const calls = level === "audio" ? "calls with sound" : "calls";
  const minutes = Math.round(sum.simulatedMs / 60_000);
  if (sum.broken.length === 0) {
    console.log(`${seeds.count} ${calls} from seed ${seeds.from} held every rule, ${seconds} s`);
  }
  console.log(`${minutes} minutes of calls, ${sum.steps} events, ${processes} processes`);
  for (const [name, value] of Object.entries(sum.counts).sort()) console.log(`${name} ${value}`);
  return sum.broken.length === 0 ? 0 : 1;
}

function wordAfter(name: string): number | undefined {
  const index = process.argv.indexOf(name);
  return index < 0 ? undefined : Number(process.argv[index + 1]);
}
