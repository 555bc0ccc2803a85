// `bun run sim --seeds N [--from N]`: whole calls, one per seed, every rule checked after every
// event. `bun run sim --seed N --trace`: one of them, told line by line. A failing seed prints how
// to replay it. With `--audio` the real core, engine and lanes are inside (audio/).
import { CallWorld } from "./call-world.ts";

const wordAfter = (name: string) => {
  const index = process.argv.indexOf(name);
  return index < 0 ? undefined : Number(process.argv[index + 1]);
};

const seedOne = wordAfter("--seed");
process.exitCode = process.argv.includes("--audio") ? await runAudio() : runEvents();

function runEvents(): number {
  return seedOne === undefined ? runMany() : runOne(seedOne);
}

/** Loaded only here: the event level needs no package, no core and no recordings. */
async function runAudio(): Promise<number> {
  const { runAudioSeed, runAudioSeeds } = await import("./audio/audio-runs.ts");
  if (seedOne !== undefined) return runAudioSeed(seedOne, process.argv.includes("--trace"));
  return runAudioSeeds(wordAfter("--from") ?? 1, wordAfter("--seeds") ?? 20);
}

function runOne(seed: number): number {
  const result = new CallWorld(seed, process.argv.includes("--trace")).run();
  for (const line of result.trace) console.log(line);
  console.log(`seed ${seed}: ${result.brokenRule ?? "every rule held"}, digest ${result.digest}`);
  return result.brokenRule === null ? 0 : 1;
}

function runMany(): number {
  const from = wordAfter("--from") ?? 1;
  const count = wordAfter("--seeds") ?? 2_000;
  const startedMs = performance.now();
  const totals = new Map<string, number>();
  let simulatedMs = 0;
  let steps = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const result = new CallWorld(seed, false).run();
    simulatedMs += result.simulatedMs;
    steps += result.steps;
    for (const [name, value] of result.counts) totals.set(name, (totals.get(name) ?? 0) + value);
    if (result.brokenRule === null) continue;
    console.log(`seed ${seed}: ${result.brokenRule}`);
    console.log(`replay with: bun run sim --seed ${seed} --trace`);
    return 1;
  }
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(`${count} calls from seed ${from} held every rule, ${seconds.toFixed(1)} s`);
  console.log(`${Math.round(simulatedMs / 3_600_000)} hours of calls, ${steps} events`);
  for (const [name, value] of [...totals].sort()) console.log(`${name} ${value}`);
  return 0;
}
