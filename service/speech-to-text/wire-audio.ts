// A stream's samples as a Realtime server takes them: PCM as it is, telephone speech as G.711.
// Station: between the call's PCM and the transcription socket. Source: ITU-T G.711 (1988), tables 1
// and 2, in the usual 16 bit form. The audio core's kernels work in its own memory; a few lines here
// are less than to carry samples in and out of it.
import type { TranscriptionFormat } from "../wire/transcription-update.ts";

export interface WireAudio {
  readonly format: TranscriptionFormat;
  readonly bytesPerMs: number;
  /** The PCM in bytes [start, end) of `source`, as base64 of the format. */
  base64(source: Uint8Array, start: number, end: number): string;
}

const RATE_G711_HZ = 8_000;
const MULAW_BIAS = 0x84;
const MULAW_SAMPLE_MAX = 32_635;

// Turns a view of any memory into base64 without another view; the types of Bun leave it out.
const BASE64 = Buffer.prototype as unknown as {
  base64Slice(this: Uint8Array, start: number, end: number): string;
};

export function pcmAudio(rateHz: number): WireAudio {
  return {
    format: { type: "audio/pcm", rateHz },
    bytesPerMs: (rateHz / 1000) * 2,
    base64: (source, start, end) => BASE64.base64Slice.call(source, start, end),
  };
}

export function g711Audio(law: "mulaw" | "alaw"): WireAudio {
  const encode = law === "mulaw" ? encodeMulaw : encodeAlaw;
  return {
    format: { type: law === "mulaw" ? "audio/pcmu" : "audio/pcma", rateHz: RATE_G711_HZ },
    bytesPerMs: RATE_G711_HZ / 1000,
    base64(source, start, end) {
      const bytes = new Uint8Array((end - start) / 2);
      for (let index = 0; index < bytes.length; index += 1) {
        const low = source[start + index * 2] ?? 0;
        const high = source[start + index * 2 + 1] ?? 0;
        bytes[index] = encode(((low | (high << 8)) << 16) >> 16);
      }
      return BASE64.base64Slice.call(bytes, 0, bytes.length);
    },
  };
}

function encodeMulaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), MULAW_SAMPLE_MAX) + MULAW_BIAS;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

function encodeAlaw(sample: number): number {
  const isPositive = sample >= 0;
  const magnitude = isPositive ? sample : -sample - 1;
  const exponent = magnitude < 256 ? 0 : 31 - Math.clz32(magnitude) - 7;
  const mantissa = exponent === 0 ? magnitude >> 4 : (magnitude >> (exponent + 3)) & 0x0f;
  return ((isPositive ? 0x80 : 0) | (exponent << 4) | mantissa) ^ 0x55;
}
