// Magnitude spectrum of the four STFT frames of a window.
// Station: first layer of the Silero kernel.
// Source: radix-2 decimation in time, Cooley and Tukey 1965; a real transform of N through a
// complex one of N/2 (Press et al., Numerical Recipes, 12.3).
// Departure from the model's graph: it convolves with a 258x256 (130x128) kernel that is a
// periodic Hann times cos and -sin; only magnitudes leave this layer, so an FFT replaces it.
// The vector's lane is the STFT frame: all four transforms run at once, with no shuffles inside.

import {
  SILERO_HANN_AT,
  SILERO_MAGNITUDE_AT,
  SILERO_PADDED_AT,
  SILERO_REVERSAL_AT,
  SILERO_SPECTRUM_AT,
  SILERO_SPLIT_AT,
  SILERO_TWIDDLE_AT,
} from "./silero-layout";

/** Context and window -> magnitudes, bins x 4 frames, in scratch. */
export function stftMagnitudes(
  input: usize,
  weights: usize,
  scratch: usize,
  fftSamples: i32,
  gain: f32,
): void {
  const spectrum = scratch + SILERO_SPECTRUM_AT;
  padRight(input, scratch + SILERO_PADDED_AT, fftSamples);
  loadFrames(scratch + SILERO_PADDED_AT, weights, spectrum, fftSamples, gain);
  firstTwoStages(spectrum, fftSamples >> 1);
  laterStages(spectrum, weights + SILERO_TWIDDLE_AT, fftSamples >> 1);
  splitMagnitudes(spectrum, weights + SILERO_SPLIT_AT, scratch + SILERO_MAGNITUDE_AT, fftSamples);
}

/** Copies context and window and reflects the last quarter of an FFT length to the right. */
function padRight(input: usize, padded: usize, fftSamples: i32): void {
  const inputSamples = (fftSamples * 9) >> 2;
  const reflected = fftSamples >> 2;
  memory.copy(padded, input, (<usize>inputSamples) << 2);
  // Input x[0..n-1] goes on with x[n-2], x[n-3], ...: four at a time, turned round.
  let source = padded + ((<usize>inputSamples - 5) << 2);
  let target = padded + ((<usize>inputSamples) << 2);
  for (let index = 0; index < reflected; index += 4) {
    const four = v128.load(source);
    v128.store(target, v128.shuffle<i32>(four, four, 3, 2, 1, 0));
    source -= 16;
    target += 16;
  }
}

/** Windows four frames (the gain costs nothing here), turns them so that lane =
 *  frame, stores in bit-reversed order. */
function loadFrames(
  padded: usize,
  weights: usize,
  spectrum: usize,
  fftSamples: i32,
  gain: f32,
): void {
  const frameBytes = (<usize>fftSamples) << 1;
  const hann = weights + SILERO_HANN_AT;
  const loudness = f32x4.splat(gain);
  let reversal = weights + SILERO_REVERSAL_AT;
  const bytes = (<usize>fftSamples) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const shape = f32x4.mul(v128.load(hann + at), loudness);
    const source = padded + at;
    const a = f32x4.mul(v128.load(source), shape);
    const b = f32x4.mul(v128.load(source + frameBytes), shape);
    const c = f32x4.mul(v128.load(source + (frameBytes << 1)), shape);
    const d = f32x4.mul(v128.load(source + frameBytes * 3), shape);
    const abLow = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cdLow = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    const even = spectrum + load<u32>(reversal);
    const odd = spectrum + load<u32>(reversal, 4);
    v128.store(even, v128.shuffle<i64>(abLow, cdLow, 0, 2));
    v128.store(even, v128.shuffle<i64>(abLow, cdLow, 1, 3), 16);
    v128.store(odd, v128.shuffle<i64>(abHigh, cdHigh, 0, 2));
    v128.store(odd, v128.shuffle<i64>(abHigh, cdHigh, 1, 3), 16);
    reversal += 8;
  }
}

/** Transforms of 4: twiddles 1 and -i only, so no multiplication. */
function firstTwoStages(spectrum: usize, points: i32): void {
  const end = spectrum + ((<usize>points) << 5);
  for (let at = spectrum; at < end; at += 128) {
    const re0 = f32x4.add(v128.load(at), v128.load(at, 32));
    const im0 = f32x4.add(v128.load(at, 16), v128.load(at, 48));
    const re1 = f32x4.sub(v128.load(at), v128.load(at, 32));
    const im1 = f32x4.sub(v128.load(at, 16), v128.load(at, 48));
    const re2 = f32x4.add(v128.load(at, 64), v128.load(at, 96));
    const im2 = f32x4.add(v128.load(at, 80), v128.load(at, 112));
    const re3 = f32x4.sub(v128.load(at, 64), v128.load(at, 96));
    const im3 = f32x4.sub(v128.load(at, 80), v128.load(at, 112));
    v128.store(at, f32x4.add(re0, re2));
    v128.store(at, f32x4.add(im0, im2), 16);
    v128.store(at, f32x4.add(re1, im3), 32);
    v128.store(at, f32x4.sub(im1, re3), 48);
    v128.store(at, f32x4.sub(re0, re2), 64);
    v128.store(at, f32x4.sub(im0, im2), 80);
    v128.store(at, f32x4.sub(re1, im3), 96);
    v128.store(at, f32x4.add(im1, re3), 112);
  }
}

/** Radix-2 stages from transforms of 8 up to `points` (at most 128: five of them). */
function laterStages(spectrum: usize, twiddles: usize, points: i32): void {
  const end = spectrum + ((<usize>points) << 5);
  for (let half = 4; half < points; half <<= 1) {
    const halfBytes = (<usize>half) << 5;
    const twiddleStep = ((<usize>points) << 2) / <usize>half;
    let twiddle = twiddles;
    for (let first = spectrum; first < spectrum + halfBytes; first += 32) {
      const cos = v128.load32_splat(twiddle);
      const sin = v128.load32_splat(twiddle, 4);
      for (let low = first; low < end; low += halfBytes << 1) {
        butterfly(low, low + halfBytes, cos, sin);
      }
      twiddle += twiddleStep;
    }
  }
}

/** (low, high) -> (low + w high, low - w high) with w = cos - i sin. */
function butterfly(low: usize, high: usize, cos: v128, sin: v128): void {
  const re = v128.load(high);
  const im = v128.load(high, 16);
  const turnedRe = f32x4.add(f32x4.mul(re, cos), f32x4.mul(im, sin));
  const turnedIm = f32x4.sub(f32x4.mul(im, cos), f32x4.mul(re, sin));
  const lowRe = v128.load(low);
  const lowIm = v128.load(low, 16);
  v128.store(low, f32x4.add(lowRe, turnedRe));
  v128.store(low, f32x4.add(lowIm, turnedIm), 16);
  v128.store(high, f32x4.sub(lowRe, turnedRe));
  v128.store(high, f32x4.sub(lowIm, turnedIm), 16);
}

/** Bins k and N/2 - k of the real transform together, from the complex one of half the length. */
function splitMagnitudes(
  spectrum: usize,
  twiddles: usize,
  magnitudes: usize,
  fftSamples: i32,
): void {
  const points = <usize>fftSamples >> 1;
  const re = v128.load(spectrum);
  const im = v128.load(spectrum, 16);
  v128.store(magnitudes, f32x4.abs(f32x4.add(re, im)));
  v128.store(magnitudes + (points << 4), f32x4.abs(f32x4.sub(re, im)));
  const half = f32x4.splat(0.5);
  for (let bin: usize = 1; bin <= points >> 1; bin++) {
    const low = spectrum + (bin << 5);
    const high = spectrum + ((points - bin) << 5);
    const evenRe = f32x4.mul(f32x4.add(v128.load(low), v128.load(high)), half);
    const evenIm = f32x4.mul(f32x4.sub(v128.load(low, 16), v128.load(high, 16)), half);
    const oddRe = f32x4.mul(f32x4.add(v128.load(low, 16), v128.load(high, 16)), half);
    const oddIm = f32x4.mul(f32x4.sub(v128.load(high), v128.load(low)), half);
    const cos = v128.load32_splat(twiddles + (bin << 3) - 8);
    const sin = v128.load32_splat(twiddles + (bin << 3) - 4);
    const turnedRe = f32x4.add(f32x4.mul(oddRe, cos), f32x4.mul(oddIm, sin));
    const turnedIm = f32x4.sub(f32x4.mul(oddIm, cos), f32x4.mul(oddRe, sin));
    const sumRe = f32x4.add(evenRe, turnedRe);
    const sumIm = f32x4.add(evenIm, turnedIm);
    const gapRe = f32x4.sub(evenRe, turnedRe);
    const gapIm = f32x4.sub(evenIm, turnedIm);
    v128.store(magnitudes + (bin << 4), magnitude(sumRe, sumIm));
    v128.store(magnitudes + ((points - bin) << 4), magnitude(gapRe, gapIm));
  }
}

function magnitude(re: v128, im: v128): v128 {
  return f32x4.sqrt(f32x4.add(f32x4.mul(re, re), f32x4.mul(im, im)));
}
