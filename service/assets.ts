// Every file that ships beside the code, reached by import so that `bun build --compile` takes it
// along (decision 22). Built by scripts/build.ts; `bun start` and the test preload call that.

import coreWasmPath from "../build/core.wasm" with { type: "file" };

/** Path of the audio core's module. */
export const CORE_WASM_PATH: string = coreWasmPath;

/** Bytes of the audio core's module, for loadCore. */
export async function readCoreWasm(): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await Bun.file(CORE_WASM_PATH).arrayBuffer());
}
