// The ear is the ground truth of the end-to-end tests, so its own truth is checked by hand: 8 kHz
// mu-law, so 8 samples are 1 ms and 160 bytes a frame.
import { describe, expect, test } from "bun:test";
import { createEar } from "../../../scripts/caller/ear.ts";
import type { AudioFormat } from "../../../scripts/caller/audio-format.ts";
import { createSteppedClock } from "../../support/stepped-clock.ts";

const FORMAT: AudioFormat = { encoding: "mulaw", rateHz: 8000, channels: 1 };

function frame(item: number, index: number, generation = 0) {
  const data = new Uint8Array(160).fill(index + 1);
  return { item, positionSamples: index * 160, generation, data };
}

function setUp() {
  const clock = createSteppedClock();
  const log: string[] = [];
  const ear = createEar(clock, FORMAT, {
    onSound: (item) => log.push(`sound ${item} @${clock.nowMs()}`),
    onQuiet: () => log.push(`quiet @${clock.nowMs()}`),
  });
  return { clock, ear, log };
}

describe("createEar()", () => {
  test("play() queues frames and plays them in real time from arrival", () => {
    const { clock, ear, log } = setUp();
    clock.advance(100);
    for (let index = 0; index < 3; index += 1) ear.play(frame(1, index));
    expect(ear.heardSamples(1)).toBe(0);
    clock.advance(30.5);
    expect(ear.heardSamples(1)).toBe(244);
    expect(ear.current()?.positionSamples).toBe(160);
    clock.advance(100);
    expect(ear.heardSamples(1)).toBe(480);
    expect(ear.heardMs()).toBe(60);
    expect(log).toEqual(["sound 1 @100", "quiet @160"]);
  });

  test("clear() cuts at the very sample and refuses older generations afterwards", () => {
    const { clock, ear, log } = setUp();
    for (let index = 0; index < 3; index += 1) ear.play(frame(1, index));
    clock.advance(25);
    ear.clear(1);
    clock.advance(500);
    expect(ear.heardSamples(1)).toBe(200);
    expect(ear.heardBytes()).toHaveLength(200);
    expect(ear.play(frame(1, 3))).toBe(false);
    expect(ear.staleFrames()).toBe(1);
    expect(ear.play(frame(2, 0, 1))).toBe(true);
    clock.advance(20);
    expect(ear.heardSamples(2)).toBe(160);
    expect(log).toEqual(["sound 1 @0", "quiet @25", "sound 2 @525", "quiet @545"]);
  });

  test("whenPlayed() calls back when the audio before it is heard, at once on an empty queue", () => {
    const { clock, ear } = setUp();
    const log: string[] = [];
    ear.whenPlayed((isCleared) => log.push(`first ${isCleared} @${clock.nowMs()}`));
    ear.play(frame(1, 0));
    ear.whenPlayed((isCleared) => log.push(`second ${isCleared} @${clock.nowMs()}`));
    ear.play(frame(1, 1));
    ear.whenPlayed((isCleared) => log.push(`third ${isCleared} @${clock.nowMs()}`));
    ear.whenPlayed((isCleared) => log.push(`fourth ${isCleared} @${clock.nowMs()}`));
    clock.advance(30);
    ear.clear(1);
    clock.advance(100);
    expect(log).toEqual([
      "first false @0",
      "second false @20",
      "third true @30",
      "fourth true @30",
    ]);
  });

  test("underruns() counts a pause inside an item, not the pause between two", () => {
    const { clock, ear } = setUp();
    ear.play(frame(1, 0));
    clock.advance(40);
    ear.play(frame(1, 1));
    clock.advance(40);
    ear.play(frame(2, 0));
    expect(ear.underruns()).toBe(1);
  });

  test("recording() lays what was heard on real time", () => {
    const { clock, ear } = setUp();
    clock.advance(40);
    ear.play(frame(1, 0));
    clock.advance(10);
    ear.clear(1);
    clock.advance(10);
    const recording = ear.recording(0);
    expect(recording).toHaveLength(60 * 8);
    expect(recording.subarray(0, 320).every((byte) => byte === 0xff)).toBe(true);
    expect(recording.subarray(320, 400).every((byte) => byte === 1)).toBe(true);
    expect(recording.subarray(400).every((byte) => byte === 0xff)).toBe(true);
  });

  test("keeps exact sample counts at 22050 Hz over an hour", () => {
    const clock = createSteppedClock();
    const ear = createEar(clock, { encoding: "pcm16", rateHz: 22_050, channels: 1 });
    clock.advance(3_600_000.3);
    for (let index = 0; index < 50; index += 1) {
      ear.play({ item: 1, positionSamples: index * 441, generation: 0, data: new Uint8Array(882) });
      clock.advance(20);
      expect(ear.heardSamples(1)).toBe((index + 1) * 441);
    }
  });
});
