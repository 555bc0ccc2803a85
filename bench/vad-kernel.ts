// The core's Silero kernel by itself: f32 windows in, probabilities out, no transport around it.
// Station: equality test and bench. Uses slot 0 of a core module of its own.

import { readFileSync } from "node:fs";
import * as map from "../dsp/memory-map.ts";
import {
  SILERO_8K_CONTEXT_SAMPLES,
  SILERO_8K_WINDOW_SAMPLES,
  SILERO_16K_CONTEXT_SAMPLES,
  SILERO_16K_WINDOW_SAMPLES,
  SILERO_STATE_BYTES,
} from "../dsp/vad/silero-layout.ts";
import { loadModelFile, loadSileroWeights } from "../models/load-model.ts";
import { CORE_MODEL_NAME, type ModelEntry, SHIPPED_MODELS } from "../models/manifest.ts";
import { CORE_WASM_PATH } from "../service/assets.ts";
import type { VadRateHz } from "../service/contract/vad-model.ts";
import { instantiateCore } from "../service/core/wasm-exports.ts";
import { loadOnnxModel, type OnnxModel } from "../service/vad/onnx-stream.ts";

export interface SileroKernel {
  /** Zeroes context and recurrent state; `gain` is what the level normaliser would set. */
  reset(rateHz: VadRateHz, gain?: number): void;
  /** One window of samples; the kernel keeps its end as the next one's context. */
  run(samples: Float32Array): number;
  /** The same window again, as it lies there: for the bench. */
  repeat(): number;
}

/** A core with both rates' weights. */
export async function createSileroKernel(): Promise<SileroKernel> {
  const exports = instantiateCore(new Uint8Array(readFileSync(CORE_WASM_PATH)));
  const memory = exports.memory.buffer as ArrayBuffer;
  const weights = await loadSileroWeights(coreModelEntry(), "");
  new Uint8Array(memory).set(weights.rate16k, map.SILERO_16K_BASE);
  new Uint8Array(memory).set(weights.rate8k, map.SILERO_8K_BASE);
  const words = new Uint32Array(memory, map.SLOTS_BASE, map.SLOT_WINDOW / 4);
  const floats = new Float32Array(memory, map.SLOTS_BASE, map.SLOT_WINDOW / 4);
  const state = new Float32Array(
    memory,
    map.SLOTS_BASE + map.SLOT_RECURRENT,
    SILERO_STATE_BYTES / 4,
  );
  let input = new Float32Array(0);
  let context = 0;
  return {
    reset(rateHz, gain = 1) {
      const isWide = rateHz === 16000;
      context = isWide ? SILERO_16K_CONTEXT_SAMPLES : SILERO_8K_CONTEXT_SAMPLES;
      const window = isWide ? SILERO_16K_WINDOW_SAMPLES : SILERO_8K_WINDOW_SAMPLES;
      words[map.SLOT_CONTEXT_SAMPLES / 4] = context;
      words[map.SLOT_WINDOW_SAMPLES / 4] = window;
      floats[map.SLOT_NORMALISER_GAIN / 4] = gain;
      input = new Float32Array(memory, map.SLOTS_BASE + map.SLOT_WINDOW, context + window);
      input.fill(0);
      state.fill(0);
    },
    run(samples) {
      input.copyWithin(0, input.length - context);
      input.set(samples, context);
      return exports.modelRun(0);
    },
    repeat: () => exports.modelRun(0),
  };
}

/** The manifest's entry of the model that the core computes. */
export function coreModelEntry(): ModelEntry {
  const entry = SHIPPED_MODELS.find((candidate) => candidate.name === CORE_MODEL_NAME);
  if (entry === undefined) throw new Error(`Cannot find ${CORE_MODEL_NAME} in the manifest`);
  return entry;
}

/** The same weights in onnxruntime-web: the oracle. */
export async function loadOracle(): Promise<OnnxModel> {
  const entry = coreModelEntry();
  return loadOnnxModel(entry, await loadModelFile(entry, ""));
}
