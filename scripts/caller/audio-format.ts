// What a caller's samples look like on the line, and the way from and to PCM16.
import type { CallerEncoding, CallerRateHz } from "../../service/contract/core.ts";
import {
  ALAW_SILENCE,
  MULAW_SILENCE,
  decodeAlaw,
  decodeMulaw,
  encodeAlaw,
  encodeMulaw,
} from "./g711.ts";

export interface AudioFormat {
  readonly encoding: CallerEncoding;
  readonly rateHz: CallerRateHz;
  readonly channels: 1 | 2;
}

export const FRAME_MS = 20;

const SAMPLE_BYTES = { pcm16: 2, f32: 4, mulaw: 1, alaw: 1 } as const;
const SILENCE_BYTE = { pcm16: 0, f32: 0, mulaw: MULAW_SILENCE, alaw: ALAW_SILENCE } as const;

/** Bytes of one sample of every channel. */
export function sampleBytes(format: AudioFormat): number {
  return SAMPLE_BYTES[format.encoding] * format.channels;
}

/** Samples per channel of one 20 ms frame: whole at every allowed rate (22050 Hz: 441). */
export function frameSamples(format: AudioFormat): number {
  return (format.rateHz * FRAME_MS) / 1000;
}

export function frameBytes(format: AudioFormat): number {
  return frameSamples(format) * sampleBytes(format);
}

/** `byteCount` bytes of silence. */
export function silence(format: AudioFormat, byteCount: number): Uint8Array {
  return new Uint8Array(byteCount).fill(SILENCE_BYTE[format.encoding]);
}

/** Line bytes -> PCM16, channels interleaved as they came. f32 is clipped at full scale. */
export function toPcm16(format: AudioFormat, bytes: Uint8Array): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Int16Array(Math.floor(bytes.byteLength / SAMPLE_BYTES[format.encoding]));
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = readSample(format.encoding, view, index);
  }
  return samples;
}

/** PCM16 -> line bytes; sample rate and channels are the caller's business. */
export function fromPcm16(encoding: CallerEncoding, samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * SAMPLE_BYTES[encoding]);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < samples.length; index += 1) {
    const sample = samples[index] ?? 0;
    if (encoding === "pcm16") view.setInt16(index * 2, sample, true);
    else if (encoding === "f32") view.setFloat32(index * 4, sample / 32_768, true);
    else view.setUint8(index, encoding === "mulaw" ? encodeMulaw(sample) : encodeAlaw(sample));
  }
  return bytes;
}

function readSample(encoding: CallerEncoding, view: DataView, index: number): number {
  if (encoding === "pcm16") return view.getInt16(index * 2, true);
  if (encoding === "mulaw") return decodeMulaw(view.getUint8(index));
  if (encoding === "alaw") return decodeAlaw(view.getUint8(index));
  const scaled = Math.round(view.getFloat32(index * 4, true) * 32_768);
  return Math.max(-32_768, Math.min(32_767, scaled));
}
