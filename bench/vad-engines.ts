// Runs a whole recording through one engine and gives the score of each window.
// Station: VAD harness. `core` and `energy` go the way of a call: frames into a slot, ingest, the
// probability of each window it completes. `onnx:<name>` runs onnxruntime in this thread.

import { VAD_SETTINGS_DEFAULT } from "../service/core/vad-defaults.ts";
import { readFileSync } from "node:fs";
import { loadModelFile, loadSileroWeights } from "../models/load-model.ts";
import { SHIPPED_MODELS } from "../models/manifest.ts";
import { CORE_WASM_PATH } from "../service/assets.ts";
import {
  CAPTURE_EVENT,
  type Core,
  type CoreSlot,
  type SlotFormat,
  type VadSettings,
} from "../service/contract/core.ts";
import type { VadRateHz } from "../service/contract/vad-model.ts";
import { loadCore } from "../service/core/core.ts";
import { loadOnnxModel, OnnxStream } from "../service/vad/onnx-stream.ts";
import { coreModelEntry } from "./vad-kernel.ts";
import { toMulaw } from "./vad-variants.ts";

/** Scores of the windows of one recording, at the recording's rate. */
export type ScoreSpeech = (samples: Float32Array, rateHz: VadRateHz) => Promise<number[]>;

/** What a frame of the score's recording did, for studies of the gate. */
export interface WindowFacts {
  readonly score: number;
  readonly isSkipped: boolean;
}

export const HARNESS_SETTINGS: VadSettings = {
  ...VAD_SETTINGS_DEFAULT,
  minSpeechMs: 64,
  bargeInOverNoiseFloorDb: 0,
};

const WIDEBAND: SlotFormat = {
  callerEncoding: "pcm16",
  callerRateHz: 16000,
  callerChannels: 1,
  upstreamEncoding: "pcm16",
  upstreamRateHz: 16000,
  resampler: "standard",
  vadSource: "core",
};
const PHONE: SlotFormat = {
  ...WIDEBAND,
  callerEncoding: "mulaw",
  callerRateHz: 8000,
  upstreamEncoding: "mulaw",
  upstreamRateHz: 8000,
};

/** One core for the harness, with Silero's weights. */
export async function loadHarnessCore(): Promise<Core> {
  const core = loadCore(new Uint8Array(readFileSync(CORE_WASM_PATH)), { slotsMax: 256 });
  const weights = await loadSileroWeights(coreModelEntry(), "");
  core.loadSileroWeights(16000, weights.rate16k);
  core.loadSileroWeights(8000, weights.rate8k);
  return core;
}

/** The engine of a name, with `settings` in force where it has any. */
export async function scorerOf(
  engine: string,
  core: Core,
  settings: VadSettings,
): Promise<ScoreSpeech> {
  if (engine === "core" || engine === "energy") {
    return async (samples, rateHz) =>
      windowFacts({ core, source: engine, settings }, samples, rateHz).map((fact) => fact.score);
  }
  const name = engine === "onnx" ? coreModelEntry().name : engine.replace(/^onnx:/, "");
  const entry = SHIPPED_MODELS.find((candidate) => candidate.name === name);
  if (entry === undefined) throw new Error(`Cannot score with ${engine}: there is no such engine`);
  const model = await loadOnnxModel(entry, await loadModelFile(entry, ""));
  return async (samples, rateHz) => {
    const stream = new OnnxStream(model, rateHz);
    const size = (rateHz * 32) / 1000;
    const scores: number[] = [];
    for (let start = 0; start + size <= samples.length; start += size) {
      scores.push(await stream.run(samples.subarray(start, start + size)));
    }
    return scores;
  };
}

export interface SlotRun {
  readonly core: Core;
  readonly source: "core" | "energy";
  readonly settings: VadSettings;
}

/** A recording through a slot; at 8 kHz as mu-law, the way a phone call comes. */
export function windowFacts(run: SlotRun, samples: Float32Array, rateHz: VadRateHz): WindowFacts[] {
  const format = { ...(rateHz === 16000 ? WIDEBAND : PHONE), vadSource: run.source };
  const slot = run.core.openSlot(format, run.settings);
  if (slot === null) throw new Error("Cannot score: no slot is free");
  const facts: WindowFacts[] = [];
  ingestSpeech(slot, samples, (bits) => {
    if ((bits & CAPTURE_EVENT.WINDOW) === 0) return;
    const isSkipped =
      slot.counter("windowsSkipped") > facts.filter((fact) => fact.isSkipped).length;
    facts.push({ score: slot.probability(), isSkipped });
  });
  slot.close();
  return facts;
}

/** Feeds a recording frame by frame; what is left of a frame at the end is dropped. */
export function ingestSpeech(
  slot: CoreSlot,
  samples: Float32Array,
  onFrame: (bits: number) => void,
): void {
  const isPhone = slot.format.callerEncoding === "mulaw";
  const bytes = isPhone
    ? toMulaw(samples)
    : new Uint8Array(Int16Array.from(samples, (value) => Math.round(value * 32768)).buffer);
  const size = slot.callerFrameBytes;
  for (let start = 0; start + size <= bytes.length; start += size) {
    slot.input.set(bytes.subarray(start, start + size));
    onFrame(slot.ingest());
  }
}
