// The exported calls of the audio core. Slot index in, status or event bits out; everything else
// goes through memory (memory-map.ts), because float arguments cost four times an integer's.
// No imports, no allocation, no growth: tests/core/wasm-module.test.ts reads the module and checks.

import { ABI_VERSION, FRAME_BYTES_MAX, SLOTS, TAIL_SAMPLES_MAX, TAILS_PER_SECOND } from "./limits";
import {
  MEMORY_BYTES,
  PORT_BYTES,
  PORT_INPUT,
  PORT_OUTPUT,
  SCRATCH_BASE,
  SILERO_8K_BYTES,
  SILERO_16K_BYTES,
  SILERO_SCRATCH_BYTES,
  SLOT_BYTES,
  SLOT_END,
  SLOT_RECURRENT_BYTES,
  SLOT_WINDOW,
} from "./memory-map";
import { ingestFrame, ingestGapFrame } from "./capture/ingest";
import { gainSet } from "./playout/gain";
import { renderFlush, renderFrame } from "./playout/render";
import { playbackCapacity, playbackCommit, playbackWriteOffset } from "./ring/playback-ring";
import { portAddress, portClear, slotAddress, slotPrepare } from "./slot";
import { STATUS_OK } from "./status";
import { bargeInReset } from "./vad/barge-in";
import { besideDecide } from "./vad/beside";
import { modelProbability } from "./vad/probability";
import { settingsCheckAndRound } from "./vad/settings";
import {
  SILERO_8K_WEIGHTS_BYTES,
  SILERO_16K_WEIGHTS_BYTES,
  SILERO_SCRATCH_USED_BYTES,
  SILERO_STATE_BYTES,
} from "./vad/silero-layout";
import { turnForceEnd, turnReset } from "./vad/turn-machine";

export {
  concealFrameGood,
  concealFrameLost,
  concealOpen,
  jitterOpen,
  jitterPacket,
  jitterTick,
  kernelCrossfade,
  kernelDecode,
  kernelEncode,
  kernelMix,
  streamOpen,
  streamResample,
} from "./kernels";

/** Version of memory map and exports; the host refuses another. */
export function abiVersion(): i32 {
  return ABI_VERSION;
}

/** Bytes the module was built for; with slot count and slot bytes the host's limits check. */
export function memoryBytes(): i32 {
  return MEMORY_BYTES;
}

export function slotCount(): i32 {
  return SLOTS;
}

/** Checks how the constants relate. Called once, by the host. */
export function start(): void {
  assert(<i32>__heap_base <= SCRATCH_BASE);
  assert(SLOT_END <= SLOT_BYTES);
  assert(SLOT_WINDOW >= 1024);
  assert(24000 / TAILS_PER_SECOND <= TAIL_SAMPLES_MAX);
  assert(PORT_INPUT + FRAME_BYTES_MAX <= PORT_OUTPUT);
  assert(PORT_OUTPUT + FRAME_BYTES_MAX <= PORT_BYTES);
  assert(SILERO_16K_WEIGHTS_BYTES <= SILERO_16K_BYTES);
  assert(SILERO_8K_WEIGHTS_BYTES <= SILERO_8K_BYTES);
  assert(SILERO_SCRATCH_USED_BYTES <= SILERO_SCRATCH_BYTES);
  assert(SILERO_STATE_BYTES <= SLOT_RECURRENT_BYTES);
  assert(<i32>memory.size() * 65536 == MEMORY_BYTES);
}

/** Prepares a slot for a call. -> status */
export function slotOpen(index: i32): i32 {
  const status = slotPrepare(slotAddress(index));
  if (status == STATUS_OK) portClear(slotAddress(index), portAddress(index));
  return status;
}

/** Takes over the settings block. -> status */
export function settingsApply(index: i32): i32 {
  return settingsCheckAndRound(slotAddress(index));
}

/** Takes the frame in the slot's input port. -> event bits */
export function ingest(index: i32): i32 {
  return ingestFrame(slotAddress(index), portAddress(index) + PORT_INPUT);
}

/** Takes silence for a frame that never came. -> event bits */
export function ingestGap(index: i32): i32 {
  return ingestGapFrame(slotAddress(index), portAddress(index) + PORT_INPUT);
}

/** Runs the model on the samples at SLOT_WINDOW, for tests and benches. -> probability */
export function modelRun(index: i32): f32 {
  return modelProbability(slotAddress(index));
}

/** A probability from beside the core. -> event bits */
export function decide(index: i32, windowIndex: u32, probability: f32): i32 {
  return besideDecide(slotAddress(index), windowIndex, probability);
}

/** Clears turn machine and barge-in accumulator, not the model's state (D-33). */
export function vadReset(index: i32): void {
  turnReset(slotAddress(index));
  bargeInReset(slotAddress(index));
}

/** Ends running speech. -> event bits */
export function forceEnd(index: i32): i32 {
  return turnForceEnd(slotAddress(index));
}

/** Offset into the playback ring for the next byte. */
export function playbackOffset(index: i32): i32 {
  return playbackWriteOffset(slotAddress(index));
}

/** Bytes the slot's playback ring holds. */
export function playbackBytes(index: i32): i32 {
  return playbackCapacity(slotAddress(index));
}

/** The host has written `bytes` of `wanted` into the ring. */
export function playbackWritten(index: i32, bytes: i32, wanted: i32): void {
  playbackCommit(slotAddress(index), bytes, wanted);
}

/** One frame into the slot's output port. -> upstream samples consumed */
export function render(index: i32): i32 {
  return renderFrame(slotAddress(index), portAddress(index) + PORT_OUTPUT);
}

/** Empties the way to the caller. -> upstream samples dropped */
export function playbackFlush(index: i32): i32 {
  return renderFlush(slotAddress(index));
}

/** Ramps the playout gain to `target` over `samples` caller samples. */
export function playbackGain(index: i32, target: f32, samples: i32): void {
  gainSet(slotAddress(index), target, samples);
}

/** Where a failed assertion ends: a trap, which the host turns into the end of one call. */
export function fail(_message: usize, _file: usize, _line: u32, _column: u32): void {
  unreachable();
}
