// Playback ring of one slot: 1 s of the agent's audio in the upstream's format, as bytes.
// The host writes (it knows the lengths), the renderer takes; what does not fit stays with the
// caller and is counted, flush says what was dropped.

import { PLAYBACK_RING_FRAMES } from "../limits";
import {
  COUNTER_PLAYBACK_FLUSHED_SAMPLES,
  COUNTER_PLAYBACK_OVERRUNS,
  SLOT_PLAYBACK_QUEUED,
  SLOT_PLAYBACK_READ,
  SLOT_PLAYBACK_RING,
  SLOT_UPSTREAM_FRAME_BYTES,
  SLOT_UPSTREAM_SAMPLE_BYTES,
} from "../memory-map";

/** Bytes this slot's ring holds. */
export function playbackCapacity(slot: usize): i32 {
  return load<i32>(slot, SLOT_UPSTREAM_FRAME_BYTES) * PLAYBACK_RING_FRAMES;
}

/** Offset into the ring where the next byte goes. */
export function playbackWriteOffset(slot: usize): i32 {
  const offset = load<i32>(slot, SLOT_PLAYBACK_READ) + load<i32>(slot, SLOT_PLAYBACK_QUEUED);
  const capacity = playbackCapacity(slot);
  return offset < capacity ? offset : offset - capacity;
}

/** The host has written `bytes` (whole samples) of `wanted`. */
export function playbackCommit(slot: usize, bytes: i32, wanted: i32): void {
  assert(bytes >= 0);
  assert(bytes <= wanted);
  const queued = load<i32>(slot, SLOT_PLAYBACK_QUEUED) + bytes;
  assert(queued <= playbackCapacity(slot));
  store<i32>(slot, queued, SLOT_PLAYBACK_QUEUED);
  if (bytes < wanted) {
    store<u32>(slot, load<u32>(slot, COUNTER_PLAYBACK_OVERRUNS) + 1, COUNTER_PLAYBACK_OVERRUNS);
  }
}

/** Moves up to `bytes` from the ring to `target`. -> bytes moved. */
export function playbackTake(slot: usize, target: usize, bytes: i32): i32 {
  const queued = load<i32>(slot, SLOT_PLAYBACK_QUEUED);
  const taken = min<i32>(queued, bytes);
  const read = load<i32>(slot, SLOT_PLAYBACK_READ);
  const capacity = playbackCapacity(slot);
  const ring = slot + SLOT_PLAYBACK_RING;
  const first = min<i32>(taken, capacity - read);
  memory.copy(target, ring + <usize>read, <usize>first);
  memory.copy(target + <usize>first, ring, <usize>(taken - first));
  const next = read + taken;
  store<i32>(slot, next < capacity ? next : next - capacity, SLOT_PLAYBACK_READ);
  store<i32>(slot, queued - taken, SLOT_PLAYBACK_QUEUED);
  return taken;
}

/** Samples waiting. */
export function playbackQueued(slot: usize): i32 {
  return load<i32>(slot, SLOT_PLAYBACK_QUEUED) / load<i32>(slot, SLOT_UPSTREAM_SAMPLE_BYTES);
}

/** Empties the ring and counts `samples` as dropped. -> samples */
export function playbackDrop(slot: usize, samples: i32): i32 {
  assert(samples >= 0);
  store<i32>(slot, 0, SLOT_PLAYBACK_QUEUED);
  store<i32>(slot, 0, SLOT_PLAYBACK_READ);
  const flushed = load<u32>(slot, COUNTER_PLAYBACK_FLUSHED_SAMPLES);
  store<u32>(slot, flushed + <u32>samples, COUNTER_PLAYBACK_FLUSHED_SAMPLES);
  return samples;
}
