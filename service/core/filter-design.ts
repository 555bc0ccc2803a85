// Designs the low-pass filters of the resampler at boot, in TypeScript.
//
//   windowed sinc at 16 points per period of the lower rate      prototype, one per preset
//     -> homomorphic minimum phase (optional)
//     -> read off at the points a pair of rates needs            one per pair
//     -> polyphase branches
//
// Sources: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function",
// Proc. IEEE ISCAS 1974 (prototype and the window of the reading off); A. V. Oppenheim and
// R. W. Schafer, "Discrete-Time Signal Processing" (1989), chapter 12 (minimum phase from the
// folded real cepstrum). Departure: the magnitude gets a floor under the stop band before the
// logarithm, else zeros on the unit circle make the cepstrum alias.

import { fourier } from "./fourier.ts";

/** What a filter has to do, in periods and Nyquists of the LOWER of the two rates. */
export interface FilterShape {
  /** Length of the impulse response in sample periods of the lower rate. */
  readonly lowRateTaps: number;
  /** Stop-band attenuation of the Kaiser window in dB. */
  readonly attenuationDb: number;
  /** Middle of the transition band, 1 = the lower rate's Nyquist. */
  readonly cutoff: number;
  readonly isMinimumPhase: boolean;
}

/** Points per sample period of the lower rate at which prototypes are designed. */
export const PROTOTYPE_POINTS = 16;

/**
 * How far under the stop band the logarithm's floor lies. At 6 dB the cut-off tail of the impulse
 * response lifts the stop band by 13 dB, at 30 dB by nothing that can be measured.
 */
const FLOOR_UNDER_STOP_DB = 30;

/** A rational resampler ready to be packed into core memory. */
export interface PolyphaseFilter {
  readonly upFactor: number;
  readonly downFactor: number;
  /** Coefficients of each branch, a multiple of 8; newest sample last. */
  readonly taps: number;
  /** upFactor x taps coefficients, branch after branch. */
  readonly coefficients: Float32Array;
}

/** The impulse response of one shape, PROTOTYPE_POINTS per period of the lower rate. */
export function designPrototype(shape: FilterShape): Float64Array {
  const length = shape.lowRateTaps * PROTOTYPE_POINTS;
  const linear = windowedSinc(length, shape);
  return shape.isMinimumPhase ? minimumPhase(linear, shape.attenuationDb) : linear;
}

/** Reads a prototype off for one pair of rates in Hz and splits it into branches. */
export function designPolyphase(
  rates: { readonly sourceHz: number; readonly targetHz: number },
  prototype: Float64Array,
): PolyphaseFilter {
  const divisor = greatestDivisor(rates.sourceHz, rates.targetHz);
  const upFactor = rates.targetHz / divisor;
  const downFactor = rates.sourceHz / divisor;
  const lowRateHz = Math.min(rates.sourceHz, rates.targetHz);
  const finePerLow = (rates.sourceHz * upFactor) / lowRateHz;
  const length = Math.ceil((prototype.length / PROTOTYPE_POINTS) * finePerLow);
  const branchTaps = Math.ceil(length / upFactor);
  const taps = Math.ceil(branchTaps / 8) * 8;
  const coefficients = new Float32Array(upFactor * taps);
  const branch = new Float64Array(branchTaps);
  const read = makeReader(prototype, finePerLow);
  for (let index = 0; index < upFactor; index += 1) {
    let sum = 0;
    for (let tap = 0; tap < branchTaps; tap += 1) {
      const value = read(tap * upFactor + index);
      branch[tap] = value;
      sum += value;
    }
    // Every branch passes a constant unchanged, so that DC makes no tone at the lower rate.
    for (let tap = 0; tap < branchTaps; tap += 1) {
      coefficients[index * taps + taps - 1 - tap] = (branch[tap] ?? 0) / sum;
    }
  }
  return { upFactor, downFactor, taps, coefficients };
}

function windowedSinc(length: number, shape: FilterShape): Float64Array {
  const beta = kaiserBeta(shape.attenuationDb);
  const scale = besselI0(beta);
  const middle = (length - 1) / 2;
  const impulse = new Float64Array(length);
  for (let index = 0; index < length; index += 1) {
    const place = (index - middle) / (length / 2);
    const window = besselI0(beta * Math.sqrt(Math.max(0, 1 - place * place))) / scale;
    const time = (index - middle) / PROTOTYPE_POINTS;
    impulse[index] = ((sinc(time * shape.cutoff) * shape.cutoff) / PROTOTYPE_POINTS) * window;
  }
  return impulse;
}

// Same magnitude, all zeros inside the unit circle: log magnitude -> real cepstrum -> fold the
// negative times onto the positive ones -> exponentiate.
function minimumPhase(linear: Float64Array, attenuationDb: number): Float64Array {
  let size = 1;
  while (size < linear.length * 16) size *= 2;
  const re = new Float64Array(size);
  const im = new Float64Array(size);
  re.set(linear);
  fourier(re, im, false);
  const floor = 10 ** (-(attenuationDb + FLOOR_UNDER_STOP_DB) / 10);
  for (let index = 0; index < size; index += 1) {
    const power = (re[index] ?? 0) ** 2 + (im[index] ?? 0) ** 2;
    re[index] = 0.5 * Math.log(power + floor);
    im[index] = 0;
  }
  fourier(re, im, true);
  for (let index = 1; index < size; index += 1) {
    re[index] = index < size / 2 ? 2 * (re[index] ?? 0) : index === size / 2 ? (re[index] ?? 0) : 0;
    im[index] = 0;
  }
  im[0] = 0;
  fourier(re, im, false);
  for (let index = 0; index < size; index += 1) {
    const magnitude = Math.exp(re[index] ?? 0);
    const phase = im[index] ?? 0;
    re[index] = magnitude * Math.cos(phase);
    im[index] = magnitude * Math.sin(phase);
  }
  fourier(re, im, true);
  return re.slice(0, linear.length);
}

/** Points of the prototype on either side that one value between them is read from. */
const READ_HALF_POINTS = 12;
const READ_BETA = 14;

// The prototype at fine point n of `finePerLow` per period of the lower rate. A short windowed sinc
// suffices, because the prototype occupies only a sixteenth of its own bandwidth; its weights
// depend on n x 16 modulo finePerLow only, so they are worked out once per remainder.
function makeReader(prototype: Float64Array, finePerLow: number): (fine: number) => number {
  const width = 2 * READ_HALF_POINTS;
  const weights = new Float64Array(finePerLow * width);
  for (let remainder = 0; remainder < finePerLow; remainder += 1) {
    for (let index = 0; index < width; index += 1) {
      const distance = remainder / finePerLow - (index - READ_HALF_POINTS + 1);
      weights[remainder * width + index] = sinc(distance) * readWindow(distance);
    }
  }
  return (fine) => {
    const remainder = (fine * PROTOTYPE_POINTS) % finePerLow;
    const first = (fine * PROTOTYPE_POINTS - remainder) / finePerLow - READ_HALF_POINTS + 1;
    let sum = 0;
    for (let index = 0; index < width; index += 1) {
      sum += (prototype[first + index] ?? 0) * (weights[remainder * width + index] ?? 0);
    }
    return sum;
  };
}

function readWindow(distance: number): number {
  const place = distance / READ_HALF_POINTS;
  return besselI0(READ_BETA * Math.sqrt(Math.max(0, 1 - place * place))) / besselI0(READ_BETA);
}

function kaiserBeta(attenuationDb: number): number {
  return 0.1102 * (attenuationDb - 8.7);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let order = 1; order < 100; order += 1) {
    term *= (x / (2 * order)) ** 2;
    sum += term;
    if (term < sum * 1e-18) break;
  }
  return sum;
}

function greatestDivisor(first: number, second: number): number {
  let [a, b] = [first, second];
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
