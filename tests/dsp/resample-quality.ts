// How good a resampler is, from nothing but samples in and samples out (anchors 2.4): SNR of a
// tone by a least-squares sine fit, worst image of tones over the band, delay of a pulse.

/** Anything that resamples one whole signal. */
export type Resampling = (source: Float32Array) => Float32Array;

export interface Rates {
  readonly sourceHz: number;
  readonly targetHz: number;
}

/** Residual after removing the tone itself, relative to it, in dB (negative; lower is better). */
export function toneResidualDb(run: Resampling, rates: Rates, hz: number): number {
  const { fitted, residual } = toneFit(run, rates, hz);
  return 10 * Math.log10(residual / fitted);
}

/** Gain at a frequency in dB. */
export function toneGainDb(run: Resampling, rates: Rates, hz: number): number {
  return 10 * Math.log10(toneFit(run, rates, hz).fitted / (AMPLITUDE ** 2 / 2));
}

/** Worst residual of tones up to `share` of the lower Nyquist, in dB. */
export function worstImageDb(run: Resampling, rates: Rates, share: number): number {
  const nyquistHz = Math.min(rates.sourceHz, rates.targetHz) / 2;
  let worst = -300;
  for (let step = 1; step <= 17; step += 1) {
    const hz = (nyquistHz * share * step) / 17 - 3.3;
    worst = Math.max(worst, toneResidualDb(run, rates, hz));
  }
  return worst;
}

/**
 * Worst alias of tones between the stop band's edge (2 - share) of the lower Nyquist and the
 * source's Nyquist, relative to the tone, in dB; -300 when there is no such band.
 */
export function worstAliasDb(run: Resampling, rates: Rates, share: number): number {
  const edgeHz = (Math.min(rates.sourceHz, rates.targetHz) / 2) * (2 - share);
  const topHz = (rates.sourceHz / 2) * 0.99;
  let worst = -300;
  for (let step = 0; step <= 16 && edgeHz < topHz; step += 1) {
    const hz = edgeHz + ((topHz - edgeHz) * step) / 16;
    const output = steady(run(tone(rates.sourceHz, hz)), rates.targetHz);
    let power = 0;
    for (const sample of output) power += sample * sample;
    power /= output.length;
    worst = Math.max(worst, 10 * Math.log10(power / (AMPLITUDE ** 2 / 2) + 1e-30));
  }
  return worst;
}

/** Delay of a 1 kHz Gaussian pulse in ms, by the phase of its centre frequency's envelope. */
export function pulseDelayMs(run: Resampling, rates: Rates): number {
  const centreMs = 100;
  const widthMs = 4;
  const source = Float32Array.from({ length: rates.sourceHz / 5 }, (_, index) => {
    const ms = (index * 1000) / rates.sourceHz - centreMs;
    return 0.5 * Math.exp(-((ms / widthMs) ** 2)) * Math.cos(2 * Math.PI * ms);
  });
  const output = run(source);
  // Centroid of the energy: for a symmetric pulse it moves by the group delay.
  let energy = 0;
  let moment = 0;
  for (let index = 0; index < output.length; index += 1) {
    const power = (output[index] ?? 0) ** 2;
    energy += power;
    moment += (power * index * 1000) / rates.targetHz;
  }
  return moment / energy - centreMs;
}

const AMPLITUDE = 10 ** (-6 / 20);
const SECONDS = 0.4;

function tone(rateHz: number, hz: number): Float32Array {
  return Float32Array.from(
    { length: rateHz * SECONDS },
    (_, index) => AMPLITUDE * Math.sin((2 * Math.PI * hz * index) / rateHz),
  );
}

// Without the filter's own beginning.
function steady(output: Float32Array, rateHz: number): Float32Array {
  return output.subarray(Math.floor(rateHz * 0.1), Math.floor(rateHz * (SECONDS - 0.02)));
}

// Least squares on sine, cosine and a constant at the known frequency.
function toneFit(run: Resampling, rates: Rates, hz: number): { fitted: number; residual: number } {
  const output = steady(run(tone(rates.sourceHz, hz)), rates.targetHz);
  const sums = { ss: 0, cc: 0, sc: 0, ys: 0, yc: 0 };
  const omega = (2 * Math.PI * hz) / rates.targetHz;
  for (let index = 0; index < output.length; index += 1) {
    const sine = Math.sin(omega * index);
    const cosine = Math.cos(omega * index);
    const sample = output[index] ?? 0;
    sums.ss += sine * sine;
    sums.cc += cosine * cosine;
    sums.sc += sine * cosine;
    sums.ys += sample * sine;
    sums.yc += sample * cosine;
  }
  const determinant = sums.ss * sums.cc - sums.sc * sums.sc;
  const a = (sums.ys * sums.cc - sums.yc * sums.sc) / determinant;
  const b = (sums.yc * sums.ss - sums.ys * sums.sc) / determinant;
  let residual = 0;
  for (let index = 0; index < output.length; index += 1) {
    const fit = a * Math.sin(omega * index) + b * Math.cos(omega * index);
    residual += ((output[index] ?? 0) - fit) ** 2;
  }
  return { fitted: (a * a + b * b) / 2, residual: residual / output.length };
}
