// The list of voice activity models: where each file comes from and what shape it has.
// Station: boot; read before any weights are, so that a broken list stops the start.
// Limits: recurrent models that eat fixed windows of samples (Silero of any version). Front ends
// with features of their own, such as TEN VAD, need another kind of entry.

import { z } from "zod";
import { VoxError } from "../service/errors.ts";
import shippedManifest from "./manifest.json" with { type: "json" };

const WINDOW_SAMPLES_MAX = 4096;
const STATE_VALUES_MAX = 65536;
const MODELS_MAX = 64;

const count = z.int().min(1);
const tensorName = z.string().min(1).max(200);

const rateSchema = z.strictObject({
  /** Rate of the samples the model eats. */
  rateHz: z.union([z.literal(8000), z.literal(16000)]),
  /** New samples per decision; must last 32 ms, as the core counts windows. */
  windowSamples: count.max(WINDOW_SAMPLES_MAX),
  /** Samples before the window that are put in front of it; 0 for Silero v4. */
  contextSamples: z.int().min(0).max(WINDOW_SAMPLES_MAX),
});

const stateSchema = z.strictObject({
  input: tensorName,
  output: tensorName,
  /** Shape for one stream (batch 1); f32, zeros when a call opens. */
  dims: z.array(count).min(1).max(4),
});

const modelSchema = z.strictObject({
  /** Calls name it as `onnx:<name>`. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
  version: z.string(),
  origin: z.string(),
  licence: z.string(),
  /** `npm:<package>/<path>`, or a path relative to the manifest. */
  file: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  rates: z.array(rateSchema).min(1).max(2),
  samplesInput: tensorName,
  /** Name of the int64 scalar that takes the rate; null when the model has none. */
  rateInput: tensorName.nullable(),
  probabilityOutput: tensorName,
  states: z.array(stateSchema).max(8),
});

const manifestSchema = z.strictObject({ models: z.array(modelSchema).max(MODELS_MAX) });

/** One model of the manifest. Samples are f32 [1, context + window], -1..1. */
export type ModelEntry = z.infer<typeof modelSchema>;
export type ModelRate = z.infer<typeof rateSchema>;

/** The models VoxBridge knows itself; their weights come from pinned npm packages. */
export const SHIPPED_MODELS: readonly ModelEntry[] = parseManifest(
  shippedManifest,
  "manifest.json",
);

/** The one whose forward pass is in the core. */
export const CORE_MODEL_NAME = "silero-v6.2";

/**
 * Checks a manifest.
 * Errors: VoxError config_invalid, naming file, place and what is wanted, when an entry is broken,
 *         two have one name, a window is not 32 ms, or a state is too large.
 */
export function parseManifest(content: unknown, fileName: string): ModelEntry[] {
  const parsed = manifestSchema.safeParse(content);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const place = issue === undefined ? "" : ` at ${issue.path.join(".")}: ${issue.message}`;
    throw refused(fileName, `an entry is not as wanted${place}`);
  }
  const names = new Set<string>();
  for (const model of parsed.data.models) {
    if (names.has(model.name)) throw refused(fileName, `the name ${model.name} is given twice`);
    names.add(model.name);
    checkSizes(model, fileName);
  }
  return parsed.data.models;
}

function checkSizes(model: ModelEntry, fileName: string): void {
  for (const rate of model.rates) {
    const windowMs = (rate.windowSamples * 1000) / rate.rateHz;
    if (windowMs !== 32) {
      throw refused(fileName, `the window of ${model.name} is ${windowMs} ms, must be 32 ms`);
    }
  }
  for (const state of model.states) {
    const values = state.dims.reduce((product, dim) => product * dim, 1);
    if (values > STATE_VALUES_MAX) {
      throw refused(
        fileName,
        `the state ${state.input} of ${model.name} has ${values} values, ` +
          `must be at most ${STATE_VALUES_MAX}`,
      );
    }
  }
}

function refused(fileName: string, reason: string): VoxError {
  return new VoxError(`Cannot read model manifest ${fileName}: ${reason}`, {
    code: "config_invalid",
    isRetryable: false,
  });
}
