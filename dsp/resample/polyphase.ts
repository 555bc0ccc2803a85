// Streaming rational resampler: every sample that leaves or enters at another rate passes here.
// Source: Crochiere and Rabiner, "Multirate Digital Signal Processing" (1983), chapter 3;
// the filters are designed in TypeScript (service/core/filter-design.ts) and packed as
// `up` branches of `taps` coefficients each, newest sample last, taps a multiple of 8.
//
// Output k needs position k x down; branch = position % up, newest input = position / up.
// Outputs k, k + up, k + 2 up ... share a branch, their inputs lie `down` samples apart:
//
//   line    [ history: taps samples | chunk ]        one branch:   c c c c   (4 coefficients)
//   output k           . . . . x                                   x x x x   at 0
//   output k + up          . . . . x                               x x x x   at down
//
// so a branch computes four outputs per load of coefficients. Two kinds of branch: f32
// (float-branch.ts) and 16 bit with 32 bit sums (fixed-branch.ts, preset fast).
// The position is carried over chunk ends and each output is summed in one fixed order, whatever
// its neighbours: any chunking of the input gives the same bits.

import { RESAMPLER_CHUNK_SAMPLES_MAX, RESAMPLER_OUTPUT_SAMPLES_MAX } from "../limits";
import {
  RESAMPLER_DOWN_FACTOR,
  RESAMPLER_HISTORY,
  RESAMPLER_IS_FIXED,
  RESAMPLER_POSITION,
  RESAMPLER_SCALE,
  RESAMPLER_TABLE,
  RESAMPLER_TAPS,
  RESAMPLER_UP_FACTOR,
  SCRATCH_LINE,
} from "../memory-map";
import { pcmEncode } from "../convert/pcm";
import { fixedBranch } from "./fixed-branch";
import { floatBranch } from "./float-branch";

/**
 * Resamples `count` f32 at `source` to `target`. -> samples written.
 * State: history and position of the resampler at `state`; resamplerReset clears both.
 */
export function resample(state: usize, source: usize, target: usize, count: i32): i32 {
  assert(count >= 0);
  assert(count <= RESAMPLER_CHUNK_SAMPLES_MAX);
  const up = load<i32>(state, RESAMPLER_UP_FACTOR);
  const down = load<i32>(state, RESAMPLER_DOWN_FACTOR);
  const taps = load<i32>(state, RESAMPLER_TAPS);
  const table = <usize>load<u32>(state, RESAMPLER_TABLE);
  const history = <usize>load<u32>(state, RESAMPLER_HISTORY);
  const scale = load<f32>(state, RESAMPLER_SCALE);
  const isFixed = load<u32>(state, RESAMPLER_IS_FIXED) != 0;
  const shift: usize = isFixed ? 1 : 2;
  const line = <usize>SCRATCH_LINE;
  const historyBytes = (<usize>taps) << shift;
  memory.copy(line, history, historyBytes);
  if (isFixed) pcmEncode(source, line + historyBytes, count);
  else memory.copy(line + historyBytes, source, (<usize>count) << 2);

  const position = load<i32>(state, RESAMPLER_POSITION);
  const end = count * up;
  const total = position < end ? (end - position + down - 1) / down : 0;
  assert(total <= RESAMPLER_OUTPUT_SAMPLES_MAX);
  const branches = min(up, total);
  for (let first = 0; first < branches; first++) {
    const at = position + first * down;
    const input = at / up;
    const branch = at - input * up;
    // The newest sample of input i lies at line[taps + i], the oldest a branch reads at
    // line[i + 1].
    const samples = line + ((<usize>(input + 1)) << shift);
    const coefficients = table + ((<usize>(branch * taps)) << shift);
    const place = target + ((<usize>first) << 2);
    const outputs = (total - first + up - 1) / up;
    if (isFixed) fixedBranch(samples, coefficients, taps, place, outputs, up, down, scale);
    else floatBranch(samples, coefficients, taps, place, outputs, up, down);
  }
  store<i32>(state, position + total * down - end, RESAMPLER_POSITION);
  memory.copy(history, line + ((<usize>count) << shift), historyBytes);
  return total;
}

/** Forgets the past: history silent, next output on the next input sample. */
export function resamplerReset(state: usize): void {
  const taps = load<i32>(state, RESAMPLER_TAPS);
  const history = <usize>load<u32>(state, RESAMPLER_HISTORY);
  memory.fill(history, 0, (<usize>taps) << 2);
  store<i32>(state, 0, RESAMPLER_POSITION);
}
