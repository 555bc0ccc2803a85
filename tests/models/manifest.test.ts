// Goal: a manifest an operator writes is either usable or refused with the place and the wish.
// Method: our own manifest with one thing broken at a time.
import { describe, expect, test } from "bun:test";
import { CORE_MODEL_NAME, parseManifest, SHIPPED_MODELS } from "../../models/manifest.ts";
import { VoxError } from "../../service/errors.ts";

const [first] = SHIPPED_MODELS;

function broken(change: Record<string, unknown>): () => unknown {
  return () => parseManifest({ models: [{ ...first, ...change }] }, "mine.json");
}

describe("parseManifest()", () => {
  test("our own manifest names the model of the core and every sha256", () => {
    expect(SHIPPED_MODELS.map((entry) => entry.name)).toContain(CORE_MODEL_NAME);
    for (const entry of SHIPPED_MODELS) expect(entry.licence).toContain("MIT");
  });

  test("refuses unknown keys, a bad hash, a bad name and a wrong rate, naming the place", () => {
    expect(broken({ colour: "red" })).toThrow(VoxError);
    expect(broken({ sha256: "abc" })).toThrow("models.0.sha256");
    expect(broken({ name: "No Spaces" })).toThrow("models.0.name");
    expect(broken({ rates: [{ rateHz: 44100, windowSamples: 512, contextSamples: 0 }] })).toThrow(
      "models.0.rates.0.rateHz",
    );
    expect(broken({ states: [{ input: "h", output: "hn", dims: [0] }] })).toThrow("states.0.dims");
  });

  test("refuses a window that is not 32 ms, a huge state and a name given twice", () => {
    expect(broken({ rates: [{ rateHz: 16000, windowSamples: 256, contextSamples: 0 }] })).toThrow(
      "is 16 ms, must be 32 ms",
    );
    expect(broken({ states: [{ input: "h", output: "hn", dims: [65537] }] })).toThrow("at most");
    expect(() => parseManifest({ models: [first, first] }, "mine.json")).toThrow("given twice");
    expect(() => parseManifest(null, "mine.json")).toThrow("Cannot read model manifest mine.json");
  });
});
