// Packet loss concealment for 8 and 16 kHz speech: a lost frame is filled by repeating the last
// pitch period, fading out over 60 ms into comfort noise, and joined smoothly to what comes back.
// Source: the description of ITU-T G.711 Appendix I (1999): pitch by normalised correlation over
// 20 ms, 66 to 200 Hz; one period in the first lost 10 ms, two and three in the next; 20 % less
// per 10 ms from the second; silence after 60 ms. Written from the description, not from its code.
// Departures: no output delay of 3.75 ms (the first join is closed by a decaying offset instead of
// an overlap with samples already sent); after 60 ms noise at the line's own floor instead of
// silence, because a dead line sounds like a broken one; the repetition is weighed by how alike the
// last two periods were (squared: with full weight it is worse than silence in SNR); overlap with
// what comes back at most 2.5 ms, for longer ones spoil good samples; 16 kHz by doubling lengths.
//
//   history  ........................[ period P ]      frozen copy at the first loss
//   output   ....good.][P][P][P P][P P P]~~~~noise~~~[ overlap |good....
//
// State, one block of 16 KiB a stream: words below, history (f32), frozen copy (f32).

import {
  CONCEAL_FLOOR,
  CONCEAL_FROZEN,
  CONCEAL_HISTORY,
  CONCEAL_LOST_BLOCKS,
  CONCEAL_OFFSET,
  CONCEAL_OFFSET_LEFT,
  CONCEAL_PERIOD,
  CONCEAL_POSITION,
  CONCEAL_RATE_HZ,
  CONCEAL_SEED,
  CONCEAL_VOICING,
} from "../memory-map";
import { meanPower } from "../level/level";

/** History: 48.75 ms, room for three periods of the lowest pitch and a quarter more. */
const HISTORIES_PER_THOUSAND_SECONDS = 20513;
const BLOCKS_PER_SECOND = 100;
/** The overlap with what comes back: a quarter period, at most 2.5 ms. */
const OVERLAPS_PER_SECOND = 400;
/** Blocks of 10 ms after which only noise is left. */
const FADED_BLOCKS = 6;
const FADE_PER_BLOCK: f32 = 0.2;
/** The floor creeps up by 1 % a frame, so that it finds a rising noise again. */
const FLOOR_RISE: f32 = 1.01;
const FLOOR_FIRST: f32 = 1e-5;
/** Comfort noise stays under -50 dBFS. */
const FLOOR_MAX: f32 = 1e-5;

/** Starts a stream at 8,000 or 16,000 Hz. */
export function concealReset(state: usize, rateHz: i32): void {
  const length = historyLength(rateHz);
  store<i32>(state, rateHz, CONCEAL_RATE_HZ);
  store<i32>(state, 0, CONCEAL_LOST_BLOCKS);
  store<i32>(state, 0, CONCEAL_POSITION);
  store<i32>(state, rateHz / 100, CONCEAL_PERIOD);
  store<f32>(state, FLOOR_FIRST, CONCEAL_FLOOR);
  store<u32>(state, 1, CONCEAL_SEED);
  memory.fill(state + CONCEAL_HISTORY, 0, (<usize>length) << 2);
}

/** A frame that came: `count` f32 at `frame`, joined in place to what was concealed before it. */
export function concealGood(state: usize, frame: usize, count: i32): void {
  const power = meanPower(frame, count);
  const floor = load<f32>(state, CONCEAL_FLOOR) * FLOOR_RISE;
  store<f32>(state, min<f32>(FLOOR_MAX, min<f32>(floor, power)), CONCEAL_FLOOR);
  const lost = load<i32>(state, CONCEAL_LOST_BLOCKS);
  if (lost > 0) {
    const rate = load<i32>(state, CONCEAL_RATE_HZ);
    const overlap = min<i32>(load<i32>(state, CONCEAL_PERIOD) / 4, rate / OVERLAPS_PER_SECOND);
    overlapInto(state, frame, min<i32>(overlap, count), lost);
    store<i32>(state, 0, CONCEAL_LOST_BLOCKS);
  }
  remember(state, frame, count);
}

/** A frame that did not come: writes `count` f32 (whole blocks of 10 ms) to `frame`. */
export function concealLost(state: usize, frame: usize, count: i32): void {
  const rate = load<i32>(state, CONCEAL_RATE_HZ);
  const block = rate / BLOCKS_PER_SECOND;
  assert(count % block == 0);
  const blocks = count / block;
  for (let index = 0; index < blocks; index++) {
    const lost = load<i32>(state, CONCEAL_LOST_BLOCKS);
    if (lost == 0) freeze(state, rate);
    const target = frame + ((<usize>(index * block)) << 2);
    fillBlock(state, target, block, lost);
    store<i32>(state, min<i32>(lost + 1, 1000), CONCEAL_LOST_BLOCKS);
  }
  remember(state, frame, count);
}

// Keeps the past as it was before the loss, finds its period and the step the first join would be.
function freeze(state: usize, rate: i32): void {
  const length = historyLength(rate);
  const frozen = state + CONCEAL_FROZEN;
  memory.copy(frozen, state + CONCEAL_HISTORY, (<usize>length) << 2);
  const end = frozen + ((<usize>length) << 2);
  const period = findPeriod(state, end, rate);
  const last = load<f32>(end - 4);
  const before = load<f32>(end - ((<usize>period + 1) << 2));
  store<i32>(state, period, CONCEAL_PERIOD);
  store<i32>(state, 0, CONCEAL_POSITION);
  store<f32>(state, last - before, CONCEAL_OFFSET);
  store<i32>(state, period / 4, CONCEAL_OFFSET_LEFT);
}

function fillBlock(state: usize, target: usize, count: i32, lost: i32): void {
  const seed = load<u32>(state, CONCEAL_SEED);
  const noiseGain = sqrt<f32>(load<f32>(state, CONCEAL_FLOOR) * 3);
  const voicing = load<f32>(state, CONCEAL_VOICING);
  let random = seed;
  for (let index = 0; index < count; index++) {
    const gain = voicing * speechGain(lost, <f32>(index + 1) / <f32>count);
    random = random * 1664525 + 1013904223;
    const noise = <f32>(<i32>random) * (1.0 / 2147483648.0) * noiseGain;
    const speech = nextSample(state, lost);
    store<f32>(target + ((<usize>index) << 2), speech * gain + noise * (1 - gain));
  }
  store<u32>(state, random, CONCEAL_SEED);
}

// 1 in the first block, then down by a fifth a block.
function speechGain(lost: i32, share: f32): f32 {
  if (lost == 0) return 1;
  if (lost >= FADED_BLOCKS) return 0;
  return max<f32>(0, 1 - FADE_PER_BLOCK * (<f32>(lost - 1) + share));
}

// The next sample of the repeated pitch: the newest 1, 2, then 3 periods of the frozen past, their
// end blended over a quarter period with what preceded their start, so that the loop has no seam.
function nextSample(state: usize, lost: i32): f32 {
  const period = load<i32>(state, CONCEAL_PERIOD);
  const loop = period * min<i32>(lost + 1, 3);
  let position = load<i32>(state, CONCEAL_POSITION);
  if (position >= loop) position -= (position / loop) * loop;
  const rate = load<i32>(state, CONCEAL_RATE_HZ);
  const end = state + CONCEAL_FROZEN + ((<usize>historyLength(rate)) << 2);
  const start = end - ((<usize>loop) << 2);
  const quarter = period / 4;
  let sample = load<f32>(start + ((<usize>position) << 2));
  const intoTail = position - (loop - quarter);
  if (intoTail >= 0) {
    const share = <f32>(intoTail + 1) / <f32>(quarter + 1);
    const before = load<f32>(start - ((<usize>(quarter - intoTail)) << 2));
    sample += (before - sample) * share;
  }
  const left = load<i32>(state, CONCEAL_OFFSET_LEFT);
  if (left > 0) {
    sample += (load<f32>(state, CONCEAL_OFFSET) * <f32>left) / <f32>(quarter + 1);
    store<i32>(state, left - 1, CONCEAL_OFFSET_LEFT);
  }
  store<i32>(state, position + 1, CONCEAL_POSITION);
  return sample;
}

function overlapInto(state: usize, frame: usize, count: i32, lost: i32): void {
  const gain = load<f32>(state, CONCEAL_VOICING) * speechGain(lost, 0);
  for (let index = 0; index < count; index++) {
    const share = <f32>(index + 1) / <f32>(count + 1);
    const address = frame + ((<usize>index) << 2);
    const concealed = nextSample(state, lost) * gain;
    store<f32>(address, concealed + (load<f32>(address) - concealed) * share);
  }
}

// The lag of 66 to 200 Hz whose past best continues the last 20 ms.
function findPeriod(state: usize, end: usize, rate: i32): i32 {
  const shortest = rate / 200;
  const longest = (rate * 3) / 200;
  const window = rate / 50;
  const recent = end - ((<usize>window) << 2);
  let best = shortest;
  let bestScore: f32 = -1;
  for (let lag = shortest; lag <= longest; lag++) {
    const past = recent - ((<usize>lag) << 2);
    const cross = dot(recent, past, window);
    const energy = dot(past, past, window);
    const score = cross > 0 ? (cross * cross) / (energy + <f32>1e-9) : <f32>0;
    if (score > bestScore) {
      bestScore = score;
      best = lag;
    }
  }
  const likeness = sqrt<f32>(max<f32>(0, bestScore) / (dot(recent, recent, window) + <f32>1e-9));
  store<f32>(state, min<f32>(1, likeness * likeness), CONCEAL_VOICING);
  return best;
}

function dot(first: usize, second: usize, count: i32): f32 {
  let even = f32x4.splat(0);
  let odd = f32x4.splat(0);
  for (let index = 0; index < count; index += 8) {
    const at = (<usize>index) << 2;
    even = f32x4.add(even, f32x4.mul(v128.load(first + at, 0), v128.load(second + at, 0)));
    odd = f32x4.add(odd, f32x4.mul(v128.load(first + at, 16), v128.load(second + at, 16)));
  }
  const sum = f32x4.add(even, odd);
  const low = f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1);
  return low + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3));
}

function remember(state: usize, frame: usize, count: i32): void {
  const length = historyLength(load<i32>(state, CONCEAL_RATE_HZ));
  const history = state + CONCEAL_HISTORY;
  const kept = max<i32>(0, length - count);
  memory.copy(history, history + ((<usize>(length - kept)) << 2), (<usize>kept) << 2);
  const taken = length - kept;
  const newest = frame + ((<usize>(count - taken)) << 2);
  memory.copy(history + ((<usize>kept) << 2), newest, (<usize>taken) << 2);
}

function historyLength(rateHz: i32): i32 {
  return (rateHz * 1000) / HISTORIES_PER_THOUSAND_SECONDS;
}
