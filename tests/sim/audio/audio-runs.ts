// `bun run sim --audio --seeds N [--from N]` and `--audio --seed N --trace`: as run.ts, with sound.
import { AudioWorld } from "./audio-world.ts";
import { loadServiceParts } from "./service-parts.ts";

export async function runAudioSeed(seed: number, isTraced: boolean): Promise<number> {
  const result = new AudioWorld(await loadServiceParts(), seed, isTraced).run();
  for (const line of result.trace) console.log(line);
  console.log(`seed ${seed}: ${result.brokenRule ?? "every rule held"}, digest ${result.digest}`);
  return result.brokenRule === null ? 0 : 1;
}

export async function runAudioSeeds(from: number, count: number): Promise<number> {
  const parts = await loadServiceParts();
  const startedMs = performance.now();
  const totals = new Map<string, number>();
  let simulatedMs = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const result = new AudioWorld(parts, seed, false).run();
    simulatedMs += result.simulatedMs;
    for (const [name, value] of result.counts) totals.set(name, (totals.get(name) ?? 0) + value);
    if (result.brokenRule === null) continue;
    console.log(`seed ${seed}: ${result.brokenRule}`);
    console.log(`replay with: bun run sim --audio --seed ${seed} --trace`);
    return 1;
  }
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(
    `${count} calls with sound from seed ${from} held every rule, ${seconds.toFixed(1)} s`,
  );
  console.log(`${Math.round(simulatedMs / 60_000)} minutes of calls`);
  for (const [name, value] of [...totals].sort()) console.log(`${name} ${value}`);
  return 0;
}
