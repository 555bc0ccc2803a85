// The silence that one caller's turns need, learned in steps within bounds (S4-C24).
// Method: the rules one by one, then callers of two kinds over many turns.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AssertionError } from "../../service/assert.ts";
import { AdaptiveSilence } from "../../service/conversation/adaptive-silence.ts";

const SETTINGS = { silenceMs: 480, isAdaptive: true, silenceMsMin: 320, silenceMsMax: 960 };

describe("S4-C24: AdaptiveSilence", () => {
  test("three clean ends in a row earn one window less, down to the bound", () => {
    const silence = new AdaptiveSilence(SETTINGS);
    const after = (ends: number) => {
      for (let end = 0; end < ends; end += 1) silence.onCleanEnd();
      return silence.silenceMs();
    };
    expect([after(2), after(1), after(3), after(100)]).toEqual([480, 448, 416, 320]);
  });

  test("a pause of more than half the silence adds a window; a shorter one does not", () => {
    const silence = new AdaptiveSilence(SETTINGS);
    expect(silence.onPause(240)).toBe(false);
    expect(silence.silenceMs()).toBe(480);
    expect(silence.onPause(260)).toBe(true);
    expect(silence.silenceMs()).toBe(512);
  });

  test("a turn cut in two adds four windows, up to the bound", () => {
    const silence = new AdaptiveSilence(SETTINGS);
    silence.onCut();
    expect(silence.silenceMs()).toBe(608);
    for (let cut = 0; cut < 5; cut += 1) silence.onCut();
    expect(silence.silenceMs()).toBe(960);
  });

  test("over the preset every clean end takes a window back, to the preset and no further", () => {
    const silence = new AdaptiveSilence(SETTINGS);
    silence.onCut();
    const values = Array.from({ length: 6 }, () => {
      silence.onCleanEnd();
      return silence.silenceMs();
    });
    expect(values).toEqual([576, 544, 512, 480, 480, 480]);
  });

  test("a pause in between means that the clean ends have to be earned anew", () => {
    const silence = new AdaptiveSilence({ ...SETTINGS, silenceMs: 320 });
    silence.onCleanEnd();
    silence.onCleanEnd();
    silence.onPause(300);
    expect(silence.silenceMs()).toBe(352);
    silence.onCleanEnd();
    expect(silence.silenceMs()).toBe(320);
  });

  test("off, it stays where it is; restart() takes another preset and forgets", () => {
    const silence = new AdaptiveSilence({ ...SETTINGS, isAdaptive: false });
    silence.onCut();
    for (let end = 0; end < 9; end += 1) silence.onCleanEnd();
    expect(silence.silenceMs()).toBe(480);
    silence.restart(640, true);
    silence.onCut();
    expect(silence.silenceMs()).toBe(768);
  });

  test("crossed bounds are our bug", () => {
    const crossed = { ...SETTINGS, silenceMsMin: 500, silenceMsMax: 400 };
    expect(() => new AdaptiveSilence(crossed)).toThrow(AssertionError);
  });

  test("a brisk caller is waited for less, one who pauses often is waited for longer", () => {
    const brisk = new AdaptiveSilence(SETTINGS);
    const slow = new AdaptiveSilence(SETTINGS);
    for (let turn = 0; turn < 15; turn += 1) {
      brisk.onCleanEnd();
      // One pause of 400 ms in every turn: near the preset, and soon well under what is waited.
      if (!slow.onPause(400)) slow.onCleanEnd();
    }
    expect(brisk.silenceMs()).toBe(320);
    expect(slow.silenceMs()).toBeGreaterThanOrEqual(768);
  });

  test("whatever happens, it stays within its bounds", () => {
    const steps = fc.array(fc.oneof(fc.constant(-1), fc.constant(-2), fc.nat(2_000)));
    fc.assert(
      fc.property(steps, (events) => {
        const silence = new AdaptiveSilence(SETTINGS);
        for (const event of events) {
          if (event === -1) silence.onCut();
          else if (event === -2) silence.onCleanEnd();
          else silence.onPause(event);
          expect(silence.silenceMs()).toBeGreaterThanOrEqual(320);
          expect(silence.silenceMs()).toBeLessThanOrEqual(960);
        }
      }),
    );
  });
});
