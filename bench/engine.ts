// Question: what does a frame cost more through engine/ than straight into the core, and how much
// memory does the coordination of a call take? (S4-58, S4-60: mean under 100 ns, worst under 0.1
// ms, under 1 MB.)
// Usage: bun run bench:engine [rounds]. Prints a table; keep it in bench/results/ with the date.
import { cpus, loadavg } from "node:os";
import { readCoreWasm } from "../service/assets.ts";
import { loadCore } from "../service/core/core.ts";
import { createMetricsRegistry } from "../service/telemetry/metrics-registry.ts";
import { measurePlayback } from "./engine-playback.ts";
import { measureMemory, measureRounds, PHONE, type Spread, WIDEBAND } from "./engine-rounds.ts";

const ROUNDS = Number(process.argv[2] ?? 10_000);
const MEMORY_CALLS = 200;
const PLAYBACK_CALLS = 100;

const load = loadavg().map((value) => value.toFixed(2));
const commit = Bun.spawnSync(["git", "rev-parse", "--short", "HEAD"]).stdout.toString().trim();
const core = loadCore(await readCoreWasm(), { slotsMax: 256 });
const metrics = createMetricsRegistry();

console.log(`machine  ${cpus()[0]?.model ?? "?"}, ${cpus().length} cores, load ${load.join(" ")}`);
console.log(`runtime  Bun ${Bun.version}, commit ${commit}, n = ${ROUNDS} rounds of 50 frames\n`);
console.log("ns per 20 ms frame            mean      p50      p99      max");
for (const [name, format] of [
  ["phone, 8 kHz mu-law", PHONE],
  ["wideband, 16 -> 24 kHz", WIDEBAND],
] as const) {
  const result = measureRounds({ core, metrics, format, rounds: ROUNDS });
  console.log(name);
  print("straight into the core", result.straight);
  print("through the engine", result.engine);
  const isSame = result.checksumStraight === result.checksumEngine;
  const differences = [result.differenceMean, result.differenceP50].map(column).join("");
  console.log(`  difference            ${differences}`);
  console.log(`  its mean without 1 %  ${column(result.differenceTrimmed)} at either end`);
  console.log("  one frame at a time, worst of all (worst of the quietest of three passes):");
  console.log(`    straight ${micro(result.worstStraight)} (${micro(result.worstStraightQuiet)})`);
  console.log(`    engine   ${micro(result.worstEngine)} (${micro(result.worstEngineQuiet)})`);
  console.log(`  checksums ${isSame ? "equal" : "DIFFER, void"}: ${result.checksumEngine}\n`);
}
const { straight, engine, framesSent } = measurePlayback({
  core,
  metrics,
  calls: PLAYBACK_CALLS,
  rounds: Math.ceil(ROUNDS / 5),
});
const added = engine - straight;
console.log(`the way down, ${PLAYBACK_CALLS} phone calls on the wheel, ns per frame, medians:`);
console.log(
  `  straight ${straight.toFixed(1)}, queue and pacer ${engine.toFixed(1)}, added ${added.toFixed(1)}`,
);
console.log(
  `  ${framesSent} frames sent; 1,000 calls: ${(added * 0.005).toFixed(2)} % of a processor added\n`,
);

const bytes = measureMemory(core, metrics, MEMORY_CALLS);
console.log(`memory of one call's coordination: ${(bytes / 1024).toFixed(1)} KiB`);
console.log(`  (heap, ${MEMORY_CALLS} calls open, core slots and audio blocks not counted)`);

function print(name: string, { mean, p50, p99, max }: Spread): void {
  console.log(`  ${name.padEnd(22)}${[mean, p50, p99, max].map(column).join("")}`);
}

function column(nanoseconds: number): string {
  return nanoseconds.toFixed(1).padStart(9);
}

function micro(nanoseconds: number): string {
  return `${(nanoseconds / 1000).toFixed(1)} us`;
}
