// Goal: engines load or fail clearly at boot; a model beside the core answers like onnxruntime.
// Method: the pinned models, a core that only keeps the weights it is given, speech of
// tests/speech.
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModelFile } from "../../models/load-model.ts";
import { type ModelEntry, SHIPPED_MODELS } from "../../models/manifest.ts";
import type { Log } from "../../service/contract/log.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import type { BesideVadModel, VadModels } from "../../service/contract/vad-model.ts";
import { VoxError } from "../../service/errors.ts";
import { loadOnnxModel, OnnxStream } from "../../service/vad/onnx-stream.ts";
import {
  createVadModels,
  type VadCore,
  type VadModelsSettings,
} from "../../service/vad/vad-models.ts";

const folder = await mkdtemp(join(tmpdir(), "voxbridge-vad-"));
afterAll(() => rm(folder, { recursive: true }));

const SETTINGS: VadModelsSettings = {
  engine: "core",
  fallback: "none",
  engines: [],
  manifestFile: "",
};

function entryOf(name: string): ModelEntry {
  const entry = SHIPPED_MODELS.find((candidate) => candidate.name === name);
  if (entry === undefined) throw new Error(`no model ${name}`);
  return entry;
}

function coreStandIn(): VadCore & { readonly loaded: Map<number, number> } {
  const loaded = new Map<number, number>();
  return { loaded, loadSileroWeights: (rateHz, packed) => loaded.set(rateHz, packed.length) };
}

function create(settings: Partial<VadModelsSettings>, core: VadCore, log: Log = SILENT_LOG) {
  const parts = { core, settings: { ...SETTINGS, ...settings }, log, metrics: NO_METRICS };
  return createVadModels(parts);
}

async function speechWindows(name: string): Promise<Float32Array[]> {
  const path = new URL(`../speech/${name}.wav`, import.meta.url);
  const samples = new Int16Array((await Bun.file(path).arrayBuffer()).slice(44));
  const windows: Float32Array[] = [];
  for (let start = 0; start + 512 <= samples.length; start += 512) {
    windows.push(Float32Array.from(samples.subarray(start, start + 512), (value) => value / 32768));
  }
  return windows;
}

function besideOf(models: VadModels, name: string): BesideVadModel {
  const model = models.find(name);
  if (model?.source !== "beside") throw new Error(`${name} is not beside the core`);
  return model;
}

/** Through the Worker, four windows ahead of its answers at most. */
async function throughEngine(model: BesideVadModel, windows: Float32Array[]): Promise<number[]> {
  const probabilities: number[] = [];
  let onDecision = (): void => undefined;
  const session = model.open(16000, (windowIndex, probability) => {
    expect(windowIndex).toBe(probabilities.length);
    probabilities.push(probability);
    onDecision();
  });
  for (const [index, window] of windows.entries()) {
    session.submit(index, window);
    while (index - probabilities.length >= 4) {
      await new Promise<void>((resolve) => {
        onDecision = resolve;
      });
    }
  }
  while (probabilities.length < windows.length) {
    await new Promise<void>((resolve) => {
      onDecision = resolve;
    });
  }
  session.close();
  return probabilities;
}

describe("createVadModels()", () => {
  test("loads Silero into the core at both rates and offers core and energy", async () => {
    const core = coreStandIn();
    const models = await create({}, core);
    expect([...core.loaded.keys()]).toEqual([16000, 8000]);
    expect(models.names).toEqual(["core", "energy"]);
    expect(models.preferred.name).toBe("core");
    expect(models.find("energy")?.source).toBe("energy");
    expect(models.find("onnx:silero-v6.2")).toBeNull();
    await models.close();
  });

  test("S2-11: a model beside the core gives onnxruntime's probabilities, two calls apart", async () => {
    const models = await create({ engine: "onnx:silero-v6.2" }, coreStandIn());
    const model = besideOf(models, "onnx:silero-v6.2");
    const windows = await speechWindows("yes");
    const [first, second] = await Promise.all([
      throughEngine(model, windows),
      throughEngine(model, windows),
    ]);
    await models.close();
    const entry = entryOf("silero-v6.2");
    const stream = new OnnxStream(
      await loadOnnxModel(entry, await loadModelFile(entry, "")),
      16000,
    );
    const wanted: number[] = [];
    for (const window of windows) wanted.push(await stream.run(window));
    expect(first).toEqual(wanted);
    expect(second).toEqual(wanted);
    expect(Math.max(...wanted)).toBeGreaterThan(0.9);
  });

  test("S1-54 S2-13: hosts other models by their manifest entry: Silero v4 with h and c, v5.1", async () => {
    const models = await create({ engines: ["onnx:silero-v4", "onnx:silero-v5.1"] }, coreStandIn());
    const windows = await speechWindows("hold-on");
    for (const name of ["onnx:silero-v4", "onnx:silero-v5.1"]) {
      const probabilities = await throughEngine(besideOf(models, name), windows);
      expect(Math.max(...probabilities)).toBeGreaterThan(0.8);
      expect(Math.min(...probabilities)).toBeLessThan(0.1);
    }
    await models.close();
  });

  test("fails at boot with a clear message when the configured engine does not load", async () => {
    const manifestFile = join(folder, "manifest.json");
    await writeFile(join(folder, "broken.onnx"), "no model");
    const sha256 = new Bun.CryptoHasher("sha256").update("no model").digest("hex");
    const entry = { ...entryOf("silero-v6.2"), name: "broken", file: "broken.onnx", sha256 };
    await writeFile(manifestFile, JSON.stringify({ models: [entry] }));
    const settings = { engine: "onnx:broken", manifestFile };
    const failure = await create(settings, coreStandIn()).catch((cause: unknown) => cause);
    expect(failure).toBeInstanceOf(VoxError);
    expect(String(failure)).toContain("Cannot load model broken");

    const events: string[] = [];
    const log = { ...SILENT_LOG, warn: (event: string) => events.push(event) };
    const models = await create({ ...settings, fallback: "energy" }, coreStandIn(), log);
    expect(models.preferred.name).toBe("energy");
    expect(events).toEqual(["VAD engine does not load", "VAD engine replaced by its fallback"]);
    await models.close();
  });

  test("names what there is when the engine is in no manifest", async () => {
    const failure = await create({ engine: "onnx:ten" }, coreStandIn()).catch(String);
    expect(failure).toContain("there is no model ten");
    expect(failure).toContain("onnx:silero-v6.2");
  });

  test("refuses a model whose inputs are not the manifest's", async () => {
    const manifestFile = join(folder, "renamed.json");
    const entry = {
      ...entryOf("silero-v6.2"),
      name: "renamed",
      samplesInput: "audio",
    };
    await writeFile(manifestFile, JSON.stringify({ models: [entry] }));
    const failure = await create({ engine: "onnx:renamed", manifestFile }, coreStandIn()).catch(
      String,
    );
    expect(failure).toContain("Cannot load model renamed");
  });
});
