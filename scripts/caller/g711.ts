// G.711 in plain TypeScript, by the tables' construction rule rather than by tables: the caller's
// own ears and voice, written apart from the core so that each can be checked against the other.
// Source: ITU-T G.711 (1988), tables 1a to 2b: 8 segments of 16 steps, sign in bit 7.
// mu-law: 14 bit magnitude with a bias of 33, all bits inverted on the line.
// A-law: 13 bit magnitude, even bits inverted on the line (0x55), 0x80 set for positive values.

/** Samples of silence as they travel. */
export const MULAW_SILENCE = 0xff;
export const ALAW_SILENCE = 0xd5;

const MULAW_BIAS = 33;
const MULAW_MAGNITUDE_MAX = 8_158;
const ALAW_MAGNITUDE_MAX = 4_095;

/** One mu-law byte -> PCM16 (14 bit value x 4), -32124..32124. */
export function decodeMulaw(byte: number): number {
  const code = ~byte & 0xff;
  const segment = (code >> 4) & 7;
  const step = code & 0x0f;
  const magnitude = ((2 * step + MULAW_BIAS) << segment) - MULAW_BIAS;
  // The "|| 0" turns the negative zero of code 0x7f into a plain one.
  return (code & 0x80 ? -magnitude : magnitude) * 4 || 0;
}

/** PCM16 -> mu-law byte; the segment is the place of the highest bit of the biased magnitude. */
export function encodeMulaw(sample: number): number {
  // Spare bits are cut, not rounded, and negative values are counted from -1, as the ITU's own
  // software does (G.191 STL): -1 to -4 are the negative zero.
  const magnitude = Math.min((sample < 0 ? ~sample : sample) >> 2, MULAW_MAGNITUDE_MAX);
  const biased = magnitude + MULAW_BIAS;
  const segment = 26 - Math.clz32(biased);
  const step = (biased >> (segment + 1)) & 0x0f;
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | step) & 0xff;
}

/** One A-law byte -> PCM16 (13 bit value x 8), -32256..32256. */
export function decodeAlaw(byte: number): number {
  const code = byte ^ 0x55;
  const segment = (code >> 4) & 7;
  const step = code & 0x0f;
  const magnitude = segment === 0 ? 2 * step + 1 : (2 * step + 33) << (segment - 1);
  return (code & 0x80 ? magnitude : -magnitude) * 8;
}

/** PCM16 -> A-law byte. */
export function encodeAlaw(sample: number): number {
  // Negative values are counted from -1, so that the code of -1 is the smallest negative one.
  const magnitude = Math.min((sample < 0 ? ~sample : sample) >> 3, ALAW_MAGNITUDE_MAX);
  const segment = Math.max(0, 27 - Math.clz32(magnitude));
  const step = (segment < 2 ? magnitude >> 1 : magnitude >> segment) & 0x0f;
  return ((sample < 0 ? 0 : 0x80) | (segment << 4) | step) ^ 0x55;
}
