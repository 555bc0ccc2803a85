// Goal: the mock's caller speaks on command and its network takes its time, both on the injected
// clock (S4-12). That it is an AudioEngine like any other: tests/conformance/audio-engine.test.ts.
import { describe, expect, test } from "bun:test";
import type { SlotFormat } from "../../service/contract/core.ts";
import { createMockAudioEngine } from "../../service/engine/mock-audio-engine.ts";
import { PHONE_FORMAT, SETTINGS } from "../core/core-fixture.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { Notes, phoneAudio } from "./engine-fixture.ts";

function makeMock(format: Partial<SlotFormat> = {}) {
  const clock = createSteppedClock();
  const listener = new Notes(clock);
  const config = {
    format: { ...PHONE_FORMAT, ...format },
    vad: SETTINGS,
    mode: "latency",
  } as const;
  const engine = createMockAudioEngine({ clock, config, listener });
  engine.initialize();
  engine.startCapture();
  const spoken: { kind: string; atMs: number; positionMs: number }[] = [];
  for (const kind of ["speech_start", "speech_end"] as const) {
    engine.subscribe(kind, (event) => {
      const samples = "positionSamples" in event ? event.positionSamples : 0;
      const positionMs = (samples * 1000) / config.format.callerRateHz;
      spoken.push({ kind: event.kind, atMs: clock.nowMs(), positionMs });
    });
  }
  return { clock, engine, listener, spoken };
}

describe("mockAudioEngine", () => {
  test("S4-12: simulated speech is one turn of that length, in any format", () => {
    const formats: Partial<SlotFormat>[] = [
      {},
      { callerEncoding: "alaw", upstreamEncoding: "pcm16", upstreamRateHz: 16_000 },
      {
        callerEncoding: "f32",
        callerRateHz: 48_000,
        callerChannels: 2,
        upstreamEncoding: "pcm16",
        upstreamRateHz: 24_000,
      },
    ];
    for (const format of formats) {
      const { clock, engine, spoken } = makeMock(format);
      engine.simulateUserSpeech(1000);
      clock.advance(5000);
      expect(spoken.map(({ kind }) => kind)).toEqual(["speech_start", "speech_end"]);
      const lengthMs = (spoken[1]?.positionMs ?? 0) - (spoken[0]?.positionMs ?? 0);
      expect(Math.abs(lengthMs - 1000)).toBeLessThanOrEqual(64);
      expect(clock.pendingTimers()).toBe(0);
    }
  });

  test("a text takes 400 ms a word, and utterances follow one another", () => {
    const { clock, engine, spoken } = makeMock();
    engine.simulateUserSpeech("what is the weather");
    engine.simulateUserSpeech("thank you");
    clock.advance(10_000);
    const kinds = ["speech_start", "speech_end", "speech_start", "speech_end"];
    expect(spoken.map(({ kind }) => kind)).toEqual(kinds);
    const first = (spoken[1]?.positionMs ?? 0) - (spoken[0]?.positionMs ?? 0);
    expect(Math.abs(first - 1600)).toBeLessThanOrEqual(64);
  });

  test("S4-12: a network delay moves what the caller says by that much, and nothing else", () => {
    const fast = makeMock();
    const slow = makeMock();
    slow.engine.simulateNetworkDelay(100);
    for (const { clock, engine } of [fast, slow]) {
      engine.simulateUserSpeech(1000);
      clock.advance(5000);
    }
    expect(slow.spoken.map(({ positionMs }) => positionMs)).toEqual(
      fast.spoken.map(({ positionMs }) => positionMs),
    );
    expect(slow.spoken.map(({ atMs }) => atMs)).toEqual(fast.spoken.map(({ atMs }) => atMs + 100));
  });

  test("S4-12: a network delay moves the answer's frames and its end, in order", () => {
    const { clock, engine, listener } = makeMock();
    engine.simulateNetworkDelay(100);
    const audio = phoneAudio(200);
    engine.queuePlayback(1, audio, 0, audio.length);
    engine.endPlaybackItem(1);
    clock.advance(99);
    expect(listener.sent).toHaveLength(0);
    clock.advance(1000);
    expect(Buffer.concat(listener.sent.map(({ bytes }) => bytes)).equals(audio)).toBe(true);
    expect(listener.ended[0]?.atMs).toBe(listener.sent.at(-1)?.atMs ?? -1);
  });
});
