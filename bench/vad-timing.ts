// Timing for benches that compare: rounds alternate between the candidates, so that a neighbour on
// the machine disturbs all of them alike; best and median of the rounds are both kept.

import { execSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";

export interface Candidate {
  readonly name: string;
  /** Units (windows, frames) that one call of `run` does. */
  readonly units: number;
  run(): void | Promise<void>;
}

export interface Timed {
  readonly name: string;
  /** Nanoseconds per unit, of each round, growing. */
  readonly roundsNs: readonly number[];
}

/**
 * Runs every candidate `callsPerRound` times in each round, after one round that does not count.
 */
export async function timeAlternating(
  candidates: readonly Candidate[],
  rounds: number,
  callsPerRound: number,
): Promise<Timed[]> {
  const roundsNs = candidates.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [index, candidate] of candidates.entries()) {
      const startedNs = process.hrtime.bigint();
      for (let call = 0; call < callsPerRound; call++) await candidate.run();
      const spentNs = Number(process.hrtime.bigint() - startedNs);
      if (round >= 0) roundsNs[index]?.push(spentNs / (callsPerRound * candidate.units));
    }
  }
  return candidates.map(({ name }, index) => ({
    name,
    roundsNs: (roundsNs[index] ?? []).sort((a, b) => a - b),
  }));
}

/** Best, median and slowest round. */
export function spread({ roundsNs }: Timed): { best: number; median: number; worst: number } {
  return {
    best: roundsNs[0] ?? Number.NaN,
    median: roundsNs[Math.floor(roundsNs.length / 2)] ?? Number.NaN,
    worst: roundsNs.at(-1) ?? Number.NaN,
  };
}

/** Machine, runtime, commit and load: what a result is worth without them is nothing. */
export function machineLines(): string[] {
  const model = cpus()[0]?.model ?? "unknown processor";
  return [
    `machine: ${model}, ${cpus().length} processors; load ${loadavg()[0]?.toFixed(2)}`,
    `runtime: Bun ${Bun.version}; onnxruntime-web ${packageVersion("onnxruntime-web")}`,
    `commit: ${commit()}`,
  ];
}

function packageVersion(name: string): string {
  const path = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  const content: unknown = JSON.parse(readFileSync(path, "utf8"));
  const hasVersion = typeof content === "object" && content !== null && "version" in content;
  return hasVersion ? String(content.version) : "unknown";
}

function commit(): string {
  try {
    const dirty =
      execSync("git status --porcelain", { encoding: "utf8" }) === "" ? "" : " + changes";
    return execSync("git rev-parse --short HEAD", { encoding: "utf8" }).trim() + dirty;
  } catch {
    return "unknown (no git here)";
  }
}
