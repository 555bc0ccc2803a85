// Loads the voice activity engines that calls may ask for.
// Station: boot, after the core; the only file of vad/ that main needs.
//
//   const models = await createVadModels({ core, settings, log, metrics });
//   const model = models.find(name) ?? models.preferred;    // per call
//   core.openSlot({ ..., vadSource: model.source }, ...)
//   if (model.source === "beside")
//     session = model.open(rateHz, (window, p) => onBits(slot.decide(window, p)));
//     … after ingest() with CAPTURE_EVENT.WINDOW: session.submit(slot.windowIndex(), slot.window)
//     … session.close() before slot.close()
//
// Engines: `core` (Silero in the core), `energy` (a rule in the core), `onnx:<name>` (manifest).

import { readFile } from "node:fs/promises";
import { loadModelFile, loadSileroWeights } from "../../models/load-model.ts";
import {
  CORE_MODEL_NAME,
  type ModelEntry,
  parseManifest,
  SHIPPED_MODELS,
} from "../../models/manifest.ts";
import type { Log } from "../contract/log.ts";
import type { Metrics } from "../contract/metrics.ts";
import type { CoreVadModel, VadModel, VadModels, VadRateHz } from "../contract/vad-model.ts";
import { VoxError } from "../errors.ts";
import { OnnxEngine } from "./onnx-engine.ts";

export interface VadModelsSettings {
  /** Engine of calls that do not ask: `core`, `energy` or `onnx:<name>`. */
  readonly engine: string;
  /** Engine that takes its place when it does not load; "none": the start fails. */
  readonly fallback: "none" | "core" | "energy";
  /** Further engines calls may ask for, beyond engine, `core` and `energy`. */
  readonly engines: readonly string[];
  /** The operator's own manifest beside ours; "" for none. */
  readonly manifestFile: string;
}

/** What the core must offer so that its Silero can be loaded. */
export interface VadCore {
  /** Copies the packed weights of one rate into core memory. */
  loadSileroWeights(rateHz: VadRateHz, packed: Uint8Array): void;
}

export interface VadModelsParts {
  readonly core: VadCore;
  readonly settings: VadModelsSettings;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Loads the configured engine, the core's own two, and whatever else calls may ask for.
 * Errors: VoxError model_load_failed or config_invalid when the configured engine does not load and
 *         no fallback is allowed, or the fallback does not load either. Another engine that does
 *         not load is left out with a warning.
 * Cost:   core about 30 ms; each ONNX model a Worker, 0.3 to 0.5 s and 130 MB.
 */
export async function createVadModels(parts: VadModelsParts): Promise<VadModels> {
  const { settings, log } = parts;
  const manifest = await readManifests(settings.manifestFile);
  const loaded = new Map<string, VadModel>();
  const failures = new Map<string, unknown>();
  for (const name of new Set([settings.engine, "core", "energy", ...settings.engines])) {
    try {
      loaded.set(name, await loadEngine(name, manifest, parts));
    } catch (cause) {
      failures.set(name, cause);
      log.warn("VAD engine does not load", { vadEngine: name, message: messageOf(cause) });
    }
  }
  const preferred = loaded.get(settings.engine) ?? loaded.get(settings.fallback);
  if (preferred === undefined) {
    await closeAll(loaded);
    throw failures.get(settings.engine);
  }
  if (preferred.name !== settings.engine) {
    log.warn("VAD engine replaced by its fallback", {
      vadEngine: settings.engine,
      fallback: preferred.name,
    });
  }
  return {
    preferred,
    names: [...loaded.keys()],
    find: (name) => loaded.get(name) ?? null,
    close: () => closeAll(loaded),
  };
}

interface Manifests {
  readonly entries: ReadonlyMap<string, ModelEntry>;
  /** Operator's file; its relative paths start there. */
  readonly path: string;
}

/** The operator's entries go before ours of the same name. */
async function readManifests(path: string): Promise<Manifests> {
  const entries = new Map(SHIPPED_MODELS.map((entry) => [entry.name, entry]));
  if (path === "") return { entries, path };
  for (const entry of parseManifest(await readJson(path), path)) entries.set(entry.name, entry);
  return { entries, path };
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new VoxError(`Cannot read model manifest ${path}: ${messageOf(cause)}`, {
      code: "config_invalid",
      isRetryable: false,
      cause,
    });
  }
}

async function loadEngine(
  name: string,
  manifest: Manifests,
  parts: VadModelsParts,
): Promise<VadModel> {
  if (name === "energy") return inCore("energy");
  if (name === "core") {
    const entry = findEntry(SHIPPED_MODELS, CORE_MODEL_NAME, name);
    const weights = await loadSileroWeights(entry, "");
    parts.core.loadSileroWeights(16000, weights.rate16k);
    parts.core.loadSileroWeights(8000, weights.rate8k);
    return inCore("core");
  }
  const entry = findEntry([...manifest.entries.values()], name.replace(/^onnx:/, ""), name);
  const bytes = await loadModelFile(entry, manifest.path);
  return OnnxEngine.start({ entry, bytes, log: parts.log, metrics: parts.metrics });
}

function inCore(name: "core" | "energy"): CoreVadModel {
  return { name, source: name, supports: () => true };
}

function findEntry(entries: readonly ModelEntry[], model: string, engine: string): ModelEntry {
  const entry = entries.find((candidate) => candidate.name === model);
  if (entry !== undefined) return entry;
  throw new VoxError(
    `Cannot load VAD engine ${engine}: there is no model ${model}, must be one of ` +
      entries.map((candidate) => `onnx:${candidate.name}`).join(", "),
    { code: "config_invalid", isRetryable: false },
  );
}

async function closeAll(loaded: ReadonlyMap<string, VadModel>): Promise<void> {
  for (const model of loaded.values()) {
    if (model instanceof OnnxEngine) await model.close();
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
