// Goal: what the provider's clock says lies where it was said in the call, whatever was appended.
// Method: numbers of frames; 20 ms each.
import { describe, expect, test } from "bun:test";
import { ProviderClock } from "../../service/upstream/provider-clock.ts";

describe("ProviderClock.callMs()", () => {
  test("counts from where this session's audio began, to the ms", () => {
    const clock = new ProviderClock();
    clock.onAppended(50);
    // Silence was not sent: 50 frames are up to frame 250 of the call.
    expect(clock.callMs(990, 250)).toBe(4_990);
    clock.restart();
    clock.onAppended(10);
    expect(clock.callMs(0, 310)).toBe(6_000);
    expect(clock.callMs(105, 310)).toBe(6_105);
  });

  test("agrees with at() about what was taken back and told again", () => {
    const clock = new ProviderClock();
    clock.onAppended(60);
    clock.onTakenBack(60);
    clock.onAppended(30);
    for (const heardMs of [400, 1_200, 1_220, 1_800]) {
      expect(clock.callMs(heardMs, 60)).toBe(clock.at(heardMs, 60).frame * 20);
    }
  });

  test("is never before the call", () => {
    const clock = new ProviderClock();
    clock.onAppended(100);
    expect(clock.callMs(100, 20)).toBe(0);
  });
});
