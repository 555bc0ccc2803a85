// G.711 mu-law and A-law <-> samples, the caller's and the agent's sides of every phone call.
// Source: ITU-T G.711 (1988) with the integer rules of the ITU-T Software Tools Library:
// negative samples are mapped by one's complement, the magnitude is cut to 14 (mu) or 13 (A) bit.
// Decoders give f32 in -1..1 (full scale 32768), encoders take f32 and round to nearest first.
// Lengths: whole frames, a multiple of nothing; every loop is bounded by its `count` argument.

import { saturate16 } from "./pcm";

/** Decodes `count` mu-law bytes at `source` to f32 at `target`. */
export function mulawDecode(source: usize, target: usize, count: i32): void {
  for (let index = 0; index < count; index++) {
    const sample = mulawExpand(<i32>load<u8>(source + <usize>index));
    store<f32>(target + (<usize>index << 2), <f32>sample * (1.0 / 32768.0));
  }
}

/** Decodes `count` A-law bytes at `source` to f32 at `target`. */
export function alawDecode(source: usize, target: usize, count: i32): void {
  for (let index = 0; index < count; index++) {
    const sample = alawExpand(<i32>load<u8>(source + <usize>index));
    store<f32>(target + (<usize>index << 2), <f32>sample * (1.0 / 32768.0));
  }
}

/** Encodes `count` f32 at `source` to mu-law bytes at `target`. */
export function mulawEncode(source: usize, target: usize, count: i32): void {
  for (let index = 0; index < count; index++) {
    const sample = saturate16(load<f32>(source + (<usize>index << 2)));
    store<u8>(target + <usize>index, <u8>mulawCompress(sample));
  }
}

/** Encodes `count` f32 at `source` to A-law bytes at `target`. */
export function alawEncode(source: usize, target: usize, count: i32): void {
  for (let index = 0; index < count; index++) {
    const sample = saturate16(load<f32>(source + (<usize>index << 2)));
    store<u8>(target + <usize>index, <u8>alawCompress(sample));
  }
}

/** One mu-law code to a sample of -32124..32124. */
export function mulawExpand(code: i32): i32 {
  const bits = ~code & 0xff;
  const exponent = (bits >> 4) & 7;
  const magnitude = ((((bits & 15) << 3) + 132) << exponent) - 132;
  return (bits & 0x80) != 0 ? -magnitude : magnitude;
}

/** One A-law code to a sample of -32256..32256. */
export function alawExpand(code: i32): i32 {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = ((bits & 15) << 4) + 8;
  const magnitude = exponent == 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  return (bits & 0x80) != 0 ? magnitude : -magnitude;
}

/** One 16-bit sample to a mu-law code. */
export function mulawCompress(sample: i32): i32 {
  const sign = sample < 0 ? 0 : 0x80;
  const folded = (sample < 0 ? ~sample : sample) >> 2;
  const biased = min(folded + 33, 8191);
  const exponent = 26 - clz(biased);
  const mantissa = (biased >> (exponent + 1)) & 15;
  return sign | (~((exponent << 4) | mantissa) & 0x7f);
}

/** One 16-bit sample to an A-law code. */
export function alawCompress(sample: i32): i32 {
  const sign = sample < 0 ? 0 : 0x80;
  const folded = (sample < 0 ? ~sample : sample) >> 4;
  let code = folded;
  if (folded > 15) {
    const exponent = 28 - clz(folded);
    code = (exponent << 4) | ((folded >> (exponent - 1)) & 15);
  }
  return (sign | code) ^ 0x55;
}
