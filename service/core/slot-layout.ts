// Writes what a slot is opened with into core memory, and knows which word a counter is.

import * as map from "../../dsp/memory-map.ts";
import * as status from "../../dsp/status.ts";
import type {
  CallerEncoding,
  CoreCounter,
  SlotFormat,
  UpstreamEncoding,
  VadSettings,
  VadSource,
} from "../contract/core.ts";
import type { ResamplerTable, ResamplerTables } from "./resampler-tables.ts";

const CALLER_RATES_HZ: readonly number[] = [8000, 16000, 22050, 24000, 44100, 48000];
const UPSTREAM_RATES_HZ: readonly number[] = [8000, 16000, 24000];

/** Numbers of the encodings in core memory. */
export const ENCODINGS: Record<CallerEncoding, number> = {
  pcm16: status.ENCODING_PCM16,
  f32: status.ENCODING_F32,
  mulaw: status.ENCODING_MULAW,
  alaw: status.ENCODING_ALAW,
};

const VAD_SOURCES: Record<VadSource, number> = {
  core: status.VAD_SOURCE_CORE,
  energy: status.VAD_SOURCE_ENERGY,
  beside: status.VAD_SOURCE_BESIDE,
};

/** Byte offset of each counter in the slot. */
export const COUNTER_OFFSETS: Record<CoreCounter, number> = {
  framesIngested: map.COUNTER_FRAMES_INGESTED,
  framesRendered: map.COUNTER_FRAMES_RENDERED,
  gapFrames: map.COUNTER_GAP_FRAMES,
  nonFiniteSamples: map.COUNTER_NON_FINITE_SAMPLES,
  clippedFrames: map.COUNTER_CLIPPED_FRAMES,
  windows: map.COUNTER_WINDOWS,
  windowsSkipped: map.COUNTER_WINDOWS_SKIPPED,
  captureOverruns: map.COUNTER_CAPTURE_OVERRUNS,
  playbackOverruns: map.COUNTER_PLAYBACK_OVERRUNS,
  playbackUnderruns: map.COUNTER_PLAYBACK_UNDERRUNS,
  playbackFlushedSamples: map.COUNTER_PLAYBACK_FLUSHED_SAMPLES,
};

/** Throws RangeError unless the values together are a format the core takes. */
export function checkFormat(format: SlotFormat): void {
  const isKnown =
    format.callerEncoding in ENCODINGS &&
    CALLER_RATES_HZ.includes(format.callerRateHz) &&
    (format.callerChannels === 1 || format.callerChannels === 2) &&
    isUpstreamEncoding(format.upstreamEncoding) &&
    UPSTREAM_RATES_HZ.includes(format.upstreamRateHz) &&
    format.vadSource in VAD_SOURCES;
  if (!isKnown) throw new RangeError(`Cannot open a slot: ${JSON.stringify(format)} is no format`);
  if (format.upstreamEncoding !== "pcm16" && format.upstreamRateHz !== 8000) {
    throw new RangeError(
      `Cannot open a slot: upstream rate is ${format.upstreamRateHz} Hz, must be 8000 for G.711`,
    );
  }
}

/** Writes format and resamplers; slotOpen of the module derives the rest. */
export function writeFormat(
  words: Uint32Array,
  base: number,
  format: SlotFormat,
  tables: ResamplerTables,
): void {
  const vadRateHz = format.callerRateHz === 8000 ? 8000 : 16000;
  const { callerRateHz, upstreamRateHz, resampler } = format;
  words[(base + map.SLOT_CALLER_ENCODING) >> 2] = ENCODINGS[format.callerEncoding];
  words[(base + map.SLOT_CALLER_RATE_HZ) >> 2] = callerRateHz;
  words[(base + map.SLOT_CALLER_CHANNELS) >> 2] = format.callerChannels;
  words[(base + map.SLOT_UPSTREAM_ENCODING) >> 2] = ENCODINGS[format.upstreamEncoding];
  words[(base + map.SLOT_UPSTREAM_RATE_HZ) >> 2] = upstreamRateHz;
  words[(base + map.SLOT_VAD_SOURCE) >> 2] = VAD_SOURCES[format.vadSource];
  const up = tables.find(callerRateHz, upstreamRateHz, resampler);
  const vad = tables.find(callerRateHz, vadRateHz, "fast");
  const down = tables.find(upstreamRateHz, callerRateHz, resampler);
  writeResampler(words, base + map.SLOT_RESAMPLER_UP, up);
  writeResampler(words, base + map.SLOT_RESAMPLER_VAD, vad);
  writeResampler(words, base + map.SLOT_RESAMPLER_DOWN, down);
}

/** Writes the settings block; settingsApply of the module checks ranges and rounds times. */
export function writeSettings(
  words: Uint32Array,
  floats: Float32Array,
  base: number,
  settings: VadSettings,
): void {
  const word = (offset: number, value: number) => {
    words[(base + offset) >> 2] = value;
  };
  const float = (offset: number, value: number) => {
    floats[(base + offset) >> 2] = value;
  };
  float(map.SETTING_START_THRESHOLD, settings.startThreshold);
  float(map.SETTING_STOP_THRESHOLD, settings.stopThreshold);
  word(map.SETTING_MIN_SPEECH_MS, Math.ceil(settings.minSpeechMs));
  word(map.SETTING_MIN_SILENCE_MS, Math.ceil(settings.minSilenceMs));
  float(map.SETTING_CONFIDENT_THRESHOLD, settings.confidentSilenceThreshold);
  word(map.SETTING_CONFIDENT_WEIGHT, settings.confidentSilenceWeight);
  word(map.SETTING_SHORT_SPEECH_MS, Math.ceil(settings.shortSpeechMs));
  word(map.SETTING_SHORT_SILENCE_PERCENT, Math.ceil(settings.shortSpeechSilencePercent));
  float(map.SETTING_GATE_OVER_FLOOR_DB, settings.gateOverNoiseFloorDb);
  word(map.SETTING_IS_LEVEL_NORMALISED, settings.isLevelNormalised ? 1 : 0);
  word(map.SETTING_IS_BARGE_ENABLED, settings.isBargeInEnabled ? 1 : 0);
  float(map.SETTING_BARGE_THRESHOLD, settings.bargeInThreshold);
  word(map.SETTING_BARGE_MIN_SPEECH_MS, Math.ceil(settings.bargeInMinSpeechMs));
  float(map.SETTING_BARGE_OVER_FLOOR_DB, settings.bargeInOverNoiseFloorDb);
  word(map.SETTING_BARGE_COOLDOWN_MS, Math.ceil(settings.bargeInCooldownMs));
}

/** Writes factors, taps and table of one resampler block; null: the rates are equal. */
export function writeResampler(
  words: Uint32Array,
  base: number,
  table: ResamplerTable | null,
): void {
  words[(base + map.RESAMPLER_UP_FACTOR) >> 2] = table?.upFactor ?? 0;
  words[(base + map.RESAMPLER_DOWN_FACTOR) >> 2] = table?.downFactor ?? 0;
  words[(base + map.RESAMPLER_TAPS) >> 2] = table?.taps ?? 0;
  words[(base + map.RESAMPLER_TABLE) >> 2] = table?.address ?? 0;
  words[(base + map.RESAMPLER_IS_FIXED) >> 2] = table?.isFixed ? 1 : 0;
  words[(base + map.RESAMPLER_SCALE) >> 2] = table?.scaleBits ?? 0;
}

function isUpstreamEncoding(encoding: UpstreamEncoding): boolean {
  return encoding === "pcm16" || encoding === "mulaw" || encoding === "alaw";
}
