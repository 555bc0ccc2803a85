// Goal: weights are used only if they are the ones the manifest means, and pack to a fixed size.
// Method: the pinned package's files; copies with one bit changed in a temporary folder.
import { afterAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILERO_8K_WEIGHTS_BYTES, SILERO_16K_WEIGHTS_BYTES } from "../../dsp/vad/silero-layout.ts";
import { loadModelFile, loadSileroWeights } from "../../models/load-model.ts";
import { type ModelEntry, SHIPPED_MODELS } from "../../models/manifest.ts";
import { VoxError } from "../../service/errors.ts";

const folder = await mkdtemp(join(tmpdir(), "voxbridge-models-"));
afterAll(() => rm(folder, { recursive: true }));

function entryOf(name: string): ModelEntry {
  const entry = SHIPPED_MODELS.find((candidate) => candidate.name === name);
  if (entry === undefined) throw new Error(`no model ${name}`);
  return entry;
}

async function refusalOf(loading: Promise<unknown>): Promise<VoxError> {
  const failure = await loading.then(() => null).catch((cause: unknown) => cause);
  if (failure instanceof VoxError) return failure;
  throw new Error("the model was not refused with a VoxError");
}

describe("loadSileroWeights()", () => {
  test("packs both rates of v6.2 and of v5.1, which differ in weights only", async () => {
    const newer = await loadSileroWeights(entryOf("silero-v6.2"), "");
    const older = await loadSileroWeights(entryOf("silero-v5.1"), "");
    for (const weights of [newer, older]) {
      expect(weights.rate16k.length).toBe(SILERO_16K_WEIGHTS_BYTES);
      expect(weights.rate8k.length).toBe(SILERO_8K_WEIGHTS_BYTES);
    }
    expect(Buffer.compare(newer.rate16k, older.rate16k)).not.toBe(0);
  });

  test("refuses v4, whose network has other layers", async () => {
    const refusal = await refusalOf(loadSileroWeights(entryOf("silero-v4"), ""));
    expect(refusal.code).toBe("model_load_failed");
    expect(refusal.message).toStartWith("Cannot load model silero-v4: Cannot pack Silero weights");
  });
});

describe("loadModelFile()", () => {
  test("refuses a file with one bit changed, naming both hashes", async () => {
    const entry = entryOf("silero-v6.2");
    const bytes = await loadModelFile(entry, "");
    const changed = Uint8Array.from(bytes);
    changed[100_000] = (changed[100_000] ?? 0) ^ 1;
    await writeFile(join(folder, "changed.onnx"), changed);
    const refusal = await refusalOf(
      loadModelFile({ ...entry, file: "changed.onnx" }, join(folder, "manifest.json")),
    );
    expect(refusal.message).toContain(entry.sha256);
    expect(refusal.message).toContain(createHash("sha256").update(changed).digest("hex"));
  });

  test("refuses a missing file and a missing package", async () => {
    const entry = entryOf("silero-v6.2");
    const missing = { ...entry, file: join(folder, "nothing.onnx") };
    expect((await refusalOf(loadModelFile(missing, ""))).message).toContain("cannot be read");
    const uninstalled = { ...entry, file: "npm:no-such-package-at-all/model.onnx" };
    expect((await refusalOf(loadModelFile(uninstalled, ""))).code).toBe("model_load_failed");
  });
});
