// Question: what does one window of voice activity cost in the core, in onnxruntime-web alone and
// in batches, and what does a frame that carries it cost?
//
//   bun run bench:vad [--rounds 15] [--windows 200]
//
// All candidates take turns in one process (timeAlternating), on the same speech. No load
// generator: the samples lie in memory. The core's forward pass has no branch on data, so its cost
// does not depend on what is said; the checksum shows that work was done and is the same
// everywhere.

import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { type InferenceSession, Tensor } from "onnxruntime-web";
import type { CoreSlot, SlotFormat } from "../service/contract/core.ts";
import type { VadRateHz } from "../service/contract/vad-model.ts";
import { type OnnxModel, OnnxStream } from "../service/vad/onnx-stream.ts";
import { HARNESS_SETTINGS, loadHarnessCore } from "./vad-engines.ts";
import { createSileroKernel, loadOracle } from "./vad-kernel.ts";
import { readSpeechFolder } from "./vad-speech.ts";
import { type Candidate, machineLines, spread, type Timed, timeAlternating } from "./vad-timing.ts";
import { toHalfRate, toMulaw } from "./vad-variants.ts";

const OWN_SPEECH = fileURLToPath(new URL("../tests/speech", import.meta.url));
const BATCH = 32;

export interface VadBenchOptions {
  readonly rounds: number;
  /** Windows per candidate and round. */
  readonly windows: number;
}

/** Runs the whole bench. -> lines of markdown. */
export async function benchVad(options: VadBenchOptions): Promise<string[]> {
  const oracle = await loadOracle();
  const lines = [...machineLines(), ""];
  for (const rateHz of [16000, 8000] as const) {
    const windows = await speechWindows(rateHz);
    const checksum = { value: 0 };
    const candidates = [
      await coreCandidate(rateHz, windows, checksum),
      onnxCandidate(oracle, rateHz, windows),
      onnxBatchCandidate(oracle, rateHz, windows),
    ];
    const timed = await timeAlternating(candidates, options.rounds, options.windows);
    lines.push(...windowTable(rateHz, timed, options));
    lines.push("", `checksum of the core: ${checksum.value.toFixed(3)}`, "");
  }
  lines.push(...(await frameTable(options)));
  return lines;
}

async function speechWindows(rateHz: VadRateHz): Promise<Float32Array[]> {
  const size = (rateHz * 32) / 1000;
  const windows: Float32Array[] = [];
  for (const { samples } of await readSpeechFolder(OWN_SPEECH)) {
    const own = rateHz === 16000 ? samples : toHalfRate(samples);
    for (let start = 0; start + size <= own.length; start += size) {
      windows.push(own.slice(start, start + size));
    }
  }
  return windows;
}

async function coreCandidate(
  rateHz: VadRateHz,
  windows: readonly Float32Array[],
  checksum: { value: number },
): Promise<Candidate> {
  const kernel = await createSileroKernel();
  kernel.reset(rateHz);
  const next = cycle(windows);
  return {
    name: "core",
    units: 1,
    run: () => {
      checksum.value += kernel.run(next());
    },
  };
}

function onnxCandidate(
  model: OnnxModel,
  rateHz: VadRateHz,
  windows: readonly Float32Array[],
): Candidate {
  const stream = new OnnxStream(model, rateHz);
  const next = cycle(windows);
  return {
    name: "onnxruntime-web, batch 1",
    units: 1,
    run: async () => {
      await stream.run(next());
    },
  };
}

/** 32 calls' windows in one run: what a server would gain by waiting for the others. */
function onnxBatchCandidate(
  model: OnnxModel,
  rateHz: VadRateHz,
  windows: readonly Float32Array[],
): Candidate {
  const context = rateHz === 16000 ? 64 : 32;
  const size = context + (windows[0]?.length ?? 0);
  const input = new Float32Array(BATCH * size);
  const next = cycle(windows);
  for (let row = 0; row < BATCH; row++) input.set(next(), row * size + context);
  const rate = new Tensor("int64", BigInt64Array.of(BigInt(rateHz)), []);
  let state: Tensor = new Tensor("float32", new Float32Array(2 * BATCH * 128), [2, BATCH, 128]);
  return {
    name: `onnxruntime-web, batch ${BATCH}`,
    units: BATCH,
    run: async () => {
      const feeds = { input: new Tensor("float32", input, [BATCH, size]), state, sr: rate };
      state = stateOf(await model.session.run(feeds));
    },
  };
}

function stateOf(results: InferenceSession.OnnxValueMapType): Tensor {
  const state = results["stateN"];
  if (state instanceof Tensor) return state;
  throw new Error("Cannot bench: the model gives no state");
}

function windowTable(
  rateHz: VadRateHz,
  timed: readonly Timed[],
  { rounds, windows }: VadBenchOptions,
): string[] {
  const alone = timed.find(({ name }) => name.endsWith("batch 1"));
  const reference = alone === undefined ? Number.NaN : spread(alone).best;
  return [
    `### ${rateHz} Hz: microseconds per window (${rounds} rounds of ${windows} runs)`,
    "",
    "| engine | best | median | worst round | times cheaper than batch 1 (best) |",
    "|---|---|---|---|---|",
    ...timed.map((one) => {
      const { best, median, worst } = spread(one);
      const cells = [best, median, worst].map((value) => (value / 1000).toFixed(2));
      return `| ${one.name} | ${cells.join(" | ")} | ${(reference / best).toFixed(1)} |`;
    }),
  ];
}

/** Whole frames: decode, level, ring and, in 5 of 8 frames, the window and its model. */
async function frameTable({ rounds, windows }: VadBenchOptions): Promise<string[]> {
  const [recording] = await readSpeechFolder(OWN_SPEECH);
  const codes = toMulaw(toHalfRate(recording?.samples ?? new Float32Array(0)));
  const core = await loadHarnessCore();
  const candidate = (
    name: string,
    vadSource: SlotFormat["vadSource"],
    gateDb: number,
  ): Candidate => {
    const settings = {
      ...HARNESS_SETTINGS,
      isLevelNormalised: true,
      gateOverNoiseFloorDb: gateDb,
    };
    const slot = core.openSlot({ ...PHONE, vadSource }, settings);
    if (slot === null) throw new Error("Cannot bench: no slot is free");
    return { name, units: 1, run: frameFeeder(slot, codes) };
  };
  const timed = await timeAlternating(
    [
      candidate("Silero in the core", "core", 0),
      candidate("Silero behind the gate (3 dB)", "core", 3),
      candidate("energy rule", "energy", 0),
    ],
    rounds,
    windows * 4,
  );
  return [
    `### Phone frame of 20 ms, one ingest call: microseconds (${rounds} rounds)`,
    "",
    "| voice activity by | best | median | worst round |",
    "|---|---|---|---|",
    ...timed.map((one) => {
      const { best, median, worst } = spread(one);
      const cells = [best, median, worst].map((value) => (value / 1000).toFixed(2));
      return `| ${one.name} | ${cells.join(" | ")} |`;
    }),
  ];
}

const PHONE: SlotFormat = {
  callerEncoding: "mulaw",
  callerRateHz: 8000,
  callerChannels: 1,
  upstreamEncoding: "mulaw",
  upstreamRateHz: 8000,
  resampler: "standard",
  vadSource: "core",
};

function frameFeeder(slot: CoreSlot, codes: Uint8Array): () => void {
  const frames = Math.floor(codes.length / slot.callerFrameBytes);
  let frame = 0;
  return () => {
    const start = frame * slot.callerFrameBytes;
    for (let index = 0; index < slot.callerFrameBytes; index++) {
      slot.input[index] = codes[start + index] ?? 0xff;
    }
    slot.ingest();
    frame = frame + 1 < frames ? frame + 1 : 0;
  };
}

function cycle<Item>(items: readonly Item[]): () => Item {
  let index = 0;
  return () => {
    const item = items[index];
    if (item === undefined) throw new Error("Cannot bench: there is no speech");
    index = index + 1 < items.length ? index + 1 : 0;
    return item;
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "15" },
      windows: { type: "string", default: "200" },
    },
  });
  const options = { rounds: Number(values.rounds), windows: Number(values.windows) };
  console.log((await benchVad(options)).join("\n"));
}
