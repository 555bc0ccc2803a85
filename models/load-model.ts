// Reads a model's file and proves that it is the one the manifest means.
// Station: boot, before weights are packed into the core or given to the Worker.
// Limits: files up to MODEL_BYTES_MAX; nothing is downloaded, ever.

import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { VoxError } from "../service/errors.ts";
import { readOnnxTensors } from "./onnx-tensors.ts";
import type { ModelEntry } from "./manifest.ts";
import { packSilero } from "./pack-silero.ts";

const MODEL_BYTES_MAX = 256 * 1024 * 1024;
const NPM_PREFIX = "npm:";

/** Weights in the order of the core's kernel, one block for each rate. */
export interface SileroWeights {
  readonly rate16k: Uint8Array;
  readonly rate8k: Uint8Array;
}

/**
 * The bytes of a model file whose SHA-256 is the manifest's.
 * `manifestPath`: file the entry stands in; relative paths start at its folder. "" for ours.
 * Errors: VoxError model_load_failed: file or package missing, too large, other hash.
 */
export async function loadModelFile(entry: ModelEntry, manifestPath: string): Promise<Uint8Array> {
  const path = locate(entry, manifestPath);
  const bytes = await readBounded(entry, path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== entry.sha256) {
    throw failed(entry, `the SHA-256 of ${path} is ${sha256}, must be ${entry.sha256}`);
  }
  return bytes;
}

/**
 * Weights of a Silero v5 or v6 model, packed for the core.
 * Errors: VoxError model_load_failed: as loadModelFile, or when the network has other layers.
 * Cost:   about 30 ms at boot; the ONNX file's 2.3 MB are garbage afterwards.
 */
export async function loadSileroWeights(
  entry: ModelEntry,
  manifestPath: string,
): Promise<SileroWeights> {
  const bytes = await loadModelFile(entry, manifestPath);
  try {
    const tensors = readOnnxTensors(bytes);
    return { rate16k: packSilero(tensors, 16000), rate8k: packSilero(tensors, 8000) };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw failed(entry, cause.message, cause);
  }
}

function locate(entry: ModelEntry, manifestPath: string): string {
  if (entry.file.startsWith(NPM_PREFIX)) {
    const specifier = entry.file.slice(NPM_PREFIX.length);
    try {
      return fileURLToPath(import.meta.resolve(specifier));
    } catch (cause) {
      throw failed(entry, `the npm package of ${specifier} is not installed`, cause);
    }
  }
  return isAbsolute(entry.file) ? entry.file : join(dirname(manifestPath), entry.file);
}

async function readBounded(entry: ModelEntry, path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size <= MODEL_BYTES_MAX) return await readFile(path);
  } catch (cause) {
    throw failed(entry, `${path} cannot be read`, cause);
  }
  throw failed(entry, `${path} is larger than ${MODEL_BYTES_MAX} bytes`);
}

function failed(entry: ModelEntry, reason: string, cause?: unknown): VoxError {
  return new VoxError(`Cannot load model ${entry.name}: ${reason}`, {
    code: "model_load_failed",
    isRetryable: false,
    cause,
  });
}
