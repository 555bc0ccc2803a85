// What every AudioEngine does, whoever made it (style 47): run on the real engine over the wasm
// core and on the mock. Times and counts follow from the contract; audio is G.711 on both sides,
// which any engine passes byte for byte.
import { describe, expect, test } from "bun:test";
import type { AudioEngine, AudioEvent } from "../../service/contract/audio-engine.ts";
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import { SEND } from "../../service/contract/send-result.ts";
import { LEAD_FRAMES } from "../../service/limits.ts";
import { type Notes, phoneAudio, phoneFrame } from "../engine/engine-fixture.ts";
import { phoneTone } from "../engine/phone-tone.ts";
import type { SteppedClock } from "../support/stepped-clock.ts";

export interface EngineUnderTest {
  readonly clock: SteppedClock;
  /** Not initialized yet; µ-law at 8 kHz on both sides, SETTINGS of the core fixture. */
  readonly engine: AudioEngine;
  readonly notes: Notes;
}

const FRAME_BYTES = 160;

/** Captures in real time, frame by frame. */
function hear({ clock, engine }: EngineUnderTest, audio: Uint8Array): void {
  for (let start = 0; start < audio.length; start += FRAME_BYTES) {
    engine.capture(audio, start, start + FRAME_BYTES, -1);
    clock.advance(20);
  }
}

function quiet(ms: number): Buffer {
  return Buffer.alloc(ms * 8, 0xff);
}

function bitsOf(notes: Notes, bit: number): number[] {
  return notes.captured.filter(({ bits }) => (bits & bit) !== 0).map((note) => note.frameIndex);
}

/** One suite for both implementations. */
export function describeAudioEngine(name: string, make: () => EngineUnderTest): void {
  const started = () => {
    const subject = make();
    subject.engine.initialize();
    subject.engine.startCapture();
    return subject;
  };
  describe(`${name} conforms: capture`, () => captureSuite(started));
  describe(`${name} conforms: playback`, () => playbackSuite(started));
  describe(`${name} conforms: life`, () => lifeSuite(make, started));
}

function captureSuite(started: () => EngineUnderTest): void {
  test("S4-C01: frames are told one by one, in order, whatever the chunks", () => {
    const { engine, notes } = started();
    const audio = phoneAudio(200);
    for (const [start, end] of [
      [0, 7],
      [7, 500],
      [500, 1600],
    ] as const) {
      engine.capture(audio, start, end, -1);
    }
    expect(notes.captured.map(({ frameIndex }) => frameIndex)).toEqual(
      Array.from({ length: 10 }, (_, index) => index),
    );
    expect(engine.framesCaptured()).toBe(10);
  });

  test("base64 is the same as its bytes", () => {
    const { engine } = started();
    engine.tapeBegin(0);
    engine.captureBase64(phoneFrame(7).toString("base64"), -1);
    engine.tapeRead(0, 1, (source, start, end) => {
      expect(Buffer.from(source.slice(start, end)).equals(phoneFrame(7))).toBe(true);
      return SEND.SENT;
    });
  });

  test("a lost frame is filled and marked", () => {
    const { engine, notes } = started();
    engine.capture(phoneFrame(1), 0, FRAME_BYTES, 0);
    engine.capture(phoneFrame(2), 0, FRAME_BYTES, 40);
    expect(bitsOf(notes, CAPTURE_EVENT.GAP)).toEqual([1]);
  });

  test("S4-08, S4-13: speech goes through its states; onset and end lie where it was", () => {
    const subject = started();
    const { engine, notes } = subject;
    hear(subject, quiet(1000));
    expect(engine.vadState()).toBe(VAD_STATE.SILENCE);
    hear(subject, phoneTone(600));
    expect(engine.vadState()).toBe(VAD_STATE.SPEECH);
    hear(subject, quiet(700));
    expect(engine.vadState()).toBe(VAD_STATE.SILENCE);
    expect(bitsOf(notes, CAPTURE_EVENT.ONSET)).toHaveLength(1);
    expect(bitsOf(notes, CAPTURE_EVENT.END)).toHaveLength(1);
    expect(Math.abs(engine.onsetPositionSamples() / 8 - 1000)).toBeLessThanOrEqual(64);
    expect(Math.abs(engine.endPositionSamples() / 8 - 1600)).toBeLessThanOrEqual(64);
  });

  test("S1-19: the tape takes the past along and gives each frame back once", () => {
    const subject = started();
    const { engine } = subject;
    const audio = phoneAudio(1000);
    hear(subject, audio);
    expect(engine.tapeBegin(20)).toBe(20);
    hear(subject, audio);
    expect(engine.tapeEnd()).toBe(100);
    const parts: Buffer[] = [];
    const read = engine.tapeRead(0, 100, (source, start, end) => {
      parts.push(Buffer.from(source.slice(start, end)));
      return SEND.SENT;
    });
    expect(read).toBe(80);
    const both = Buffer.concat([audio, audio]);
    expect(Buffer.concat(parts).equals(both.subarray(20 * FRAME_BYTES))).toBe(true);
    expect(engine.tapeBegin(90)).toBe(100);
    engine.tapeDrop(100);
    expect(engine.tapeRead(0, 100, () => SEND.SENT)).toBe(0);
  });

  test("S4-07: subscribers hear speech start and end until they unsubscribe", () => {
    const subject = started();
    const heard: AudioEvent["kind"][] = [];
    const note = (event: AudioEvent) => void heard.push(event.kind);
    const start = subject.engine.subscribe("speech_start", note);
    subject.engine.subscribe("speech_end", note);
    hear(subject, Buffer.concat([quiet(500), phoneTone(600), quiet(700)]));
    subject.engine.unsubscribe(start);
    hear(subject, Buffer.concat([phoneTone(600), quiet(700)]));
    expect(heard).toEqual(["speech_start", "speech_end", "speech_end"]);
  });

  test("S4-12: an injected WAV arrives frame by frame", () => {
    const { engine, notes } = started();
    const header = Buffer.alloc(44);
    header.write("RIFF", 0, "latin1");
    header.write("WAVEfmt ", 8, "latin1");
    header.writeUInt32LE(16, 16);
    header.writeUInt16LE(1, 20);
    header.writeUInt16LE(1, 22);
    header.writeUInt32LE(8000, 24);
    header.writeUInt16LE(16, 34);
    header.write("data", 36, "latin1");
    header.writeUInt32LE(3200, 40);
    expect(engine.injectTestAudio(Buffer.concat([header, Buffer.alloc(3200)]))).toBe(10);
    expect(notes.captured).toHaveLength(10);
    expect(() => engine.injectTestAudio(Buffer.alloc(44))).toThrow(RangeError);
  });
}

function playbackSuite(started: () => EngineUnderTest): void {
  test("S4-05, S1-81: an answer leaves paced, byte for byte, and its end is told", () => {
    const { clock, engine, notes } = started();
    const audio = phoneAudio(500);
    expect(engine.queuePlayback(1, audio, 0, audio.length)).toBe(SEND.BUFFERED);
    engine.endPlaybackItem(1);
    expect(notes.sent).toHaveLength(0);
    clock.advance(5);
    expect(notes.sent).toHaveLength(LEAD_FRAMES);
    clock.advance(1000);
    expect(Buffer.concat(notes.sent.map(({ bytes }) => bytes)).equals(audio)).toBe(true);
    expect(notes.ended.map(({ item, samples }) => [item, samples])).toEqual([[1, 4000]]);
  });

  test("S4-08: it plays until the far end has played everything", () => {
    const { clock, engine } = started();
    expect(engine.isPlaying()).toBe(false);
    engine.queuePlayback(1, phoneAudio(100), 0, 800);
    engine.endPlaybackItem(1);
    expect(engine.isPlaying()).toBe(true);
    clock.advance(90);
    expect(engine.isPlaying()).toBe(true);
    clock.advance(15);
    expect(engine.isPlaying()).toBe(false);
  });

  test("S4-06: an interruption says what it flushed; the next item plays", () => {
    const { clock, engine, notes } = started();
    engine.queuePlayback(1, phoneAudio(1000), 0, 8000);
    clock.advance(50);
    const sentMs = notes.sent.length * 20;
    expect(engine.interruptPlayback()).toBe(1000 - sentMs);
    expect(engine.interruptPlayback()).toBe(0);
    engine.queuePlayback(2, phoneAudio(100), 0, 800);
    clock.advance(5);
    expect(notes.sent.at(-1)?.item).toBe(2);
  });

  test("paused audio waits, resumed audio goes on", () => {
    const { clock, engine, notes } = started();
    engine.queuePlayback(1, phoneAudio(200), 0, 1600);
    engine.endPlaybackItem(1);
    engine.pausePlayback();
    clock.advance(1000);
    expect(notes.sent).toHaveLength(0);
    expect(engine.playbackQueuedMs()).toBe(200);
    engine.resumePlayback();
    clock.advance(1000);
    expect(notes.sent).toHaveLength(10);
  });

  test("S4-09: latency and quality mode differ in how much must wait before a start", () => {
    const { clock, engine, notes } = started();
    engine.optimizeForQuality();
    expect(engine.config.mode).toBe("quality");
    engine.queuePlayback(1, phoneAudio(100), 0, 800);
    clock.advance(50);
    expect(notes.sent).toHaveLength(0);
    engine.optimizeForLatency();
    clock.advance(5);
    expect(notes.sent).toHaveLength(LEAD_FRAMES);
  });
}

function lifeSuite(make: () => EngineUnderTest, started: () => EngineUnderTest): void {
  test("S4-C07: shutdown is idempotent, stops every timer and leaves a silent engine", () => {
    const { clock, engine, notes } = started();
    engine.queuePlayback(1, phoneAudio(1000), 0, 8000);
    engine.shutdown();
    engine.shutdown();
    expect(clock.pendingTimers()).toBe(0);
    engine.capture(phoneFrame(1), 0, FRAME_BYTES, -1);
    engine.captureBase64(phoneFrame(1).toString("base64"), -1);
    engine.tapeDrop(5);
    engine.setPlaybackGain(0.5, 10);
    expect(engine.queuePlayback(2, phoneFrame(1), 0, FRAME_BYTES)).toBe(SEND.DROPPED);
    expect(engine.interruptPlayback()).toBe(0);
    expect(engine.forceEnd()).toBe(0);
    expect(engine.isPlaying()).toBe(false);
    expect(engine.framesCaptured()).toBe(0);
    expect(notes.captured).toHaveLength(0);
  });

  test("nothing before initialize; initialize twice is our bug", () => {
    const { engine } = make();
    expect(engine.queuePlayback(1, phoneFrame(1), 0, FRAME_BYTES)).toBe(SEND.DROPPED);
    engine.initialize();
    expect(() => engine.initialize()).toThrow("twice");
  });

  test("reset drops playback, tape and running speech, and goes on counting frames", () => {
    const subject = started();
    const { clock, engine, notes } = subject;
    hear(subject, Buffer.concat([quiet(500), phoneTone(600)]));
    engine.tapeBegin(0);
    engine.queuePlayback(1, phoneAudio(1000), 0, 8000);
    engine.reset();
    expect(engine.vadState()).toBe(VAD_STATE.SILENCE);
    expect(engine.playbackQueuedMs()).toBe(0);
    expect(engine.tapeRead(0, 1000, () => SEND.SENT)).toBe(0);
    clock.advance(1000);
    expect(notes.sent).toHaveLength(0);
    hear(subject, quiet(200));
    expect(notes.captured.at(-1)?.frameIndex).toBe(64);
    expect(clock.pendingTimers()).toBe(0);
  });

  test("forceEnd ends running speech and tells the listener", () => {
    const subject = started();
    hear(subject, Buffer.concat([quiet(500), phoneTone(600)]));
    expect(subject.engine.forceEnd() & CAPTURE_EVENT.END).not.toBe(0);
    expect(subject.engine.vadState()).toBe(VAD_STATE.SILENCE);
    expect(bitsOf(subject.notes, CAPTURE_EVENT.END)).toEqual([54]);
    expect(subject.engine.forceEnd()).toBe(0);
  });
}
