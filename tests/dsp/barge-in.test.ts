// Goal: the barge-in accumulator follows S2-65..S2-71 with D-29's departures: energy over the
// noise floor, and a weak frame does not empty it. Method: rule by rule on phone frames with the
// energy rule's probability out of the way ("beside"), then against the plain twin.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { CoreSlot, VadSettings } from "../../service/contract/core.ts";
import { CAPTURE_EVENT } from "../../service/contract/core.ts";
import { makeCore, openSlot, SETTINGS } from "../core/core-fixture.ts";
import { mulawEncodeTwin } from "./g711-twin.ts";
import { BargeTwin } from "./turn-machine-twin.ts";

const core = makeCore(4);
const { WINDOW, BARGE_MAYBE, BARGE, BARGE_FALSE } = CAPTURE_EVENT;
const BARGE_BITS = BARGE_MAYBE | BARGE | BARGE_FALSE;
const ENABLED = { isBargeInEnabled: true, bargeInOverNoiseFloorDb: 10 };

/** One frame of a square wave at a level in dBFS, its window answered with `probability`. */
function hear(slot: CoreSlot, levelDbfs: number, probability: number): number {
  const amplitude = Math.round(32768 * 10 ** (levelDbfs / 20));
  for (let index = 0; index < 160; index += 1) {
    slot.input[index] = mulawEncodeTwin(index % 8 < 4 ? amplitude : -amplitude);
  }
  const events = slot.ingest();
  if ((events & WINDOW) !== 0) slot.decide(slot.windowIndex(), probability);
  return events & BARGE_BITS;
}

/** A slot that has heard a quiet line and knows that p is `probability`. */
function openListening(settings: Partial<VadSettings> = {}, probability = 0.9): CoreSlot {
  const slot = openSlot(core, { vadSource: "beside" }, { ...ENABLED, ...settings });
  for (let frame = 0; frame < 8; frame += 1) hear(slot, -70, probability);
  slot.setAgentAudible(true);
  return slot;
}

describe("barge-in", () => {
  test("S2-68, S2-70: 200 ms of strong frames trigger, once, with the burst's position", () => {
    const slot = openListening();
    const events = Array.from({ length: 10 }, () => hear(slot, -20, 0.9));
    expect(events).toEqual([BARGE_MAYBE, 0, 0, 0, 0, 0, 0, 0, 0, BARGE]);
    expect(slot.bargeInOnsetPositionSamples()).toBe(8 * 160);
    slot.close();
  });

  test("S2-65, S2-71: cooldown holds for 500 ms, but never the first time", () => {
    const slot = openListening();
    for (let frame = 0; frame < 10; frame += 1) hear(slot, -20, 0.9);
    const cooling = Array.from({ length: 25 }, () => hear(slot, -20, 0.9));
    expect(cooling.every((events) => events === 0)).toBe(true);
    expect(hear(slot, -20, 0.9)).toBe(BARGE_MAYBE);
    slot.close();
  });

  test("S2-67: nothing counts while the agent is not heard; falling silent empties it", () => {
    const slot = openListening();
    expect(hear(slot, -20, 0.9)).toBe(BARGE_MAYBE);
    slot.setAgentAudible(false);
    expect(hear(slot, -20, 0.9)).toBe(BARGE_FALSE);
    expect(hear(slot, -20, 0.9)).toBe(0);
    slot.close();
  });

  test("D-29: a few weak frames do not empty it, 120 ms of them do", () => {
    const slot = openListening();
    for (let frame = 0; frame < 5; frame += 1) hear(slot, -20, 0.9);
    for (let frame = 0; frame < 5; frame += 1) expect(hear(slot, -70, 0.9)).toBe(0);
    const events = Array.from({ length: 5 }, () => hear(slot, -20, 0.9));
    expect(events).toEqual([0, 0, 0, 0, BARGE]);
    for (let frame = 0; frame < 26; frame += 1) hear(slot, -20, 0.9);
    const weak = Array.from({ length: 6 }, () => hear(slot, -70, 0.9));
    expect(weak).toEqual([0, 0, 0, 0, 0, BARGE_FALSE]);
    slot.close();
  });

  test("D-29: a caller 30 dB quieter still gets through, because the floor is quieter too", () => {
    const slot = openListening();
    const events = Array.from({ length: 10 }, () => hear(slot, -50, 0.9));
    expect(events.at(-1)).toBe(BARGE);
    slot.close();
  });

  test("D-36: energy alone does not interrupt", () => {
    const slot = openListening({}, 0.1);
    for (let frame = 0; frame < 50; frame += 1) expect(hear(slot, -20, 0.1)).toBe(0);
    slot.close();
  });
});

test("S2-68: agrees with the plain twin on random frames, settings and audibility", () => {
  const settings = fc.record({
    isBargeInEnabled: fc.boolean(),
    bargeInThreshold: fc.constantFrom(0, 0.6, 0.9),
    bargeInMinSpeechMs: fc.integer({ min: 1, max: 300 }),
    bargeInOverNoiseFloorDb: fc.constantFrom(0, 6, 20),
    bargeInCooldownMs: fc.constantFrom(0, 70, 500),
  });
  const run = fc.record({
    levelDbfs: fc.constantFrom(-70, -50, -35, -20),
    probability: fc.constantFrom(0, 0.7, 1),
    isAudible: fc.constantFrom(true, true, true, false),
    count: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(settings, fc.array(run, { maxLength: 20 }), (some, runs) => {
      const all = { ...SETTINGS, ...some };
      const slot = openSlot(core, { vadSource: "beside" }, all);
      const twin = new BargeTwin(all);
      for (const { levelDbfs, probability, isAudible, count } of runs) {
        slot.setAgentAudible(isAudible);
        for (let turn = 0; turn < count; turn += 1) {
          const known = slot.probability();
          const events = hear(slot, levelDbfs, probability);
          const overFloorDb = Math.fround(slot.levelDbfs() - slot.noiseFloorDbfs());
          const frameIndex = slot.framesIngested() - 1;
          const frame = { isAudible, overFloorDb, probability: known };
          expect(events).toBe(twin.step(frameIndex, frame));
          if (events !== 0) {
            expect(slot.bargeInOnsetPositionSamples()).toBe(twin.onsetFrame * 160);
          }
        }
      }
      slot.close();
    }),
    { numRuns: 100 },
  );
});
