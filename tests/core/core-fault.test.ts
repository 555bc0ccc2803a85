// Goal: an assertion inside the module ends one call and not the process (style 26): it surfaces as
// an error, other slots go on as if nothing had happened, and the slot itself can be opened again.
// Method: what the host would never do: an index that is none, memory of a slot made nonsense.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import * as map from "../../dsp/memory-map.ts";
import { CORE_WASM_PATH } from "../../service/assets.ts";
import { AssertionError } from "../../service/assert.ts";
import { instantiateCore } from "../../service/core/wasm-exports.ts";
import { makeCore, openSlot } from "./core-fixture.ts";

describe("a failed assertion in the core", () => {
  test("traps on an index that is no slot, and the module works on", () => {
    const exports = instantiateCore(new Uint8Array(readFileSync(CORE_WASM_PATH)));
    for (const index of [-1, 1024, 2 ** 31 - 1]) {
      expect(() => exports.ingest(index)).toThrow(WebAssembly.RuntimeError);
      expect(() => exports.render(index)).toThrow(WebAssembly.RuntimeError);
    }
    expect(exports.abiVersion()).toBeGreaterThan(0);
  });

  test("leaves the neighbours untouched and the slot usable after it is opened again", () => {
    const core = makeCore(2);
    const broken = openSlot(core);
    const healthy = openSlot(core);
    healthy.input.fill(0x90);
    const words = new Uint32Array(broken.input.buffer as ArrayBuffer);
    words[(map.SLOTS_BASE + broken.index * map.SLOT_BYTES + map.SLOT_WINDOW_FILL) >> 2] = 9999;
    expect(() => broken.ingest()).toThrow(WebAssembly.RuntimeError);
    for (let frame = 0; frame < 10; frame += 1) healthy.ingest();
    expect(healthy.counter("windows")).toBe(6);
    broken.close();
    const reopened = openSlot(core);
    for (let frame = 0; frame < 10; frame += 1) reopened.ingest();
    expect(reopened.index).toBe(broken.index);
    expect(reopened.counter("windows")).toBe(6);
  });
});

describe("the host", () => {
  test("asserts on every call to a slot that was given back", () => {
    const slot = openSlot(makeCore(1));
    slot.close();
    const calls: (() => unknown)[] = [
      () => slot.ingest(),
      () => slot.ingestGap(),
      () => slot.captureFrame(0),
      () => slot.render(),
      () => slot.playbackWrite(new Uint8Array(2), 0, 2),
      () => slot.playbackFlush(),
      () => slot.setPlaybackGain(1, 0),
      () => slot.forceEnd(),
      () => slot.resetVadCounters(),
      () => slot.setAgentAudible(true),
      () => slot.close(),
    ];
    for (const call of calls) expect(call).toThrow(AssertionError);
  });

  test("asserts on lengths, frames and probabilities out of range, before memory is touched", () => {
    const slot = openSlot(makeCore(1), { vadSource: "beside" });
    const source = new Uint8Array(10);
    expect(() => slot.playbackWrite(source, 5, 11)).toThrow(AssertionError);
    expect(() => slot.playbackWrite(source, 6, 5)).toThrow(AssertionError);
    expect(() => slot.playbackWrite(source, -1, 5)).toThrow(AssertionError);
    expect(() => slot.playbackWrite(source, 0.5, 5)).toThrow(AssertionError);
    expect(() => slot.captureFrame(0)).toThrow(AssertionError);
    expect(() => slot.decide(0, 1.5)).toThrow(AssertionError);
    expect(() => slot.decide(0, Number.NaN)).toThrow(AssertionError);
    expect(() => slot.setPlaybackGain(Number.NaN, 0)).toThrow(AssertionError);
    expect(() => slot.setPlaybackGain(1, -1)).toThrow(AssertionError);
    expect(slot.playbackQueuedSamples()).toBe(0);
  });
});
