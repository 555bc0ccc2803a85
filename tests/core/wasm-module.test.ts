// Goal: the module as built keeps its promises: no imports, no way to grow, fixed memory.
// Method: read build/core.wasm's binary sections; no engine's opinion in between.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MEMORY_BYTES } from "../../dsp/memory-map.ts";
import { CORE_WASM_PATH } from "../../service/assets.ts";

const bytes = new Uint8Array(readFileSync(CORE_WASM_PATH));
const module = new WebAssembly.Module(bytes);

test("the core has no imports", () => {
  expect(WebAssembly.Module.imports(module)).toEqual([]);
});

test("the core exports functions and its memory, nothing else", () => {
  const others = WebAssembly.Module.exports(module).filter((entry) => entry.kind !== "function");
  expect(others).toEqual([{ name: "memory", kind: "memory" }]);
});

test("the core has no memory.grow instruction", () => {
  const dis = Bun.spawnSync([
    process.execPath,
    join(import.meta.dir, "../../node_modules/binaryen/bin/wasm-dis"),
    "--all-features",
    CORE_WASM_PATH,
  ]);
  const text = dis.stdout.toString();
  expect(text).toContain("(module");
  expect(text).not.toContain("memory.grow");
  expect(text).not.toContain("(import");
});

test("the core's memory is as large as its map and cannot grow", () => {
  const memory = new WebAssembly.Instance(module, {}).exports["memory"] as WebAssembly.Memory;
  expect(memory.buffer.byteLength).toBe(MEMORY_BYTES);
  expect(() => memory.grow(1)).toThrow(RangeError);
});
