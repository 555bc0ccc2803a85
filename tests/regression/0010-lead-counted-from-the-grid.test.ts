// A lead that left late, after a stall or at a late first tick, was counted from the wheel's grid,
// up to a frame before it left: the next tick, sooner than 20 ms after it, sent a fourth frame, and
// the far end had up to 80 ms ahead from then on. Found by `bun run sim --audio --seed 8`.
import { describe, expect, test } from "bun:test";
import { FRAME_MS, LEAD_FRAMES, PACER_WHEEL_MS } from "../../service/limits.ts";
import {
  createBusyClock,
  makeCall,
  makeProcess,
  type Notes,
  phoneAudio,
} from "../engine/engine-fixture.ts";

const AHEAD_MS_MAX = LEAD_FRAMES * FRAME_MS + PACER_WHEEL_MS;

function play() {
  const clock = createBusyClock();
  const { metrics, shared } = makeProcess({ clock });
  const { engine, notes } = makeCall({ clock, metrics, shared });
  engine.queuePlayback(1, phoneAudio(20_000), 0, 160_000);
  return { clock, metrics, notes };
}

/** The most that the far end ever had ahead of what it was playing. */
function aheadMsMax({ sent }: Notes): number {
  let playoutEndMs = 0;
  let most = 0;
  for (const { atMs } of sent) {
    playoutEndMs = Math.max(playoutEndMs, atMs) + FRAME_MS;
    most = Math.max(most, playoutEndMs - atMs);
  }
  return most;
}

const beats = ({ sent }: Notes) => sent.map(({ atMs }) => atMs);

describe("S1-81: at most the lead is ahead of what the far end plays", () => {
  test.each([0, 1, 4, 5, 6, 12, 19])("when the first tick is %d ms late", (lateMs) => {
    const { clock, metrics, notes } = play();
    clock.stall(lateMs);
    clock.advance(2_000);
    expect(notes.sent.slice(0, 4).map(({ atMs }) => atMs)).toEqual(
      lateMs <= PACER_WHEEL_MS ? [lateMs, lateMs, lateMs, 20] : [lateMs, lateMs, lateMs, 40],
    );
    expect(aheadMsMax(notes)).toBeLessThanOrEqual(AHEAD_MS_MAX);
    // After the first beat one frame leaves with every tick: never none and two.
    expect(new Set(beats(notes).slice(3)).size).toBe(notes.sent.length - 3);
    expect(metrics.value("voxbridge_pacer_underruns_total")).toBe(0);
  });

  test.each([70, 86, 94, 99, 386])("after a stall of %d ms", (stallMs) => {
    const { clock, metrics, notes } = play();
    clock.advance(400);
    clock.stall(stallMs);
    const caughtUp = notes.sent.filter(({ atMs }) => atMs === clock.nowMs());
    expect(caughtUp.length).toBeGreaterThan(0);
    expect(caughtUp.length).toBeLessThanOrEqual(LEAD_FRAMES);
    clock.advance(2_000);
    expect(aheadMsMax(notes)).toBeLessThanOrEqual(AHEAD_MS_MAX);
    // Once the lead is gone the far end is never dry again.
    expect(metrics.value("voxbridge_pacer_underruns_total")).toBe(1);
  });

  test("silence of less than a frame is counted when it makes a frame", () => {
    const { clock, metrics, notes } = play();
    clock.advance(0);
    for (let stall = 0; stall < 20; stall += 1) {
      clock.stall(71);
      clock.advance(129);
    }
    const playedMs = (notes.sent.length - LEAD_FRAMES) * FRAME_MS;
    const skipped = metrics.value("voxbridge_pacer_frames_skipped_total");
    expect(skipped).toBeGreaterThan(0);
    expect(Math.abs(clock.nowMs() - playedMs - skipped * FRAME_MS)).toBeLessThan(2 * FRAME_MS);
  });
});
