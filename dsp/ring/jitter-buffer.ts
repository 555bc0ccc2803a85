// Adaptive jitter buffer for datagram transports (decision 16; off for WebSocket): packets in by
// sequence and timestamp, one frame out per 20 ms tick. It decides when each frame is due; what is
// played for a frame that is not there is the concealment's business.
// Source: the delay statistics follow the public descriptions of WebRTC's NetEQ: delay over the
// fastest packet of the last seconds, a forgetting histogram, a high quantile as the target.
// Departures: whole frames are skipped or inserted (no time stretching), and the histogram has
// 5 ms steps, so that the delay is not rounded up to frames.
//
//   transit  = arrival - timestamp                     (ms, any common offset)
//   base     = smallest transit of the last 4 s        follows clock drift
//   target   = 99.05 % quantile of (transit - base)     20..200 ms
//   due      : timestamp + base + target <= now
//
// State, one block of 64 KiB a stream: words, histogram, 32 packet entries, 32 payloads.

import {
  JITTER_BASE_MS,
  JITTER_BASE_NEXT_MS,
  JITTER_BASE_UNTIL_MS,
  JITTER_COUNT_DUPLICATE,
  JITTER_COUNT_INSERTED,
  JITTER_COUNT_LATE,
  JITTER_COUNT_LOST,
  JITTER_COUNT_PLAYED,
  JITTER_COUNT_SKIPPED,
  JITTER_ENTRIES,
  JITTER_ENTRY_BYTES,
  JITTER_HISTOGRAM,
  JITTER_IS_STARTED,
  JITTER_NEWEST,
  JITTER_NEXT,
  JITTER_PAYLOADS,
  JITTER_PAYLOAD_BYTES,
  JITTER_TICKS,
  JITTER_TARGET_MS,
} from "../memory-map";
import { FRAME_MS, JITTER_PACKETS } from "../limits";

export const JITTER_TAKEN = 0;
export const JITTER_LATE = 1;
export const JITTER_DUPLICATE = 2;

/** What a tick gives: bytes of a frame (> 0), or one of these. */
export const JITTER_WAIT = 0;
export const JITTER_LOST = -1;
export const JITTER_INSERT = -2;

const BUCKETS = 41;
const BUCKET_MS = 5;
const TARGET_MS_MIN = 20;
const TARGET_MS_MAX = 200;
const QUANTILE: f32 = 0.9905;
/** Per packet; half is forgotten in 28 s. */
const KEPT: f32 = 0.9995;
const BASE_WINDOW_MS = 4000;
/** A buffer that is longer than the target by this skips a frame, at most one in 200 ms. */
const SKIP_OVER_MS = 20;
const SKIP_TICKS = 10;
/** A filler is played first when the target asks for at least this much more than there is. */
const INSERT_UNDER_MS = 6;
/** Frames missing in a row after which the stream counts as paused. */
const PAUSE_FRAMES = 10;

/** Starts a stream. */
export function jitterReset(state: usize): void {
  memory.fill(state, 0, JITTER_PAYLOADS);
  store<i32>(state, TARGET_MS_MIN, JITTER_TARGET_MS);
  // As if packets had come within 10 ms so far: one bad first packet does not set the target.
  store<f32>(state, 50, JITTER_HISTOGRAM);
}

/** Takes a packet: `frame` = timestamp / frame samples, in order of sending. -> JITTER_TAKEN ... */
export function jitterPush(
  state: usize,
  frame: i32,
  arrivalMs: i32,
  payload: usize,
  bytes: i32,
): i32 {
  assert(bytes > 0);
  assert(bytes <= JITTER_PAYLOAD_BYTES);
  const isFirst = load<i32>(state, JITTER_NEWEST) == 0;
  learn(state, arrivalMs - frame * FRAME_MS, arrivalMs, isFirst);
  const isStarted = load<u32>(state, JITTER_IS_STARTED) != 0;
  if (isStarted && frame < load<i32>(state, JITTER_NEXT)) {
    add(state + JITTER_COUNT_LATE);
    return JITTER_LATE;
  }
  const entry = entryOf(state, frame);
  if (load<i32>(entry, 4) > 0 && load<i32>(entry) == frame) {
    add(state + JITTER_COUNT_DUPLICATE);
    return JITTER_DUPLICATE;
  }
  store<i32>(entry, frame);
  store<i32>(entry, bytes, 4);
  memory.copy(payloadOf(state, frame), payload, <usize>bytes);
  const newest = load<i32>(state, JITTER_NEWEST);
  if (isFirst || frame + 1 > newest) store<i32>(state, frame + 1, JITTER_NEWEST);
  if (!isStarted && (isFirst || frame < load<i32>(state, JITTER_NEXT))) {
    store<i32>(state, frame, JITTER_NEXT);
  }
  return JITTER_TAKEN;
}

/** One tick of playout. -> bytes copied to `target`, or JITTER_WAIT, JITTER_LOST, JITTER_INSERT. */
export function jitterPop(state: usize, nowMs: i32, target: usize): i32 {
  if (load<i32>(state, JITTER_NEWEST) == 0) return JITTER_WAIT;
  const isStarted = load<u32>(state, JITTER_IS_STARTED) != 0;
  if (!isStarted && overdueMs(state, nowMs) < 0) return JITTER_WAIT;
  store<u32>(state, 1, JITTER_IS_STARTED);
  store<i32>(state, load<i32>(state, JITTER_TICKS) + 1, JITTER_TICKS);
  shorten(state, nowMs);

  const next = load<i32>(state, JITTER_NEXT);
  if (!isHere(state, next)) {
    // Time left: play a filler first. Nothing for so long that the sender has paused: wait for it.
    const hasPaused = next - load<i32>(state, JITTER_NEWEST) >= PAUSE_FRAMES;
    const mayCome = overdueMs(state, nowMs) <= -INSERT_UNDER_MS || hasPaused;
    if (!mayCome) store<i32>(state, next + 1, JITTER_NEXT);
    add(state + (mayCome ? JITTER_COUNT_INSERTED : JITTER_COUNT_LOST));
    return mayCome ? JITTER_INSERT : JITTER_LOST;
  }
  const bytes = load<i32>(entryOf(state, next), 4);
  memory.copy(target, payloadOf(state, next), <usize>bytes);
  clearEntry(state, next);
  store<i32>(state, next + 1, JITTER_NEXT);
  add(state + JITTER_COUNT_PLAYED);
  return bytes;
}

// How much longer than the target the next frame has waited.
function overdueMs(state: usize, nowMs: i32): i32 {
  const dueMs = load<i32>(state, JITTER_NEXT) * FRAME_MS + load<i32>(state, JITTER_BASE_MS);
  return nowMs - dueMs - load<i32>(state, JITTER_TARGET_MS);
}

// When the buffer is a frame too long: passes over frames that are missing, which costs nothing
// because a filler was played for them; else, seldom, over one that is there.
function shorten(state: usize, nowMs: i32): void {
  const newest = load<i32>(state, JITTER_NEWEST);
  for (let turn = 0; turn < JITTER_PACKETS; turn++) {
    const next = load<i32>(state, JITTER_NEXT);
    if (overdueMs(state, nowMs) < SKIP_OVER_MS || next + 1 >= newest) return;
    const isLost = !isHere(state, next);
    if (!isLost && load<i32>(state, JITTER_TICKS) < SKIP_TICKS) return;
    add(state + (isLost ? JITTER_COUNT_LOST : JITTER_COUNT_SKIPPED));
    clearEntry(state, next);
    store<i32>(state, next + 1, JITTER_NEXT);
    if (!isLost) store<i32>(state, 0, JITTER_TICKS);
  }
}

function isHere(state: usize, frame: i32): bool {
  const entry = entryOf(state, frame);
  return load<i32>(entry, 4) > 0 && load<i32>(entry) == frame;
}

// Base: the smaller of this and the last window's smallest transit; histogram and target.
function learn(state: usize, transitMs: i32, nowMs: i32, isFirst: bool): void {
  if (isFirst) {
    store<i32>(state, transitMs, JITTER_BASE_MS);
    store<i32>(state, transitMs, JITTER_BASE_NEXT_MS);
    store<i32>(state, nowMs + BASE_WINDOW_MS, JITTER_BASE_UNTIL_MS);
  }
  const smallest = min<i32>(load<i32>(state, JITTER_BASE_NEXT_MS), transitMs);
  store<i32>(state, smallest, JITTER_BASE_NEXT_MS);
  store<i32>(state, min<i32>(load<i32>(state, JITTER_BASE_MS), transitMs), JITTER_BASE_MS);
  if (nowMs - load<i32>(state, JITTER_BASE_UNTIL_MS) >= 0) {
    store<i32>(state, smallest, JITTER_BASE_MS);
    store<i32>(state, transitMs, JITTER_BASE_NEXT_MS);
    store<i32>(state, nowMs + BASE_WINDOW_MS, JITTER_BASE_UNTIL_MS);
  }
  const overBase = max<i32>(0, transitMs - load<i32>(state, JITTER_BASE_MS));
  const bucket = min<i32>(BUCKETS - 1, (overBase + BUCKET_MS - 1) / BUCKET_MS);
  store<i32>(state, retarget(state, bucket), JITTER_TARGET_MS);
}

// Forgets a little, counts the newest bucket. -> the quantile in ms.
function retarget(state: usize, bucket: i32): i32 {
  let sum: f32 = 0;
  for (let index = 0; index < BUCKETS; index++) {
    const address = state + JITTER_HISTOGRAM + ((<usize>index) << 2);
    const weight = load<f32>(address) * KEPT + (index == bucket ? <f32>1 : <f32>0);
    store<f32>(address, weight);
    sum += weight;
  }
  let below: f32 = 0;
  for (let index = 0; index < BUCKETS; index++) {
    below += load<f32>(state + JITTER_HISTOGRAM + ((<usize>index) << 2));
    if (below >= sum * QUANTILE) {
      return max<i32>(TARGET_MS_MIN, min<i32>(TARGET_MS_MAX, index * BUCKET_MS));
    }
  }
  return TARGET_MS_MAX;
}

function entryOf(state: usize, frame: i32): usize {
  const place = frame & (JITTER_PACKETS - 1);
  return state + JITTER_ENTRIES + <usize>(place * JITTER_ENTRY_BYTES);
}

function payloadOf(state: usize, frame: i32): usize {
  const place = frame & (JITTER_PACKETS - 1);
  return state + JITTER_PAYLOADS + <usize>(place * JITTER_PAYLOAD_BYTES);
}

function clearEntry(state: usize, frame: i32): void {
  store<i32>(entryOf(state, frame), 0, 4);
}

function add(address: usize): void {
  store<u32>(address, load<u32>(address) + 1);
}
