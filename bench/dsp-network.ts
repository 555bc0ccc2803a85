// The two tables of bench:dsp that are about networks and not about time: how well lost frames are
// filled, and what the adaptive jitter buffer makes of synthetic traces.

import { fileURLToPath } from "node:url";
import type { LoadedCore } from "../service/core/core.ts";
import { filledSnrDb } from "../tests/dsp/concealment-quality.ts";
import { adaptiveOutcome, makeRandom, smallestFixed, TRACES } from "../tests/dsp/jitter-traces.ts";
import { readSpeechFolder } from "./vad-speech.ts";
import { toHalfRate } from "./vad-variants.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const FRAMES = 15_000;

/** SNR against the original at four loss rates, eight passes over our own recordings. */
export async function concealmentTable(core: LoadedCore): Promise<string[]> {
  const speech = await readSpeechFolder(fileURLToPath(new URL("../tests/speech", import.meta.url)));
  const rows: string[] = [];
  for (const rateHz of [8000, 16000] as const) {
    const one = speech.map(({ samples }) => (rateHz === 8000 ? toHalfRate(samples) : samples));
    const signals = SEEDS.flatMap(() => one);
    for (const filler of ["core", "silence", "repeat"] as const) {
      const cells = [0.01, 0.05, 0.1, 0.2].map((loss) =>
        filledSnrDb(core, signals, { filler, rateHz, loss, random: makeRandom(42) }).toFixed(1),
      );
      rows.push(`| ${rateHz} Hz, ${filler} | ${cells.join(" | ")} |`);
    }
  }
  return ["| SNR dB at a loss of | 1 % | 5 % | 10 % | 20 % |", "|---|---|---|---|---|", ...rows];
}

/** Late loss and mean delay, means over eight traces of five minutes each. */
export function jitterTable(core: LoadedCore): string[] {
  const rows = Object.entries(TRACES).map(([name, make]) => {
    const outcomes = SEEDS.map((seed) => {
      const trace = make(FRAMES, makeRandom(seed));
      return { adaptive: adaptiveOutcome(core, trace), fixed: smallestFixed(trace, 0.01).outcome };
    });
    const mean = (pick: (outcome: (typeof outcomes)[number]) => number) =>
      outcomes.reduce((sum, outcome) => sum + pick(outcome), 0) / outcomes.length;
    const cells = [
      `${(mean(({ adaptive }) => adaptive.lateLoss) * 100).toFixed(2)} %`,
      `${mean(({ adaptive }) => adaptive.meanDelayMs).toFixed(1)} ms`,
      `${(mean(({ fixed }) => fixed.lateLoss) * 100).toFixed(2)} %`,
      `${mean(({ fixed }) => fixed.meanDelayMs).toFixed(1)} ms`,
    ];
    return `| ${name} | ${cells.join(" | ")} |`;
  });
  const head = "trace | adaptive: late | delay | smallest fixed with <= 1 %: late | delay";
  return [`| ${head} |`, "|---|---|---|---|---|", ...rows];
}
