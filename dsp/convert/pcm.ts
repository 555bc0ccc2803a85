// Little-endian pcm16 and f32 <-> f32 mono, full scale 32768 both ways, so that
// i16 -> f32 -> i16 is the identity. Not-a-number and infinities become silence and are counted.
// Source: S2-04, S2-08 (which encodes with 32767; 32768 with saturation keeps the identity).

/** Magnitudes over this are cut: the f32 side of a caller is -1..1, with room for a hot mix. */
const FLOAT_MAX: f32 = 8;

/** Decodes `count` pcm16 samples to f32. */
export function pcmDecode(source: usize, target: usize, count: i32): void {
  const scale = f32x4.splat(1.0 / 32768.0);
  const whole = count & ~7;
  for (let index = 0; index < whole; index += 8) {
    const samples = v128.load(source + ((<usize>index) << 1));
    const low = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(samples));
    const high = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(samples));
    const address = target + ((<usize>index) << 2);
    v128.store(address, f32x4.mul(low, scale), 0);
    v128.store(address, f32x4.mul(high, scale), 16);
  }
  for (let index = whole; index < count; index++) {
    const sample = <f32>load<i16>(source + ((<usize>index) << 1));
    store<f32>(target + ((<usize>index) << 2), sample * (1.0 / 32768.0));
  }
}

/** Encodes `count` f32 samples to pcm16: round to nearest even, saturate; no number becomes 0. */
export function pcmEncode(source: usize, target: usize, count: i32): void {
  const scale = f32x4.splat(32768.0);
  const whole = count & ~7;
  for (let index = 0; index < whole; index += 8) {
    const address = source + ((<usize>index) << 2);
    const low = f32x4.nearest(f32x4.mul(v128.load(address, 0), scale));
    const high = f32x4.nearest(f32x4.mul(v128.load(address, 16), scale));
    const samples = i16x8.narrow_i32x4_s(
      i32x4.trunc_sat_f32x4_s(low),
      i32x4.trunc_sat_f32x4_s(high),
    );
    v128.store(target + ((<usize>index) << 1), samples);
  }
  for (let index = whole; index < count; index++) {
    const scaled = nearest<f32>(load<f32>(source + ((<usize>index) << 2)) * 32768.0);
    const sample = <i32>max<f32>(-32768, min<f32>(32767, scaled));
    store<i16>(target + ((<usize>index) << 1), <i16>sample);
  }
}

/** Copies `count` f32 samples, each that is not finite as 0. -> how many were not finite. */
export function floatDecode(source: usize, target: usize, count: i32): i32 {
  const infinity = f32x4.splat(Infinity);
  let nonFinite = 0;
  const whole = count & ~3;
  for (let index = 0; index < whole; index += 4) {
    const samples = v128.load(source + ((<usize>index) << 2));
    const isNumber = f32x4.lt(f32x4.abs(samples), infinity);
    nonFinite += 4 - popcnt(i32x4.bitmask(isNumber));
    const finite = v128.and(samples, isNumber);
    const bounded = f32x4.pmax(f32x4.splat(-FLOAT_MAX), f32x4.pmin(f32x4.splat(FLOAT_MAX), finite));
    v128.store(target + ((<usize>index) << 2), bounded);
  }
  for (let index = whole; index < count; index++) {
    let sample = load<f32>(source + ((<usize>index) << 2));
    if (!isFinite<f32>(sample)) {
      sample = 0;
      nonFinite++;
    }
    const bounded = max<f32>(-FLOAT_MAX, min<f32>(FLOAT_MAX, sample));
    store<f32>(target + ((<usize>index) << 2), bounded);
  }
  return nonFinite;
}

/** Averages `count` interleaved f32 pairs to mono; source and target may be the same. */
export function stereoToMono(source: usize, target: usize, count: i32): void {
  const half = f32x4.splat(0.5);
  const whole = count & ~3;
  for (let index = 0; index < whole; index += 4) {
    const address = source + ((<usize>index) << 3);
    const first = v128.load(address, 0);
    const second = v128.load(address, 16);
    const left = v128.shuffle<f32>(first, second, 0, 2, 4, 6);
    const right = v128.shuffle<f32>(first, second, 1, 3, 5, 7);
    v128.store(target + ((<usize>index) << 2), f32x4.mul(f32x4.add(left, right), half));
  }
  for (let index = whole; index < count; index++) {
    const left = load<f32>(source + ((<usize>index) << 3));
    const right = load<f32>(source + ((<usize>index) << 3), 4);
    store<f32>(target + ((<usize>index) << 2), (left + right) * 0.5);
  }
}
