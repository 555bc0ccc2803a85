// The resampler in plain TypeScript and double precision: the definition, sample by sample.

import type { PolyphaseFilter } from "../../service/core/filter-design.ts";

/** Resamples a whole signal that begins after silence. */
export function resampleTwin(source: Float32Array, filter: PolyphaseFilter): Float64Array {
  const { upFactor, downFactor, taps, coefficients } = filter;
  const output = new Float64Array(Math.ceil((source.length * upFactor) / downFactor));
  for (let index = 0; index < output.length; index += 1) {
    const position = index * downFactor;
    const newest = Math.floor(position / upFactor);
    const branch = position % upFactor;
    let sum = 0;
    for (let tap = 0; tap < taps; tap += 1) {
      const sample = source[newest - (taps - 1) + tap] ?? 0;
      sum += sample * (coefficients[branch * taps + tap] ?? 0);
    }
    output[index] = sum;
  }
  return output;
}
