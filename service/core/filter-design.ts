// Designs the low-pass filters of the resampler at boot, as polyphase branches.
// Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function",
// Proc. IEEE ISCAS 1974; polyphase split as in Crochiere and Rabiner (1983), chapter 3.

/** What a filter has to do, in periods and Nyquists of the LOWER of the two rates. */
export interface FilterShape {
  /** Length of the impulse response in sample periods of the lower rate. */
  readonly lowRateTaps: number;
  /** Stop-band attenuation of the Kaiser window in dB. */
  readonly attenuationDb: number;
  /** Middle of the transition band, 1 = the lower rate's Nyquist. */
  readonly cutoff: number;
}

/** A rational resampler ready to be packed into core memory. */
export interface PolyphaseFilter {
  readonly upFactor: number;
  readonly downFactor: number;
  /** Coefficients of each branch, a multiple of 4; newest sample last. */
  readonly taps: number;
  /** upFactor x taps coefficients, branch after branch. */
  readonly coefficients: Float32Array;
}

/** Designs the filter for one pair of rates in Hz. */
export function designPolyphase(
  rates: { readonly sourceHz: number; readonly targetHz: number },
  shape: FilterShape,
): PolyphaseFilter {
  const divisor = greatestDivisor(rates.sourceHz, rates.targetHz);
  const upFactor = rates.targetHz / divisor;
  const downFactor = rates.sourceHz / divisor;
  const lowRateHz = Math.min(rates.sourceHz, rates.targetHz);
  const finePerLow = (rates.sourceHz * upFactor) / lowRateHz;
  const length = Math.round(shape.lowRateTaps * finePerLow);
  const impulse = windowedSinc(length, finePerLow, shape);
  const branchTaps = Math.ceil(length / upFactor);
  const taps = Math.ceil(branchTaps / 4) * 4;
  const coefficients = new Float32Array(upFactor * taps);
  for (let branch = 0; branch < upFactor; branch += 1) {
    let sum = 0;
    for (let tap = 0; tap < branchTaps; tap += 1) sum += impulse[tap * upFactor + branch] ?? 0;
    for (let tap = 0; tap < branchTaps; tap += 1) {
      // Every branch passes a constant unchanged, so that DC makes no tone at the lower rate.
      const value = (impulse[tap * upFactor + branch] ?? 0) / sum;
      coefficients[branch * taps + taps - 1 - tap] = value;
    }
  }
  return { upFactor, downFactor, taps, coefficients };
}

function windowedSinc(length: number, finePerLow: number, shape: FilterShape): Float64Array {
  const beta = 0.1102 * (shape.attenuationDb - 8.7);
  const scale = besselI0(beta);
  const middle = (length - 1) / 2;
  const impulse = new Float64Array(length);
  for (let index = 0; index < length; index += 1) {
    const time = (index - middle) / finePerLow;
    const place = (index - middle) / (length / 2);
    const window = besselI0(beta * Math.sqrt(Math.max(0, 1 - place * place))) / scale;
    impulse[index] = sinc(time * shape.cutoff) * window;
  }
  return impulse;
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
