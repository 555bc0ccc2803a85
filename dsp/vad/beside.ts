// Windows judged by a model beside the core: probabilities come back later, in order, at most
// 8 windows behind; what is later counts as silence (decision 3).

import {
  COUNTER_WINDOWS_SKIPPED,
  SLOT_WINDOWS_COMPLETED,
  SLOT_WINDOWS_DECIDED,
} from "../memory-map";
import { WINDOWS_BEHIND_MAX } from "../limits";
import { turnStep } from "./turn-machine";

/** A probability that came back. Windows it jumps over count as silence; old news is dropped. */
export function besideDecide(slot: usize, windowIndex: u32, probability: f32): i32 {
  const decided = load<u32>(slot, SLOT_WINDOWS_DECIDED);
  if (windowIndex < decided) return 0;
  assert(windowIndex < load<u32>(slot, SLOT_WINDOWS_COMPLETED));
  let events = 0;
  const missing = min<u32>(windowIndex - decided, WINDOWS_BEHIND_MAX);
  for (let index: u32 = 0; index < missing; index++) events |= skip(slot, decided + index);
  return events | turnStep(slot, windowIndex, probability);
}

/** After a window completed: gives up on the oldest when more than 8 are waiting. */
export function skipLateWindows(slot: usize): i32 {
  const completed = load<u32>(slot, SLOT_WINDOWS_COMPLETED);
  const decided = load<u32>(slot, SLOT_WINDOWS_DECIDED);
  if (completed - decided <= <u32>WINDOWS_BEHIND_MAX) return 0;
  return skip(slot, decided);
}

function skip(slot: usize, windowIndex: u32): i32 {
  store<u32>(slot, load<u32>(slot, COUNTER_WINDOWS_SKIPPED) + 1, COUNTER_WINDOWS_SKIPPED);
  return turnStep(slot, windowIndex, 0);
}
