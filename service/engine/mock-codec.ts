// Sample conversion of the mock core: every format in and out, rates by nearest sample. It is plain
// and rough on purpose; the real core's quality is not what a mock is for.
import type { Buffer } from "node:buffer";
import type { CallerEncoding } from "../contract/core.ts";
import { encodeAlaw, encodeMulaw } from "./encode-g711.ts";

/** Bytes of one sample of one channel. */
export const SAMPLE_BYTES: Readonly<Record<CallerEncoding, number>> = {
  pcm16: 2,
  f32: 4,
  mulaw: 1,
  alaw: 1,
};

/** Sample `index` of the bytes, -32768..32767. */
export function readSample(bytes: Buffer, index: number, encoding: CallerEncoding): number {
  if (encoding === "pcm16") return bytes.readInt16LE(index * 2);
  if (encoding === "f32") return clamped(bytes.readFloatLE(index * 4) * 32768);
  const code = bytes[index] ?? 0;
  return encoding === "mulaw" ? decodeMulaw(code) : decodeAlaw(code);
}

/** Writes one sample, -32768..32767. */
export function writeSample(
  bytes: Buffer,
  index: number,
  encoding: CallerEncoding,
  sample: number,
): void {
  if (encoding === "pcm16") bytes.writeInt16LE(clamped(sample), index * 2);
  else if (encoding === "f32") bytes.writeFloatLE(sample / 32768, index * 4);
  else bytes[index] = encoding === "mulaw" ? encodeMulaw(sample) : encodeAlaw(sample);
}

function clamped(value: number): number {
  return Number.isFinite(value) ? Math.max(-32768, Math.min(32767, Math.round(value))) : 0;
}

/** Source: ITU-T G.711 tables 2a and 2b. */
function decodeMulaw(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = (((bits & 0x0f) << 3) + 0x84) << ((bits & 0x70) >> 4);
  return bits & 0x80 ? 0x84 - magnitude : magnitude - 0x84;
}

/** Source: ITU-T G.711 tables 1a and 1b. */
function decodeAlaw(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits & 0x70) >> 4;
  const step = ((bits & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? step : (step + 0x100) << (segment - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}
