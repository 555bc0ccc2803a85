// Timing of things that take nanoseconds: synchronous loops, contenders alternating round by round,
// so that a neighbour on the machine disturbs all of them alike.

/** One thing that is timed: `run` does one 20 ms frame. */
export interface Contender {
  readonly name: string;
  run(): void;
}

/** Rounds of each contender in ns per frame. */
export interface Timing {
  readonly name: string;
  readonly bestNs: number;
  readonly medianNs: number;
}

const ROUND_NS = 2_000_000;

/** Warms each contender up, sizes its loop to about 2 ms, then alternates `rounds` times. */
export function timeContenders(contenders: readonly Contender[], rounds: number): Timing[] {
  const loops = contenders.map((contender) => {
    const trial = rounds > 1 ? 2_000 : 5;
    loop(contender, trial);
    const perFrameNs = loop(contender, trial) / trial;
    return Math.max(1, Math.ceil((rounds > 1 ? ROUND_NS : 1_000) / perFrameNs));
  });
  const times = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    contenders.forEach((contender, index) => {
      const count = loops[index] ?? 1;
      times[index]?.push(loop(contender, count) / count);
    });
  }
  return contenders.map(({ name }, index) => {
    const sorted = (times[index] ?? []).sort((a, b) => a - b);
    const medianNs = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    return { name, bestNs: sorted[0] ?? Number.NaN, medianNs };
  });
}

function loop(contender: Contender, count: number): number {
  const startedNs = Bun.nanoseconds();
  for (let index = 0; index < count; index += 1) contender.run();
  return Bun.nanoseconds() - startedNs;
}
