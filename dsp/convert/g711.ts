// G.711 mu-law and A-law <-> f32, the caller's and the agent's side of every phone call.
// Source: ITU-T G.711 (1988) with the integer rules of the ITU-T Software Tools Library:
// negative samples are mapped by one's complement, the magnitude is cut to 14 (mu) or 13 (A) bit.
// Full scale is 32768; encoders round to the nearest of 65,536 levels first.
//
// Departure: no tables. A G.711 code is a small floating-point number (3 bit exponent, 4 bit
// mantissa), so the code moved to bit 19 of an f32 IS the magnitude, up to a constant:
//
//   f32   s eeeeeeee mmmmmmmm...      decode: (code << 19 | half a step) + exponent offset,
//   code            eee mmmm                  minus the law's bias, all exact in f32
//   encode: the biased integer as f32, shifted right by 19, gives exponent and mantissa at once.
//
// Sixteen samples a turn; what is left over goes through the scalar rules below, which are also
// what the tests hold the vectors against.

/** Half a quantisation step in the decoded f32's mantissa. */
const HALF_STEP = 1 << 18;
/** Exponent field of a decoded code 0: 2^7 of full scale 2^15. */
const DECODE_EXPONENT = 119 << 23;
/** f32 exponent and 4 mantissa bits of the smallest encoded magnitude: 2^5 (mu), 2^3 (A). */
const MULAW_ENCODE_OFFSET = 132 << 4;
const ALAW_ENCODE_OFFSET = 130 << 4;

const MULAW_BIAS: f32 = 132.0 / 32768.0;
const ALAW_BIAS: f32 = 256.0 / 32768.0;

/** Decodes `count` mu-law bytes at `source` to f32 at `target`. */
export function mulawDecode(source: usize, target: usize, count: i32): void {
  const whole = count & ~15;
  for (let index = 0; index < whole; index += 16) {
    const codes = v128.not(v128.load(source + <usize>index));
    const low = i16x8.extend_low_i8x16_u(codes);
    const high = i16x8.extend_high_i8x16_u(codes);
    const address = target + ((<usize>index) << 2);
    v128.store(address, mulawExpand4(i32x4.extend_low_i16x8_u(low)), 0);
    v128.store(address, mulawExpand4(i32x4.extend_high_i16x8_u(low)), 16);
    v128.store(address, mulawExpand4(i32x4.extend_low_i16x8_u(high)), 32);
    v128.store(address, mulawExpand4(i32x4.extend_high_i16x8_u(high)), 48);
  }
  for (let index = whole; index < count; index++) {
    const sample = <f32>mulawExpand(<i32>load<u8>(source + <usize>index));
    store<f32>(target + ((<usize>index) << 2), sample * (1.0 / 32768.0));
  }
}

/** Decodes `count` A-law bytes at `source` to f32 at `target`. */
export function alawDecode(source: usize, target: usize, count: i32): void {
  const whole = count & ~15;
  for (let index = 0; index < whole; index += 16) {
    // Toggles every second bit, and the sign, which is set for positive samples.
    const codes = v128.xor(v128.load(source + <usize>index), i8x16.splat(<i8>0xd5));
    const low = i16x8.extend_low_i8x16_u(codes);
    const high = i16x8.extend_high_i8x16_u(codes);
    const address = target + ((<usize>index) << 2);
    v128.store(address, alawExpand4(i32x4.extend_low_i16x8_u(low)), 0);
    v128.store(address, alawExpand4(i32x4.extend_high_i16x8_u(low)), 16);
    v128.store(address, alawExpand4(i32x4.extend_low_i16x8_u(high)), 32);
    v128.store(address, alawExpand4(i32x4.extend_high_i16x8_u(high)), 48);
  }
  for (let index = whole; index < count; index++) {
    const sample = <f32>alawExpand(<i32>load<u8>(source + <usize>index));
    store<f32>(target + ((<usize>index) << 2), sample * (1.0 / 32768.0));
  }
}

/** Encodes `count` f32 at `source` to mu-law bytes at `target`; may not overlap. */
export function mulawEncode(source: usize, target: usize, count: i32): void {
  const whole = count & ~15;
  for (let index = 0; index < whole; index += 16) {
    const address = source + ((<usize>index) << 2);
    const low = i16x8.narrow_i32x4_s(
      mulawCompress4(v128.load(address, 0)),
      mulawCompress4(v128.load(address, 16)),
    );
    const high = i16x8.narrow_i32x4_s(
      mulawCompress4(v128.load(address, 32)),
      mulawCompress4(v128.load(address, 48)),
    );
    v128.store(target + <usize>index, v128.not(i8x16.narrow_i16x8_u(low, high)));
  }
  for (let index = whole; index < count; index++) {
    const sample = toInteger(load<f32>(source + ((<usize>index) << 2)));
    store<u8>(target + <usize>index, <u8>mulawCompress(sample));
  }
}

/** Encodes `count` f32 at `source` to A-law bytes at `target`; may not overlap. */
export function alawEncode(source: usize, target: usize, count: i32): void {
  const whole = count & ~15;
  for (let index = 0; index < whole; index += 16) {
    const address = source + ((<usize>index) << 2);
    const low = i16x8.narrow_i32x4_s(
      alawCompress4(v128.load(address, 0)),
      alawCompress4(v128.load(address, 16)),
    );
    const high = i16x8.narrow_i32x4_s(
      alawCompress4(v128.load(address, 32)),
      alawCompress4(v128.load(address, 48)),
    );
    const codes = v128.xor(i8x16.narrow_i16x8_u(low, high), i8x16.splat(<i8>0xd5));
    v128.store(target + <usize>index, codes);
  }
  for (let index = whole; index < count; index++) {
    const sample = toInteger(load<f32>(source + ((<usize>index) << 2)));
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

// Four codes, already complemented: bit 7 set is negative.
function mulawExpand4(codes: v128): v128 {
  const magnitude = i32x4.shl(v128.and(codes, i32x4.splat(0x7f)), 19);
  const biased = i32x4.add(magnitude, i32x4.splat(DECODE_EXPONENT + HALF_STEP));
  const sign = i32x4.shl(v128.and(codes, i32x4.splat(0x80)), 24);
  return v128.xor(f32x4.sub(biased, f32x4.splat(MULAW_BIAS)), sign);
}

// As above; the first segment of A-law has no hidden bit: it is the second one minus 256.
function alawExpand4(codes: v128): v128 {
  const code = v128.and(codes, i32x4.splat(0x7f));
  const isFirst = i32x4.lt_s(code, i32x4.splat(16));
  const lifted = i32x4.add(code, v128.and(isFirst, i32x4.splat(16)));
  const biased = i32x4.add(i32x4.shl(lifted, 19), i32x4.splat(DECODE_EXPONENT + HALF_STEP));
  const bias = v128.and(isFirst, f32x4.splat(ALAW_BIAS));
  const sign = i32x4.shl(v128.and(codes, i32x4.splat(0x80)), 24);
  return v128.xor(f32x4.sub(biased, bias), sign);
}

// Four samples to codes before the complement: bit 7 set is negative.
function mulawCompress4(samples: v128): v128 {
  const integers = toInteger4(samples);
  const sign = i32x4.shr_s(integers, 31);
  const folded = i32x4.shr_u(v128.xor(integers, sign), 2);
  const biased = i32x4.min_s(i32x4.add(folded, i32x4.splat(33)), i32x4.splat(8191));
  const code = i32x4.sub(
    i32x4.shr_u(f32x4.convert_i32x4_s(biased), 19),
    i32x4.splat(MULAW_ENCODE_OFFSET),
  );
  return v128.or(code, v128.and(sign, i32x4.splat(0x80)));
}

// Four samples to codes before the toggle: bit 7 set is negative.
function alawCompress4(samples: v128): v128 {
  const integers = toInteger4(samples);
  const sign = i32x4.shr_s(integers, 31);
  const folded = i32x4.min_s(i32x4.shr_u(v128.xor(integers, sign), 4), i32x4.splat(2047));
  const isFirst = i32x4.lt_s(folded, i32x4.splat(16));
  const segment = i32x4.sub(
    i32x4.shr_u(f32x4.convert_i32x4_s(folded), 19),
    i32x4.splat(ALAW_ENCODE_OFFSET),
  );
  const code = v128.bitselect(folded, segment, isFirst);
  return v128.or(code, v128.and(sign, i32x4.splat(0x80)));
}

function toInteger4(samples: v128): v128 {
  const scaled = f32x4.nearest(f32x4.mul(samples, f32x4.splat(32768.0)));
  return i32x4.trunc_sat_f32x4_s(scaled);
}

function toInteger(sample: f32): i32 {
  const scaled = nearest<f32>(sample * 32768.0);
  return <i32>max<f32>(-32768, min<f32>(32767, scaled));
}
