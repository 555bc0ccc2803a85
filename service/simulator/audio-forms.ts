// The audio formats of the Realtime API, as far as the simulator needs them: how many bytes a
// millisecond has, samples for its level meter, bytes for the tones it plays.
// The simulator stands on the far side of the wire, so it shares no code with the audio core.
// Source: ITU-T G.711 (1988), tables 1 and 2, in the usual 16 bit form.
import type { SimulatedFormat } from "../wire/realtime-command-schema.ts";

export interface AudioForm {
  readonly type: SimulatedFormat["type"];
  readonly rateHz: number;
  readonly sampleBytes: 1 | 2;
  readonly bytesPerMs: number;
}

export function audioForm(format: SimulatedFormat): AudioForm {
  if (format.type === "audio/pcm") {
    return { type: format.type, rateHz: 24_000, sampleBytes: 2, bytesPerMs: 48 };
  }
  return { type: format.type, rateHz: 8_000, sampleBytes: 1, bytesPerMs: 8 };
}

/** Whole samples of `bytes` as 16 bit values. */
export function decodeAudio(form: AudioForm, bytes: Uint8Array): Int16Array {
  const samples = new Int16Array(Math.floor(bytes.length / form.sampleBytes));
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = sampleAt(form, bytes, index);
  }
  return samples;
}

export function encodeAudio(form: AudioForm, samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * form.sampleBytes);
  for (const [index, sample] of samples.entries()) {
    if (form.type === "audio/pcm") {
      bytes[index * 2] = sample & 0xff;
      bytes[index * 2 + 1] = (sample >> 8) & 0xff;
    } else bytes[index] = form.type === "audio/pcmu" ? encodeMulaw(sample) : encodeAlaw(sample);
  }
  return bytes;
}

/** Audio in another format; the same format is the same bytes. Rates by nearest sample. */
export function transcodeAudio(
  source: AudioForm,
  target: AudioForm,
  bytes: Uint8Array,
): Uint8Array {
  if (source.type === target.type) return bytes;
  const samples = decodeAudio(source, bytes);
  const count = Math.floor((samples.length * target.rateHz) / source.rateHz);
  const resampled = new Int16Array(count);
  for (let index = 0; index < count; index += 1) {
    resampled[index] = samples[Math.floor((index * source.rateHz) / target.rateHz)] ?? 0;
  }
  return encodeAudio(target, resampled);
}

function sampleAt(form: AudioForm, bytes: Uint8Array, index: number): number {
  if (form.type === "audio/pcm") {
    const value = (bytes[index * 2] ?? 0) | ((bytes[index * 2 + 1] ?? 0) << 8);
    return (value << 16) >> 16;
  }
  const byte = bytes[index] ?? 0;
  return form.type === "audio/pcmu" ? decodeMulaw(byte) : decodeAlaw(byte);
}

const MULAW_BIAS = 0x84;
const SAMPLE_MAX_MULAW = 32_635;

function decodeMulaw(byte: number): number {
  const code = ~byte & 0xff;
  const magnitude = ((((code & 0x0f) << 3) + MULAW_BIAS) << ((code >> 4) & 7)) - MULAW_BIAS;
  return (code & 0x80) === 0 ? magnitude : -magnitude;
}

function encodeMulaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), SAMPLE_MAX_MULAW) + MULAW_BIAS;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

function decodeAlaw(byte: number): number {
  const code = byte ^ 0x55;
  const exponent = (code >> 4) & 7;
  const mantissa = ((code & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (code & 0x80) === 0 ? -magnitude : magnitude;
}

function encodeAlaw(sample: number): number {
  const isPositive = sample >= 0;
  const magnitude = Math.min(isPositive ? sample : -sample - 1, 32_767);
  const exponent = magnitude < 256 ? 0 : 31 - Math.clz32(magnitude) - 7;
  const mantissa = exponent === 0 ? magnitude >> 4 : (magnitude >> (exponent + 3)) & 0x0f;
  return ((isPositive ? 0x80 : 0) | (exponent << 4) | mantissa) ^ 0x55;
}
