// Opening and closing of one slot: derives what the format means and clears every state.

import {
  CONTEXT_SAMPLES_16K,
  CONTEXT_SAMPLES_8K,
  FRAME_BYTES_MAX,
  FRAME_MS,
  RESAMPLER_TAPS_MAX,
  SLOTS,
  UPSTREAM_FRAME_BYTES_MAX,
  WINDOW_SAMPLES_16K,
  WINDOW_SAMPLES_8K,
} from "./limits";
import {
  PORT_BYTES,
  PORT_INPUT,
  PORT_OUTPUT,
  PORTS_BASE,
  RESAMPLER_HISTORY,
  RESAMPLER_IS_FIXED,
  RESAMPLER_TAPS,
  RESAMPLER_UP_FACTOR,
  SLOT_BYTES,
  SLOT_CALLER_CHANNELS,
  SLOT_CALLER_ENCODING,
  SLOT_CALLER_FRAME_BYTES,
  SLOT_CALLER_FRAME_SAMPLES,
  SLOT_CALLER_RATE_HZ,
  SLOT_CONTEXT_SAMPLES,
  SLOT_COUNTERS,
  SLOT_GAIN_NOW,
  SLOT_GAIN_TARGET,
  SLOT_HISTORY_DOWN,
  SLOT_HISTORY_UP,
  SLOT_HISTORY_VAD,
  SLOT_IS_COPY_DOWN,
  SLOT_IS_COPY_UP,
  SLOT_LIMITER_GAIN,
  SLOT_RESAMPLER_DOWN,
  SLOT_RESAMPLER_UP,
  SLOT_RESAMPLER_VAD,
  SLOT_SETTINGS,
  SLOT_TAIL,
  SLOT_UPSTREAM_ENCODING,
  SLOT_UPSTREAM_FRAME_BYTES,
  SLOT_UPSTREAM_FRAME_SAMPLES,
  SLOT_UPSTREAM_RATE_HZ,
  SLOT_UPSTREAM_SAMPLE_BYTES,
  SLOT_VAD_RATE_HZ,
  SLOT_VAD_SOURCE,
  SLOT_WINDOW,
  SLOT_WINDOW_FILL,
  SLOT_WINDOW_SAMPLES,
  SLOTS_BASE,
  SLOT_CAPTURE_RING,
} from "./memory-map";
import {
  ENCODING_ALAW,
  ENCODING_F32,
  STATUS_BAD_FORMAT,
  STATUS_OK,
  VAD_SOURCE_BESIDE,
} from "./status";
import { encodingBytes, silenceByte } from "./convert/frame";
import { noiseFloorReset } from "./level/noise-floor";
import { gateReset } from "./level/gate";
import { normaliserReset } from "./level/normaliser";
import { resamplerReset } from "./resample/polyphase";

/** Address of a slot. */
export function slotAddress(index: i32): usize {
  assert(<u32>index < <u32>SLOTS);
  return <usize>SLOTS_BASE + <usize>index * <usize>SLOT_BYTES;
}

/** Address of a slot's port. */
export function portAddress(index: i32): usize {
  assert(<u32>index < <u32>SLOTS);
  return <usize>PORTS_BASE + <usize>index * <usize>PORT_BYTES;
}

/**
 * Opens a slot whose format and resampler blocks the host has written: checks and derives the
 * sizes, clears all state. Settings follow through settingsApply.
 */
export function slotPrepare(slot: usize): i32 {
  if (!deriveFormat(slot)) return STATUS_BAD_FORMAT;
  memory.fill(slot + SLOT_COUNTERS, 0, <usize>(SLOT_SETTINGS - SLOT_COUNTERS));
  memory.fill(slot + SLOT_WINDOW_FILL, 0, <usize>(SLOT_WINDOW - SLOT_WINDOW_FILL));
  memory.fill(slot + SLOT_WINDOW, 0, <usize>(SLOT_CAPTURE_RING - SLOT_WINDOW));
  store<f32>(slot, 1, SLOT_GAIN_NOW);
  store<f32>(slot, 1, SLOT_GAIN_TARGET);
  store<f32>(slot, 1, SLOT_LIMITER_GAIN);
  normaliserReset(slot);
  gateReset(slot);
  noiseFloorReset(slot);
  prepareResampler(
    slot + SLOT_RESAMPLER_UP,
    slot + SLOT_HISTORY_UP,
    SLOT_HISTORY_VAD - SLOT_HISTORY_UP,
  );
  prepareResampler(
    slot + SLOT_RESAMPLER_VAD,
    slot + SLOT_HISTORY_VAD,
    SLOT_HISTORY_DOWN - SLOT_HISTORY_VAD,
  );
  prepareResampler(
    slot + SLOT_RESAMPLER_DOWN,
    slot + SLOT_HISTORY_DOWN,
    SLOT_TAIL - SLOT_HISTORY_DOWN,
  );
  return STATUS_OK;
}

/** Fills both sides of a port with silence, so that a call never meets the one before it. */
export function portClear(slot: usize, port: usize): void {
  const silence = silenceByte(load<i32>(slot, SLOT_CALLER_ENCODING));
  const bytes = <usize>load<u32>(slot, SLOT_CALLER_FRAME_BYTES);
  memory.fill(port + PORT_INPUT, silence, bytes);
  memory.fill(port + PORT_OUTPUT, silence, bytes);
}

function deriveFormat(slot: usize): bool {
  const encoding = load<u32>(slot, SLOT_CALLER_ENCODING);
  const upstreamEncoding = load<u32>(slot, SLOT_UPSTREAM_ENCODING);
  const rate = load<u32>(slot, SLOT_CALLER_RATE_HZ);
  const upstreamRate = load<u32>(slot, SLOT_UPSTREAM_RATE_HZ);
  const channels = load<u32>(slot, SLOT_CALLER_CHANNELS);
  if (encoding > <u32>ENCODING_ALAW || upstreamEncoding > <u32>ENCODING_ALAW) return false;
  if (upstreamEncoding == ENCODING_F32) return false;
  if (channels < 1 || channels > 2) return false;
  if (load<u32>(slot, SLOT_VAD_SOURCE) > <u32>VAD_SOURCE_BESIDE) return false;
  if (rate < 8000 || rate > 48000 || upstreamRate < 8000 || upstreamRate > 24000) return false;
  const samples = (rate * FRAME_MS) / 1000;
  const upstreamSamples = (upstreamRate * FRAME_MS) / 1000;
  const bytes = samples * channels * <u32>encodingBytes(encoding);
  const sampleBytes = <u32>encodingBytes(upstreamEncoding);
  const isSame = rate == upstreamRate && channels == 1 && encoding == upstreamEncoding;
  if (bytes > <u32>FRAME_BYTES_MAX) return false;
  if (upstreamSamples * sampleBytes > <u32>UPSTREAM_FRAME_BYTES_MAX) return false;
  store<u32>(slot, samples, SLOT_CALLER_FRAME_SAMPLES);
  store<u32>(slot, bytes, SLOT_CALLER_FRAME_BYTES);
  store<u32>(slot, upstreamSamples, SLOT_UPSTREAM_FRAME_SAMPLES);
  store<u32>(slot, upstreamSamples * sampleBytes, SLOT_UPSTREAM_FRAME_BYTES);
  store<u32>(slot, sampleBytes, SLOT_UPSTREAM_SAMPLE_BYTES);
  store<u32>(slot, isSame ? 1 : 0, SLOT_IS_COPY_UP);
  store<u32>(slot, isSame ? 1 : 0, SLOT_IS_COPY_DOWN);
  const isNarrow = rate == 8000;
  store<u32>(slot, isNarrow ? 8000 : 16000, SLOT_VAD_RATE_HZ);
  store<u32>(slot, isNarrow ? WINDOW_SAMPLES_8K : WINDOW_SAMPLES_16K, SLOT_WINDOW_SAMPLES);
  store<u32>(slot, isNarrow ? CONTEXT_SAMPLES_8K : CONTEXT_SAMPLES_16K, SLOT_CONTEXT_SAMPLES);
  return true;
}

function prepareResampler(state: usize, history: usize, historyBytes: i32): void {
  if (load<u32>(state, RESAMPLER_UP_FACTOR) == 0) return;
  const taps = load<i32>(state, RESAMPLER_TAPS);
  assert(taps <= RESAMPLER_TAPS_MAX);
  assert(taps << (load<u32>(state, RESAMPLER_IS_FIXED) != 0 ? 1 : 2) <= historyBytes);
  store<u32>(state, <u32>history, RESAMPLER_HISTORY);
  resamplerReset(state);
}
