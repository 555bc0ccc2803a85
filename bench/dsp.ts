// Question: what does a 20 ms frame cost in each kernel of the core and in a whole ingest, and how
// do quality, latency and cost compare with plain TypeScript, with npm's packages and with native
// ones? Usage: bun run bench:dsp [rounds]. Contenders alternate round by round; keep the output in
// bench/results/ with the date. x realtime is one thread.

import { mulaw } from "alawmulaw";
import { readCoreWasm } from "../service/assets.ts";
import { type LoadedCore, loadCore } from "../service/core/core.ts";
import { mulawDecodeTwin, mulawEncodeTwin } from "../tests/dsp/g711-twin.ts";
import {
  pulseDelayMs,
  type Rates,
  toneResidualDb,
  worstAliasDb,
  worstImageDb,
} from "../tests/dsp/resample-quality.ts";
import { frameContenders } from "./dsp-frames.ts";
import { concealmentTable, jitterTable } from "./dsp-network.ts";
import { nativeResamplers } from "./dsp-native.ts";
import {
  coreResampler,
  libsamplerateResampler,
  plainResampler,
  type Resampler,
  speexResampler,
  speexRun,
  waveResampler,
} from "./dsp-resamplers.ts";
import { type Contender, type Timing, timeContenders } from "./dsp-rounds.ts";
import { machineLines } from "./vad-timing.ts";

const PAIRS: readonly Rates[] = [
  { sourceHz: 8000, targetHz: 24000 },
  { sourceHz: 24000, targetHz: 8000 },
  { sourceHz: 8000, targetHz: 16000 },
  { sourceHz: 24000, targetHz: 48000 },
  { sourceHz: 48000, targetHz: 24000 },
  { sourceHz: 44100, targetHz: 16000 },
];

/** Lines of the whole table. */
export async function benchDsp(options: { rounds: number; pairs?: number }): Promise<string[]> {
  const core = loadCore(await readCoreWasm(), { slotsMax: 64 });
  const lines = [...machineLines(), `rounds: ${options.rounds}, alternating`, ""];
  lines.push("### G.711 mu-law, 160 samples", "");
  lines.push(...timingTable(timeContenders(g711Contenders(core), options.rounds)), "");
  lines.push("### Whole frames through a slot, 20 ms", "");
  lines.push(...timingTable(timeContenders(frameContenders(core), options.rounds)), "");
  for (const rates of PAIRS.slice(0, options.pairs ?? PAIRS.length)) {
    lines.push(`### ${rates.sourceHz} -> ${rates.targetHz} Hz`, "");
    lines.push(...(await resamplerTable(core, rates, options.rounds)), "");
  }
  lines.push("### Lost frames", "", ...(await concealmentTable(core)), "");
  lines.push("### Jitter buffer", "", ...jitterTable(core));
  return lines;
}

function g711Contenders(core: LoadedCore): Contender[] {
  const { kernels } = core;
  const codes = Uint8Array.from({ length: 160 }, (_, index) => (index * 37) & 255);
  const pcm = Int16Array.from(codes, mulawDecodeTwin);
  const decodedTable = Int16Array.from({ length: 256 }, (_, code) => mulawDecodeTwin(code));
  const output = new Int16Array(160);
  const encoded = new Uint8Array(160);
  for (let index = 0; index < 160; index += 1) kernels.input.f32[index] = (pcm[index] ?? 0) / 32768;
  const encodeCore = {
    name: "encode: core SIMD, from f32",
    run: () => kernels.encode("mulaw", 160),
  };
  return [
    { name: "decode: core SIMD, to f32", run: () => void kernels.decode("mulaw", 160) },
    {
      name: "decode: plain TypeScript table",
      run: () => {
        for (let index = 0; index < 160; index += 1)
          output[index] = decodedTable[codes[index] ?? 0] ?? 0;
      },
    },
    { name: "decode: npm alawmulaw", run: () => void mulaw.decode(codes) },
    encodeCore,
    {
      name: "encode: plain TypeScript rules",
      run: () => {
        for (let index = 0; index < 160; index += 1)
          encoded[index] = mulawEncodeTwin(pcm[index] ?? 0);
      },
    },
    { name: "encode: npm alawmulaw", run: () => void mulaw.encode(pcm) },
  ];
}

async function resamplerTable(core: LoadedCore, rates: Rates, rounds: number): Promise<string[]> {
  const makers: (() => Promise<Resampler> | Resampler)[] = [
    () => coreResampler(core, rates, "fast"),
    () => coreResampler(core, rates, "standard"),
    () => coreResampler(core, rates, "high"),
    () => plainResampler(rates, "standard"),
    () => speexResampler(rates, 5),
    () => speexResampler(rates, 7),
    () => libsamplerateResampler(rates, "fastest"),
    () => libsamplerateResampler(rates, "medium"),
    () => waveResampler(rates),
    ...nativeResamplers(rates).map((native, index) => {
      native.close();
      return () => nativeResamplers(rates)[index] ?? native;
    }),
  ];
  const names: string[] = [];
  const qualities: string[] = [];
  const contenders: Contender[] = [];
  for (const make of makers) {
    const timed = await make();
    names.push(timed.name);
    qualities.push(await qualityCells(make, rates));
    const chunk = new Float32Array(rates.sourceHz / 50).fill(0.1);
    const quality = /speex-resampler q(\d)/.exec(timed.name)?.[1];
    // Speex takes 16 bit: its conversion from and to f32 is left out of its time.
    const run =
      quality === undefined
        ? () => void timed.process(chunk)
        : await speexRun(rates, Number(quality));
    contenders.push({ name: timed.name, run });
  }
  const timings = timeContenders(contenders, rounds);
  const standardNs = timings[1]?.medianNs ?? Number.NaN;
  const standardBestNs = timings[1]?.bestNs ?? Number.NaN;
  const rows = timings.map(({ name, bestNs, medianNs }, index) =>
    [
      name,
      qualities[index] ?? "",
      medianNs.toFixed(0),
      bestNs.toFixed(0),
      (20e6 / medianNs).toFixed(0),
      (medianNs / standardNs).toFixed(2),
      (bestNs / standardBestNs).toFixed(2),
    ].join(" | "),
  );
  const head =
    "resampler | SNR 1 kHz dB | images dB | alias dB | delay + withheld ms | ns median | ns best | x realtime | ratio of medians | of bests";
  return [
    `| ${head} |`,
    "|---|---|---|---|---|---|---|---|---|---|",
    ...rows.map((row) => `| ${row} |`),
  ];
}

/** SNR, worst image, worst alias (tones to 0.85 of the lower Nyquist) and delay of a pulse. */
async function qualityCells(
  make: () => Promise<Resampler> | Resampler,
  rates: Rates,
): Promise<string> {
  const resampler = await make();
  if (resampler.name.includes("batch")) return batchCells(resampler, rates);
  let withheldMs = 0;
  const run = (source: Float32Array) => {
    const turn = resampler.fresh?.() ?? resampler;
    const signal = streamThrough(turn, source, rates);
    withheldMs = Math.max(withheldMs, signal.withheldMs);
    if (turn !== resampler) turn.close();
    return signal.output;
  };
  const cells = [
    (-toneResidualDb(run, rates, 1000)).toFixed(1),
    worstImageDb(run, rates, 0.85).toFixed(0),
    aliasCell(worstAliasDb(run, rates, 0.85)),
    pulseDelayMs(run, rates).toFixed(2),
  ];
  resampler.close();
  return `${cells.join(" | ")} + ${withheldMs.toFixed(1)}`;
}

// In chunks of 20 ms, and half a second of silence behind, so that nothing is left inside for the
// next signal. Withheld: the most audio that had gone in and had not come out after a chunk.
function streamThrough(
  resampler: Resampler,
  source: Float32Array,
  rates: Rates,
): { output: Float32Array; withheldMs: number } {
  const chunk = rates.sourceHz / 50;
  const padded = new Float32Array(source.length + rates.sourceHz / 2);
  padded.set(source);
  const output = new Float32Array(
    Math.ceil((padded.length * rates.targetHz) / rates.sourceHz) + 9600,
  );
  let written = 0;
  let withheldMs = 0;
  for (let start = 0; start < padded.length; start += chunk) {
    const part = resampler.process(padded.slice(start, start + chunk));
    output.set(part, written);
    written += part.length;
    const givenMs = ((start + chunk) * 1000) / rates.sourceHz;
    withheldMs = Math.max(withheldMs, givenMs - (written * 1000) / rates.targetHz);
  }
  return { output: output.subarray(0, written), withheldMs };
}

function batchCells(resampler: Resampler, rates: Rates): string {
  const run = (source: Float32Array) => resampler.process(source);
  const snr = (-toneResidualDb(run, rates, 1000)).toFixed(1);
  return `${snr} | ${worstImageDb(run, rates, 0.85).toFixed(0)} | ${aliasCell(worstAliasDb(run, rates, 0.85))} | -`;
}

function aliasCell(db: number): string {
  return db <= -299 ? "-" : db.toFixed(0);
}

function timingTable(timings: readonly Timing[]): string[] {
  const rows = timings.map(
    ({ name, bestNs, medianNs }) =>
      `| ${name} | ${medianNs.toFixed(0)} | ${bestNs.toFixed(0)} | ${(20e6 / medianNs).toFixed(0)} |`,
  );
  return ["| kernel | ns median | ns best | x realtime |", "|---|---|---|---|", ...rows];
}

if (import.meta.main) {
  const rounds = Number(process.argv[2] ?? 31);
  for (const line of await benchDsp({ rounds })) console.log(line);
}
