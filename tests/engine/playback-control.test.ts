// Goal: what a call does to its own playback works at any moment, also from within a callback, and
// one call's fault is nobody else's (S4-06, decisions 14 and 18).
// Method: µ-law calls over the real core on a virtual clock.
import { describe, expect, test } from "bun:test";
import { SEND } from "../../service/contract/send-result.ts";
import { makeCall, makeProcess, phoneAudio, playAll } from "./engine-fixture.ts";
import { phoneTone } from "./phone-tone.ts";

describe("playback control", () => {
  test("S4-06: interrupting says how many milliseconds were flushed and refuses more of the item", () => {
    const { clock, engine, notes } = playAll(1000);
    clock.advance(100);
    expect(notes.sent).toHaveLength(8);
    expect(engine.interruptPlayback()).toBe(1000 - 160);
    expect(engine.isPlaying()).toBe(false);
    expect(engine.playbackQueuedMs()).toBe(0);
    expect(engine.queuePlayback(1, phoneAudio(20), 0, 160)).toBe(SEND.DROPPED);
    clock.advance(500);
    expect(notes.sent).toHaveLength(8);
    expect(notes.ended).toEqual([]);
    engine.queuePlayback(2, phoneAudio(100), 0, 800);
    clock.advance(5);
    expect(notes.sent.slice(8).map(({ item }) => item)).toEqual([2, 2, 2]);
  });

  test("an answer begins with its own bytes, not with the fading end of an older one", () => {
    const { clock, engine, notes } = playAll(1000);
    clock.advance(100);
    engine.interruptPlayback();
    const audio = phoneAudio(200);
    for (const item of [2, 3]) {
      notes.sent.length = 0;
      engine.queuePlayback(item, audio, 0, audio.length);
      engine.endPlaybackItem(item);
      clock.advance(1000);
      expect(Buffer.concat(notes.sent.map(({ bytes }) => bytes))).toEqual(audio);
    }
  });

  test("a pause keeps what is unsent and goes on from there", () => {
    const { clock, engine, notes, audio } = playAll(400);
    clock.advance(100);
    engine.pausePlayback();
    clock.advance(1000);
    expect(notes.sent).toHaveLength(8);
    expect(engine.playbackQueuedMs()).toBe(240);
    expect(engine.isPlaying()).toBe(true);
    engine.resumePlayback();
    clock.advance(1000);
    expect(Buffer.concat(notes.sent.map(({ bytes }) => bytes))).toEqual(audio);
  });

  test("an interruption ends a pause: the next answer is heard", () => {
    const { clock, engine, notes } = playAll(400);
    clock.advance(100);
    engine.pausePlayback();
    engine.interruptPlayback();
    notes.sent.length = 0;
    engine.queuePlayback(2, phoneAudio(100), 0, 800);
    clock.advance(5);
    expect(notes.sent).toHaveLength(3);
  });

  test("an answer starts within 5 ms although the caller speaks", () => {
    const process = makeProcess();
    const { engine, notes } = makeCall(process);
    const speech = phoneTone(600);
    engine.capture(speech, 0, speech.length, -1);
    // The open speech has a seat on the wheel, whose next turn is 18 ms away.
    process.clock.advance(2);
    engine.queuePlayback(1, phoneAudio(200), 0, 1600);
    process.clock.advance(5);
    expect(notes.sent).toHaveLength(3);
  });

  test("a listener may interrupt, or shut the engine down, from within its callback", () => {
    for (const act of ["interruptPlayback", "shutdown", "pausePlayback"] as const) {
      const process = makeProcess();
      const { engine, notes } = makeCall(process);
      notes.onSent = () => void (notes.sent.length === 2 ? engine[act]() : undefined);
      engine.queuePlayback(1, phoneAudio(1000), 0, 8000);
      process.clock.advance(500);
      expect(notes.sent).toHaveLength(2);
      expect(notes.faults).toEqual([]);
      expect(process.clock.pendingTimers()).toBe(0);
    }
  });

  test("a listener that throws ends its own call; the others play on", () => {
    const process = makeProcess();
    const bad = makeCall(process);
    const good = makeCall(process);
    bad.notes.onSent = () => {
      throw new Error("planted");
    };
    for (const { engine } of [bad, good]) engine.queuePlayback(1, phoneAudio(1000), 0, 8000);
    process.clock.advance(500);
    expect(bad.notes.sent).toHaveLength(1);
    expect(bad.notes.faults).toHaveLength(1);
    expect(process.metrics.value("voxbridge_engine_faults_total")).toBe(1);
    expect(good.notes.sent.length).toBeGreaterThan(20);
  });

  test("gain other than 1 changes the bytes, gain 1 passes them untouched", () => {
    const { clock, engine, notes, audio } = playAll(400);
    engine.setPlaybackGain(0, 0);
    clock.advance(60);
    expect(notes.sent.every(({ bytes }) => bytes.every((byte) => (byte | 0x80) === 0xff))).toBe(
      true,
    );
    engine.setPlaybackGain(1, 0);
    clock.advance(400);
    expect(notes.sent.at(-1)?.bytes).toEqual(audio.subarray(-160));
  });
});
