// Streaming rational resampler: every sample that leaves and enters at another rate passes here.
// Source: Crochiere and Rabiner, "Multirate Digital Signal Processing" (1983), chapter 3;
// the filters are designed in TypeScript (service/core/filter-design.ts) and packed as
// `up` branches of `taps` coefficients each, newest sample last, taps a multiple of 4.
//
// Output k needs position k x down; branch = position % up, newest input = position / up.
// The position is carried over chunk ends, and each output is one dot product in one fixed
// order, so any chunking of the input gives the same bits.

import {
  RESAMPLER_DOWN_FACTOR, RESAMPLER_HISTORY, RESAMPLER_POSITION, RESAMPLER_TABLE,
  RESAMPLER_TAPS, RESAMPLER_UP_FACTOR, SCRATCH_LINE,
} from "../memory-map";
import { RESAMPLER_CHUNK_SAMPLES_MAX, RESAMPLER_OUTPUT_SAMPLES_MAX } from "../limits";

/**
 * Resamples `count` f32 at `source` to `target`. -> samples written.
 * State: history and position of the resampler at `state`; resamplerReset clears both.
 */
export function resample(state: usize, source: usize, target: usize, count: i32): i32 {
  assert(count <= RESAMPLER_CHUNK_SAMPLES_MAX);
  const up = load<i32>(state, RESAMPLER_UP_FACTOR);
  const down = load<i32>(state, RESAMPLER_DOWN_FACTOR);
  const taps = load<i32>(state, RESAMPLER_TAPS);
  const table = <usize>load<u32>(state, RESAMPLER_TABLE);
  const history = <usize>load<u32>(state, RESAMPLER_HISTORY);
  const line = <usize>SCRATCH_LINE;
  const historyBytes = <usize>taps << 2;
  memory.copy(line, history, historyBytes);
  memory.copy(line + historyBytes, source, <usize>count << 2);

  let position = load<i32>(state, RESAMPLER_POSITION);
  const end = count * up;
  let produced = 0;
  while (position < end && produced < RESAMPLER_OUTPUT_SAMPLES_MAX) {
    const input = position / up;
    const branch = position - input * up;
    // Newest tap sits on line[taps + input], the first on line[input + 1].
    const first = line + (<usize>(input + 1) << 2);
    const sum = dot(first, table + (<usize>(branch * taps) << 2), taps);
    store<f32>(target + (<usize>produced << 2), sum);
    produced++;
    position += down;
  }
  store<i32>(state, position - end, RESAMPLER_POSITION);
  memory.copy(history, line + (<usize>count << 2), historyBytes);
  return produced;
}

/** Forgets the past: history silent, next output on the next input sample. */
export function resamplerReset(state: usize): void {
  const taps = load<i32>(state, RESAMPLER_TAPS);
  const history = <usize>load<u32>(state, RESAMPLER_HISTORY);
  memory.fill(history, 0, <usize>taps << 2);
  store<i32>(state, 0, RESAMPLER_POSITION);
}

function dot(samples: usize, coefficients: usize, taps: i32): f32 {
  let sum = f32x4.splat(0);
  for (let tap = 0; tap < taps; tap += 4) {
    const offset = <usize>tap << 2;
    const product = f32x4.mul(v128.load(samples + offset), v128.load(coefficients + offset));
    sum = f32x4.add(sum, product);
  }
  const low = f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1);
  const high = f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3);
  return low + high;
}
