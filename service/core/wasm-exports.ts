// The exports of build/core.wasm as TypeScript sees them (dsp/index.ts), and the check that the
// module was built from the same limits as this program.

import { ABI_VERSION, SLOTS } from "../../dsp/limits.ts";
import { MEMORY_BYTES } from "../../dsp/memory-map.ts";
import { VoxError } from "../errors.ts";

export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  abiVersion(): number;
  memoryBytes(): number;
  slotCount(): number;
  start(): void;
  slotOpen(index: number): number;
  settingsApply(index: number): number;
  ingest(index: number): number;
  ingestGap(index: number): number;
  modelRun(index: number): number;
  decide(index: number, windowIndex: number, probability: number): number;
  vadReset(index: number): void;
  forceEnd(index: number): number;
  playbackOffset(index: number): number;
  playbackBytes(index: number): number;
  playbackWritten(index: number, bytes: number, wanted: number): void;
  render(index: number): number;
  playbackFlush(index: number): number;
  playbackGain(index: number, target: number, samples: number): void;
  kernelDecode(encoding: number, count: number): number;
  kernelEncode(encoding: number, count: number): number;
  kernelMix(count: number, targetPercent: number, sourcePercent: number): number;
  kernelCrossfade(count: number): number;
  concealOpen(index: number, rateHz: number): number;
  concealFrameGood(index: number): number;
  concealFrameLost(index: number): number;
  jitterOpen(index: number): number;
  jitterPacket(index: number, frame: number, arrivalMs: number, bytes: number): number;
  jitterTick(index: number, nowMs: number): number;
  streamOpen(index: number): number;
  streamResample(index: number, count: number): number;
}

/** Compiles and starts the module. Throws VoxError core_load_failed when it is not ours. */
export function instantiateCore(wasmBytes: Uint8Array<ArrayBuffer>): CoreExports {
  let exports: CoreExports;
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(wasmBytes), {});
    exports = instance.exports as unknown as CoreExports;
  } catch (cause) {
    throw loadError("the module does not compile or wants imports", cause);
  }
  const abiVersion = typeof exports.abiVersion === "function" ? exports.abiVersion() : 0;
  if (abiVersion !== ABI_VERSION) {
    throw loadError(`ABI is version ${abiVersion}, must be ${ABI_VERSION}`);
  }
  if (exports.slotCount() !== SLOTS || exports.memoryBytes() !== MEMORY_BYTES) {
    throw loadError("limits differ from dsp/limits.ts, rebuild with bun scripts/build.ts");
  }
  exports.start();
  return exports;
}

function loadError(what: string, cause?: unknown): VoxError {
  return new VoxError(`Cannot load the audio core: ${what}`, {
    code: "core_load_failed",
    isRetryable: false,
    cause,
  });
}
