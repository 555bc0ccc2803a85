// Goal: the pacing rules of decision 9 hold on a virtual clock: lead, spacing, catch-up, drift,
// underrun, item boundaries. Interruption, pause and faults: playback-control.test.ts.
// Method: µ-law calls (bytes pass the core untouched) over the real core; expected numbers follow
// from LEAD_FRAMES = 3 and 20 ms frames.
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { SEND } from "../../service/contract/send-result.ts";
import { FILLER_MS_MAX, FRAME_MS, LEAD_FRAMES } from "../../service/limits.ts";
import {
  createBusyClock,
  makeCall,
  makeProcess,
  type Notes,
  phoneAudio,
  phoneFrame,
  playAll,
} from "./engine-fixture.ts";

/** Frames sent until each moment stay within LEAD + elapsed / 20, and reach elapsed / 20. */
function expectPaced(notes: Notes): void {
  const startMs = notes.sent[0]?.atMs ?? 0;
  notes.sent.forEach(({ atMs }, index) => {
    expect(index + 1).toBeLessThanOrEqual(LEAD_FRAMES + (atMs - startMs) / FRAME_MS + 1e-6);
  });
}

describe("playback", () => {
  test("S1-81: sends three frames at once, then one per 20 ms", () => {
    const { clock, notes } = playAll(200);
    expect(notes.sent).toHaveLength(0);
    clock.advance(0);
    expect(notes.sent.map(({ atMs }) => atMs)).toEqual([0, 0, 0]);
    clock.advance(500);
    expect(notes.sent.map(({ atMs }) => atMs)).toEqual([0, 0, 0, 20, 40, 60, 80, 100, 120, 140]);
  });

  test("the caller gets the answer's bytes, in order, and the item ends with its last sample", () => {
    const { clock, notes, audio } = playAll(1000);
    clock.advance(2000);
    expect(Buffer.concat(notes.sent.map(({ bytes }) => bytes))).toEqual(audio);
    expect(notes.ended).toEqual([{ item: 1, samples: 8000, atMs: 940 }]);
    expect(clock.pendingTimers()).toBe(0);
  });

  test("S1-81: nothing leaves before 60 ms are queued, or the item has ended", () => {
    const process = makeProcess();
    const { engine, notes } = makeCall(process);
    engine.queuePlayback(1, phoneAudio(40), 0, 320);
    process.clock.advance(300);
    expect(notes.sent).toHaveLength(0);
    engine.queuePlayback(1, phoneAudio(20), 0, 160);
    process.clock.advance(5);
    expect(notes.sent).toHaveLength(3);
    const short = makeCall(process);
    short.engine.queuePlayback(1, phoneAudio(20), 0, 160);
    short.engine.endPlaybackItem(1);
    process.clock.advance(5);
    expect(short.notes.sent).toHaveLength(1);
  });

  test("quality mode waits for 200 ms, and back", () => {
    const process = makeProcess();
    const { engine, notes } = makeCall(process, {}, { mode: "quality" });
    engine.queuePlayback(1, phoneAudio(180), 0, 1440);
    process.clock.advance(100);
    expect(notes.sent).toHaveLength(0);
    engine.optimizeForLatency();
    process.clock.advance(5);
    expect(notes.sent).toHaveLength(3);
  });

  test("an item that is no whole frame is padded; the next one starts on a frame of its own", () => {
    const process = makeProcess();
    const { engine, notes } = makeCall(process);
    engine.queuePlayback(1, Buffer.alloc(200, 1), 0, 200);
    engine.queuePlayback(2, Buffer.alloc(170, 2), 0, 170);
    engine.endPlaybackItem(2);
    process.clock.advance(200);
    expect(
      notes.sent.map(({ item, positionSamples, samples }) => [item, positionSamples, samples]),
    ).toEqual([
      [1, 0, 160],
      [1, 160, 40],
      [2, 0, 160],
      [2, 160, 10],
    ]);
    expect(notes.sent[1]?.bytes.subarray(40)).toEqual(Buffer.alloc(120, 0xff));
    expect(notes.ended.map(({ item, samples }) => [item, samples])).toEqual([
      [1, 200],
      [2, 170],
    ]);
  });

  test("an item without audio ends in its turn with 0 samples", () => {
    const process = makeProcess();
    const { engine, notes } = makeCall(process);
    engine.queuePlayback(1, phoneAudio(100), 0, 800);
    engine.endPlaybackItem(1);
    engine.endPlaybackItem(2);
    expect(notes.ended).toEqual([]);
    process.clock.advance(200);
    expect(notes.ended.map(({ item, samples }) => [item, samples])).toEqual([
      [1, 800],
      [2, 0],
    ]);
    expect(engine.isPlaying()).toBe(false);
  });

  test("I4: after a stall at most three frames catch up, the rest is re-anchored and counted", () => {
    const { clock, metrics, notes } = playInBusyProcess();
    clock.stall(500);
    const caughtUp = notes.sent.filter(({ atMs }) => atMs === clock.nowMs());
    expect(caughtUp).toHaveLength(LEAD_FRAMES);
    // 60 ms of lead had been sent when 500 ms of sleep began: 440 ms were silence at the far end.
    expect(metrics.value("voxbridge_pacer_frames_skipped_total")).toBe(22);
    expect(metrics.value("voxbridge_pacer_underruns_total")).toBe(1);
    clock.advance(1000);
    expectPaced(notes);
  });

  test("a stall shorter than the lead is caught up without anything skipped", () => {
    const { clock, metrics, notes } = playInBusyProcess();
    clock.stall(45);
    expect(notes.sent).toHaveLength(5);
    expect(metrics.value("voxbridge_pacer_frames_skipped_total")).toBe(0);
    clock.advance(15);
    expect(notes.sent).toHaveLength(6);
  });

  test("a late first tick does not make the later ones send none and two", () => {
    const clock = createBusyClock();
    const process = makeProcess({ clock });
    const { engine, notes } = makeCall(process);
    engine.queuePlayback(1, phoneAudio(20_000), 0, 160_000);
    clock.stall(4);
    for (const lateMs of [0, 6, 1, 7, 0, 3, 5]) {
      const before = notes.sent.length;
      clock.advance(20 - (clock.nowMs() % 20) - 0.5);
      clock.stall(0.5 + lateMs);
      expect(notes.sent.length - before).toBe(1);
    }
    expect(process.metrics.value("voxbridge_pacer_frames_caught_up_total")).toBe(0);
  });

  test("an answer that stops inside an item: underrun once, silence as item 0, bounded", () => {
    const process = makeProcess();
    const { engine, notes } = makeCall(process);
    engine.queuePlayback(1, phoneAudio(100), 0, 800);
    process.clock.advance(2000);
    const filler = notes.sent.filter(({ item }) => item === 0);
    expect(notes.underruns).toEqual([1]);
    expect(filler).toHaveLength(FILLER_MS_MAX / FRAME_MS);
    // 5 ms of slope, then silence.
    expect(filler[0]?.bytes.subarray(40)).toEqual(phoneFrame(0xff).subarray(40));
    expect(filler.slice(1).every(({ bytes }) => bytes.equals(phoneFrame(0xff)))).toBe(true);
    expect(process.clock.pendingTimers()).toBe(0);
    engine.queuePlayback(1, phoneAudio(100), 0, 800);
    engine.endPlaybackItem(1);
    process.clock.advance(200);
    expect(notes.ended.map(({ item, samples }) => [item, samples])).toEqual([[1, 1600]]);
    expectPaced(notes);
  });

  test("audio that comes before the far end runs dry is no underrun", () => {
    const process = makeProcess();
    const { engine, notes } = makeCall(process);
    engine.queuePlayback(1, phoneAudio(60), 0, 480);
    process.clock.advance(30);
    engine.queuePlayback(1, phoneAudio(100), 0, 800);
    engine.endPlaybackItem(1);
    process.clock.advance(300);
    expect(notes.underruns).toEqual([]);
    expect(notes.sent.every(({ item }) => item === 1)).toBe(true);
    expect(process.metrics.value("voxbridge_pacer_underruns_total")).toBe(0);
  });

  test("the next item does not bring a second lead while the first still plays", () => {
    const process = makeProcess();
    const { engine, notes } = makeCall(process);
    engine.queuePlayback(1, phoneAudio(60), 0, 480);
    engine.endPlaybackItem(1);
    process.clock.advance(10);
    engine.queuePlayback(2, phoneAudio(400), 0, 3200);
    engine.endPlaybackItem(2);
    process.clock.advance(1000);
    expectPaced(notes);
    expect(notes.sent).toHaveLength(23);
  });

  test("frames the transport refuses are counted, and time goes on", () => {
    const { clock, metrics, notes } = playAll(200);
    notes.result = SEND.DROPPED;
    clock.advance(300);
    expect(notes.sent).toHaveLength(10);
    expect(metrics.value("voxbridge_playback_frames_dropped_total")).toBe(10);
  });
});

describe("playback over time", () => {
  test("I4: an hour without stalls neither drifts nor skips", () => {
    const process = makeProcess();
    const { engine, notes } = makeCall(process);
    const second = phoneAudio(1000);
    engine.queuePlayback(1, second, 0, second.length);
    for (let at = 0; at < 3600; at += 1) {
      engine.queuePlayback(1, second, 0, second.length);
      process.clock.advance(1000);
      notes.sent.splice(0, Math.max(0, notes.sent.length - 1));
    }
    const last = notes.sent.at(-1);
    // Frame n leaves at (n - 2) x 20 ms.
    const frame = (last?.positionSamples ?? 0) / 160;
    expect(last?.atMs).toBeCloseTo((frame - 2) * 20, 6);
    expect(process.metrics.value("voxbridge_pacer_frames_skipped_total")).toBe(0);
    expect(process.metrics.value("voxbridge_pacer_underruns_total")).toBe(0);
  }, 30_000);

  test("I4: random stalls: never over the lead, every missing frame counted", () => {
    const stalls = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(stalls, (stallsMs) => {
        const { clock, metrics, notes } = playInBusyProcess();
        for (const stallMs of stallsMs) {
          clock.stall(stallMs);
          clock.advance(37);
        }
        expectPaced(notes);
        const elapsedMs = clock.nowMs() - (notes.sent[0]?.atMs ?? 0);
        const skipped = metrics.value("voxbridge_pacer_frames_skipped_total");
        expect(notes.sent.length + skipped).toBeGreaterThanOrEqual(Math.floor(elapsedMs / 20));
      }),
      { numRuns: 60 },
    );
  });
});

/** A call that has been playing a long answer for 0 ms, in a process that can stall. */
function playInBusyProcess() {
  const clock = createBusyClock();
  const process = makeProcess({ clock });
  const { engine, notes } = makeCall(process);
  engine.queuePlayback(1, phoneAudio(20_000), 0, 160_000);
  clock.advance(0);
  return { clock, metrics: process.metrics, notes };
}
