// Goal: the turn machine follows S2-17..S2-27 with the project's rounding, at every rate.
// Method: rule by rule through decide(), then a differential run against the plain twin on random
// probability streams and random settings (fast-check, seed printed on failure).

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { CallerRateHz, CoreSlot, VadSettings } from "../../service/contract/core.ts";
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import { makeCore, openSlot, SETTINGS } from "../core/core-fixture.ts";
import { TurnTwin } from "./turn-machine-twin.ts";

const core = makeCore(4);
const { WINDOW, ONSET_MAYBE, ONSET, ONSET_FALSE, END_MAYBE, END_OFF, END } = CAPTURE_EVENT;

/** Ingests silence until a window completes, then answers for it. */
function say(slot: CoreSlot, probability: number): number {
  for (let frame = 0; frame < 2; frame += 1) {
    if ((slot.ingest() & WINDOW) !== 0) return slot.decide(slot.windowIndex(), probability);
  }
  throw new Error("no window in 40 ms");
}

function sayAll(slot: CoreSlot, probabilities: readonly number[]): number[] {
  return probabilities.map((probability) => say(slot, probability));
}

function openBeside(settings: Partial<VadSettings> = {}, callerRateHz: CallerRateHz = 8000) {
  return openSlot(core, { vadSource: "beside", callerRateHz, callerEncoding: "pcm16" }, settings);
}

describe("turn machine", () => {
  test("S0-26, S2-18, S2-19, S2-21: speech counts to 250 ms = 8 windows before it is confirmed", () => {
    const slot = openBeside();
    const events = sayAll(slot, new Array(9).fill(0.9));
    expect(events).toEqual([ONSET_MAYBE, 0, 0, 0, 0, 0, 0, ONSET, 0]);
    expect(slot.vadState()).toBe(VAD_STATE.SPEECH);
    slot.close();
  });

  test("S2-20, RT-02: silence before that is a false alarm", () => {
    const slot = openBeside();
    expect(sayAll(slot, [0.9, 0.9, 0.1, 0.9])).toEqual([ONSET_MAYBE, 0, ONSET_FALSE, ONSET_MAYBE]);
    slot.close();
  });

  test("S2-22, S2-23, S2-24: the end is tentative, taken back, then reached after 300 ms", () => {
    const slot = openBeside({ minSpeechMs: 32 });
    expect(say(slot, 0.9)).toBe(ONSET_MAYBE | ONSET);
    expect(sayAll(slot, [0.1, 0.1, 0.5])).toEqual([END_MAYBE, 0, END_OFF]);
    const tail = sayAll(slot, new Array(10).fill(0.1));
    expect(tail).toEqual([END_MAYBE, 0, 0, 0, 0, 0, 0, 0, 0, END]);
    expect(slot.vadState()).toBe(VAD_STATE.SILENCE);
    slot.close();
  });

  test("S2-17, S2-25: the start needs the start threshold, going on only the stop threshold", () => {
    const slot = openBeside({ minSpeechMs: 64 });
    expect(sayAll(slot, [0.45, 0.5, 0.36, 0.36, 0.34])).toEqual([
      0,
      ONSET_MAYBE,
      ONSET,
      0,
      END_MAYBE,
    ]);
    slot.close();
  });

  test("silence the model is sure of counts several times", () => {
    const sure = { confidentSilenceThreshold: 0.02, confidentSilenceWeight: 3, minSpeechMs: 0 };
    const slot = openBeside(sure);
    say(slot, 0.9);
    expect(sayAll(slot, [0.01, 0.1, 0.01, 0.01])).toEqual([END_MAYBE, 0, 0, END]);
    slot.close();
  });

  test("after short speech more silence is wanted", () => {
    const short = { minSpeechMs: 0, shortSpeechMs: 96, shortSpeechSilencePercent: 150 };
    const slot = openBeside({ ...short, minSilenceMs: 64 });
    sayAll(slot, [0.9, 0.9]);
    expect(sayAll(slot, [0.1, 0.1, 0.1])).toEqual([END_MAYBE, 0, END]);
    sayAll(slot, [0.9, 0.9, 0.9]);
    expect(sayAll(slot, [0.1, 0.1])).toEqual([END_MAYBE, END]);
    slot.close();
  });

  test("forceEnd() ends a confirmed turn, takes back a tentative one, is nothing in silence", () => {
    const slot = openBeside({ minSpeechMs: 64 });
    expect(slot.forceEnd()).toBe(0);
    say(slot, 0.9);
    expect(slot.forceEnd()).toBe(ONSET_FALSE);
    sayAll(slot, [0.9, 0.9]);
    expect(slot.forceEnd()).toBe(END);
    slot.close();
  });

  test("S2-26, D-33: resetVadCounters() clears the machine and keeps the window count", () => {
    const slot = openBeside({ minSpeechMs: 64 });
    sayAll(slot, [0.9, 0.9]);
    slot.resetVadCounters();
    expect(slot.vadState()).toBe(VAD_STATE.SILENCE);
    expect(slot.counter("windows")).toBe(2);
    expect(say(slot, 0.9)).toBe(ONSET_MAYBE);
    slot.close();
  });

  test("D-07, RT-03: times and positions are the same at every rate", () => {
    for (const rateHz of [8000, 16000, 22050, 24000, 44100, 48000] as const) {
      const slot = openBeside({ minSpeechMs: 96 }, rateHz);
      sayAll(slot, [0, 0, 0, 0.9, 0.9]);
      expect(say(slot, 0.9)).toBe(ONSET);
      say(slot, 0);
      expect(slot.onsetPositionSamples()).toBe(Math.floor((3 * 32 * rateHz) / 1000));
      expect(slot.endPositionSamples()).toBe(Math.floor((6 * 32 * rateHz) / 1000));
      slot.close();
    }
  });
});

test("S2-27: agrees with the plain twin on random probabilities and settings", () => {
  const settings = fc.record({
    startThreshold: fc.constantFrom(0.3, 0.5, 0.8),
    stopThreshold: fc.constantFrom(0.1, 0.25, 0.3),
    minSpeechMs: fc.integer({ min: 0, max: 400 }),
    minSilenceMs: fc.integer({ min: 0, max: 700 }),
    confidentSilenceThreshold: fc.constantFrom(0, 0.02, 0.1),
    confidentSilenceWeight: fc.integer({ min: 1, max: 8 }),
    shortSpeechMs: fc.constantFrom(0, 100, 600),
    shortSpeechSilencePercent: fc.constantFrom(50, 100, 135, 200),
  });
  // Runs of like probabilities, so that every state is visited.
  const run = fc.tuple(
    fc.constantFrom(0, 0.01, 0.2, 0.28, 0.4, 0.9),
    fc.integer({ min: 1, max: 14 }),
  );
  const stream = fc.array(run, { minLength: 1, maxLength: 24 });
  fc.assert(
    fc.property(settings, stream, (some, runs) => {
      const all = { ...SETTINGS, ...some };
      const slot = openBeside(all);
      const twin = new TurnTwin(all);
      for (const [probability, count] of runs) {
        for (let turn = 0; turn < count; turn += 1) {
          const events = say(slot, probability);
          expect(events).toBe(twin.step(slot.windowIndex(), Math.fround(probability)));
          if (twin.state !== "silence") {
            expect(slot.onsetPositionSamples()).toBe(twin.onsetWindow * 256);
            expect(slot.endPositionSamples()).toBe(twin.endWindow * 256);
          }
        }
      }
      slot.close();
    }),
    { numRuns: 150 },
  );
});
