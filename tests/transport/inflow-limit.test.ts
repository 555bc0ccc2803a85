// How fast a caller may send: both buckets, by a clock that the test holds.
import { describe, expect, test } from "bun:test";
import { createInflowLimit } from "../../service/transport/inflow-limit.ts";

describe("createInflowLimit()", () => {
  test("T13: takes real time for ever, and 1.5 times it with a burst of 2 s", () => {
    const limit = createInflowLimit(0);
    for (let ms = 0; ms < 600_000; ms += 20) expect(limit.takeAudio(20, -1, ms)).toBe(true);
    const fast = createInflowLimit(0);
    expect(fast.takeAudio(2_000, -1, 0)).toBe(true);
    expect(fast.takeAudio(1_500, -1, 1_000)).toBe(true);
    expect(fast.takeAudio(1, -1, 1_000)).toBe(false);
  });

  test("forgives a stall of the network of up to twelve seconds", () => {
    const limit = createInflowLimit(0);
    for (let ms = 0; ms < 60_000; ms += 20) limit.takeAudio(20, -1, ms);
    expect(limit.takeAudio(8_000, -1, 68_000)).toBe(true);
    expect(limit.takeAudio(12_000, -1, 98_000)).toBe(true);
    expect(limit.takeAudio(12_001, -1, 128_000)).toBe(false);
  });

  test("T13: takes a gap of any length once it has really passed", () => {
    const limit = createInflowLimit(0);
    let captureMs = 0;
    let nowMs = 0;
    for (const gapMs of [20, 500, 9_000, 9_990, 40, 30_000, 60]) {
      nowMs += gapMs + 20;
      captureMs += gapMs;
      expect(limit.takeAudio(20, captureMs, nowMs)).toBe(true);
      captureMs += 20;
    }
  });

  test("T13: counts the silence that a false clock would have filled", () => {
    const limit = createInflowLimit(0);
    expect(limit.takeAudio(20, 0, 0)).toBe(true);
    expect(limit.takeAudio(20, 1_000, 0)).toBe(true);
    expect(limit.takeAudio(20, 2_000, 0)).toBe(false);
    const steady = createInflowLimit(0);
    // A clock that trembles by less than a frame costs nothing.
    for (let ms = 0; ms < 60_000; ms += 20) {
      expect(steady.takeAudio(20, ms + ((ms / 20) % 2) * 19, ms)).toBe(true);
    }
  });

  test("T13: takes 200 messages a second and 2,000 at once", () => {
    const limit = createInflowLimit(0);
    for (let count = 0; count < 2_000; count += 1) expect(limit.takeMessage(0)).toBe(true);
    expect(limit.takeMessage(0)).toBe(false);
    const steady = createInflowLimit(0);
    for (let ms = 0; ms < 60_000; ms += 5) expect(steady.takeMessage(ms)).toBe(true);
  });

  test("T13: counts a big message that is not audio as many", () => {
    const limit = createInflowLimit(0);
    // 64 KiB cost 256 messages, so seven of them leave less than the eighth costs.
    for (let count = 0; count < 7; count += 1) expect(limit.takeOverhead(64 * 1024)).toBe(true);
    expect(limit.takeOverhead(64 * 1024)).toBe(false);
    const plain = createInflowLimit(0);
    for (let count = 0; count < 10_000; count += 1) expect(plain.takeOverhead(255)).toBe(true);
    expect(plain.takeOverhead(-640)).toBe(true);
  });
});
