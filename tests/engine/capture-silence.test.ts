// Goal: a turn ends although media stopped: the pacer's tick feeds silence while speech is open,
// and what was fed counts as filled (decision 16).
// Method: a tone that the energy rule takes for speech, on a virtual clock.
import { describe, expect, test } from "bun:test";
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import { SETTINGS } from "../core/core-fixture.ts";
import { makeCall, makeProcess, phoneFrame } from "./engine-fixture.ts";
import { phoneTone } from "./phone-tone.ts";

function taped() {
  const process = makeProcess();
  const call = makeCall(process);
  call.engine.tapeBegin(0);
  return { ...process, ...call };
}

describe("capture without media", () => {
  test("an open turn ends although media stopped: silence from 100 ms on", () => {
    const { engine, notes, clock, metrics } = taped();
    const speech = phoneTone(600);
    for (let at = 0; at < 600; at += 20) {
      engine.capture(speech, at * 8, at * 8 + 160, at);
      clock.advance(20);
    }
    expect(engine.vadState()).toBe(VAD_STATE.SPEECH);
    const spoken = engine.framesCaptured();
    clock.advance(75);
    expect(engine.framesCaptured()).toBe(spoken);
    clock.advance(700);
    expect(engine.vadState()).toBe(VAD_STATE.SILENCE);
    expect(notes.captured.filter(({ bits }) => (bits & CAPTURE_EVENT.END) !== 0)).toHaveLength(1);
    // The pacer sleeps again: nothing plays and no speech is open.
    expect(clock.pendingTimers()).toBe(0);
    const fed = metrics.value("voxbridge_silence_frames_total");
    expect(engine.framesCaptured()).toBe(spoken + fed);
    // What was fed counts as filled: the media that comes late for it is dropped.
    engine.capture(phoneFrame(9), 0, 160, 600);
    expect(engine.framesCaptured()).toBe(spoken + fed);
    engine.capture(phoneFrame(9), 0, 160, 600 + fed * 20);
    expect(engine.framesCaptured()).toBe(spoken + fed + 1);
  });

  test("silence stays away while media comes, and while no speech is open", () => {
    const { engine, clock, metrics } = taped();
    engine.capture(phoneFrame(0xff), 0, 160, 0);
    clock.advance(5000);
    const speech = phoneTone(2000);
    for (let at = 0; at < 2000; at += 80) {
      engine.capture(speech, at * 8, (at + 80) * 8, -1);
      clock.advance(80);
    }
    expect(metrics.value("voxbridge_silence_frames_total")).toBe(0);
  });

  test("silence is fed for at most 10 s", () => {
    const process = makeProcess();
    const vad = { ...SETTINGS, minSilenceMs: 30_000 };
    const { engine } = makeCall(process, {}, { vad });
    const speech = phoneTone(600);
    engine.capture(speech, 0, speech.length, -1);
    process.clock.advance(60_000);
    expect(process.metrics.value("voxbridge_silence_frames_total")).toBe(500);
    expect(engine.vadState()).toBe(VAD_STATE.SPEECH_END);
  });

  test("forceEnd() ends the turn now and tells the listener", () => {
    const { engine, notes } = taped();
    const speech = phoneTone(600);
    engine.capture(speech, 0, speech.length, -1);
    const bits = engine.forceEnd();
    expect(bits & CAPTURE_EVENT.END).not.toBe(0);
    expect(notes.captured.at(-1)).toEqual({ bits, frameIndex: 29 });
    expect(engine.vadState()).toBe(VAD_STATE.SILENCE);
  });
});
