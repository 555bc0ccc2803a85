// Goal: chunks of any size become whole frames in order, gaps are filled where they were, nothing
// that was filled comes twice (decision 16). Media that stops: capture-silence.test.ts.
// Method: µ-law at 8 kHz on both sides, so captured frames are the caller's bytes; the tape reads
// back.
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { AudioEngine } from "../../service/contract/audio-engine.ts";
import { CAPTURE_EVENT, type Core, type CoreSlot } from "../../service/contract/core.ts";
import { SEND } from "../../service/contract/send-result.ts";
import { createAudioEngine } from "../../service/engine/audio-engine.ts";
import { createAudioShared } from "../../service/engine/audio-shared.ts";
import { createFastLaneConfig } from "../../service/engine/fast-lane-config.ts";
import { makeCore, PHONE_FORMAT } from "../core/core-fixture.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { makeCall, makeProcess, phoneAudio, phoneFrame } from "./engine-fixture.ts";

/** Everything captured since tapeBegin(0). */
function readTape(engine: AudioEngine): Buffer {
  const parts: Buffer[] = [];
  engine.tapeRead(0, engine.framesCaptured(), (source, start, end) => {
    parts.push(Buffer.from(source.slice(start, end)));
    return SEND.SENT;
  });
  return Buffer.concat(parts);
}

function taped() {
  const process = makeProcess();
  const call = makeCall(process);
  call.engine.tapeBegin(0);
  return { ...process, ...call };
}

describe("capture", () => {
  test("any chunking gives the same frames", () => {
    const audio = phoneAudio(400);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (sizes) => {
        const { engine, notes } = taped();
        let next = 0;
        for (let at = 0; next < audio.length; at += 1) {
          const end = Math.min(audio.length, next + (sizes[at % sizes.length] ?? 1));
          engine.capture(audio, next, end, -1);
          next = end;
        }
        expect(notes.captured.map(({ frameIndex }) => frameIndex)).toEqual(
          Array.from({ length: 20 }, (_, index) => index),
        );
        expect(readTape(engine)).toEqual(audio);
        engine.shutdown();
      }),
      { numRuns: 40 },
    );
  });

  test("base64 gives the same frames, whole, broken or several at once", () => {
    const audio = phoneAudio(400);
    for (const size of [160, 80, 100, 320, 777]) {
      const { engine } = taped();
      for (let next = 0; next < audio.length; next += size) {
        engine.captureBase64(audio.subarray(next, next + size).toString("base64"), -1);
      }
      expect(readTape(engine)).toEqual(audio.subarray(0, engine.framesCaptured() * 160));
      expect(engine.framesCaptured()).toBe(20);
    }
  });

  test("text that is no base64 neither throws nor reaches beyond the frame", () => {
    const { engine } = taped();
    for (const text of ["", "=", "====", "!!!!", "A".repeat(215), "é".repeat(300)]) {
      expect(() => engine.captureBase64(text, -1)).not.toThrow();
    }
    expect(() => engine.captureBase64("A".repeat(200_000), -1)).not.toThrow();
    engine.capture(phoneAudio(100), 0, 800, -1);
    expect(engine.framesCaptured()).toBeGreaterThanOrEqual(5);
  });

  test("a jump of the caller's clock is filled before the frame", () => {
    const { engine, notes, metrics } = taped();
    engine.capture(phoneFrame(1), 0, 160, 5000);
    engine.capture(phoneFrame(2), 0, 160, 5020);
    engine.capture(phoneFrame(3), 0, 160, 5100);
    expect(notes.captured.map(({ bits }) => (bits & CAPTURE_EVENT.GAP) !== 0)).toEqual([
      false,
      false,
      true,
      true,
      true,
      false,
    ]);
    const tape = readTape(engine);
    expect(tape.subarray(160, 320)).toEqual(phoneFrame(2));
    expect(tape.subarray(800)).toEqual(phoneFrame(3));
    expect(metrics.value("voxbridge_gap_frames_total")).toBe(3);
  });

  test("an unfinished frame before a gap is completed with silence", () => {
    const { engine } = taped();
    engine.capture(phoneFrame(1), 0, 80, 0);
    engine.capture(phoneFrame(2), 0, 160, 40);
    const tape = readTape(engine);
    expect(engine.framesCaptured()).toBe(3);
    expect(tape.subarray(0, 160)).toEqual(
      Buffer.concat([Buffer.alloc(80, 1), Buffer.alloc(80, 0xff)]),
    );
    expect(tape.subarray(320)).toEqual(phoneFrame(2));
  });

  test("at most 10 s of one gap are filled, the rest is counted", () => {
    const { engine, metrics } = taped();
    engine.capture(phoneFrame(1), 0, 160, 0);
    engine.capture(phoneFrame(2), 0, 160, 60_020);
    expect(engine.framesCaptured()).toBe(502);
    expect(metrics.value("voxbridge_gap_skipped_ms_total")).toBe(50_000);
  });

  test("media for a span already filled is dropped and counted", () => {
    const { engine, metrics } = taped();
    engine.capture(phoneFrame(1), 0, 160, 0);
    engine.capture(phoneFrame(4), 0, 160, 60);
    engine.capture(phoneFrame(2), 0, 160, 20);
    expect(engine.framesCaptured()).toBe(4);
    engine.capture(phoneFrame(5), 0, 160, 80);
    expect(readTape(engine).subarray(640)).toEqual(phoneFrame(5));
    expect(metrics.value("voxbridge_late_media_ms_total")).toBe(20);
  });

  test("jitter and drift of the caller's clock are no gaps", () => {
    const { engine, metrics } = taped();
    for (let frame = 0; frame < 3000; frame += 1) {
      // 200 ppm slow, 8 ms of jitter.
      const captureMs = frame * 20.004 + (frame % 2) * 8;
      engine.capture(phoneFrame(frame % 200), 0, 160, captureMs);
    }
    expect(engine.framesCaptured()).toBe(3000);
    expect(metrics.value("voxbridge_gap_frames_total")).toBe(0);
  });

  test("a caller's clock that goes back is counted and followed", () => {
    const { engine, metrics } = taped();
    engine.capture(phoneFrame(1), 0, 160, 90_000);
    engine.capture(phoneFrame(2), 0, 160, 0);
    engine.capture(phoneFrame(3), 0, 160, 20);
    expect(engine.framesCaptured()).toBe(3);
    expect(metrics.value("voxbridge_capture_clock_steps_total")).toBe(1);
  });

  test("nothing is captured before startCapture and after stopCapture", () => {
    const { engine, metrics } = taped();
    engine.stopCapture();
    engine.capture(phoneFrame(1), 0, 160, 0);
    engine.captureBase64(phoneFrame(1).toString("base64"), 20);
    expect(engine.framesCaptured()).toBe(0);
    expect(metrics.value("voxbridge_refused_media_bytes_total")).toBe(320);
    engine.startCapture();
    engine.capture(phoneFrame(1), 0, 160, 40);
    expect(engine.framesCaptured()).toBe(1);
    engine.stopCapture();
    engine.startCapture();
    engine.capture(phoneFrame(1), 0, 160, 5000);
    expect(engine.framesCaptured()).toBe(2);
  });
});

describe("capture over time", () => {
  test("whatever is lost, repeated or late by chunks, every frame lies at its time", () => {
    const chunk = fc.record({
      frames: fc.integer({ min: 1, max: 5 }),
      fate: fc.constantFrom("arrives", "arrives", "lost", "twice"),
    });
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 1, maxLength: 30 }), (chunks) => {
        const { engine } = taped();
        const expected: number[] = [];
        const sendAt = (frame: number, frames: number) => {
          const values = Array.from({ length: frames }, (_, at) => phoneFrame((frame + at) % 250));
          const bytes = Buffer.concat(values);
          engine.capture(bytes, 0, bytes.length, frame * 20);
        };
        sendAt(0, 1);
        expected.push(0);
        let next = 1;
        for (const { frames, fate } of chunks) {
          if (fate !== "lost") {
            const isAfterGap = expected.length < next;
            while (expected.length < next) expected.push(-1);
            sendAt(next, frames);
            for (let at = 0; at < frames; at += 1) expected.push((next + at) % 250);
            // A filled span takes nothing late.
            if (fate === "twice" && isAfterGap) sendAt(next - 1, 1);
          }
          next += frames;
        }
        const tape = readTape(engine);
        expect(tape.length).toBe(expected.length * 160);
        for (const [frame, value] of expected.entries()) {
          if (value >= 0) expect(tape[frame * 160]).toBe(value);
        }
        engine.shutdown();
      }),
      { numRuns: 60 },
    );
  });

  test("S4-51: frames are handed on as they lie in core memory and in the tape's blocks", () => {
    const clock = createSteppedClock();
    const core = makeCore(1);
    const slots: CoreSlot[] = [];
    const openSlot = (...wanted: Parameters<Core["openSlot"]>) => {
      const slot = core.openSlot(...wanted);
      if (slot !== null) slots.push(slot);
      return slot;
    };
    const shared = createAudioShared({ core: { ...core, openSlot }, clock });
    const handed = new Set<Uint8Array>();
    const engine = createAudioEngine(shared, createFastLaneConfig(PHONE_FORMAT), {
      onCaptureFrame: () => undefined,
      onPlaybackFrame(frame) {
        handed.add(frame);
        return SEND.SENT;
      },
      onPlaybackItemSent: () => undefined,
      onPlaybackUnderrun: () => undefined,
    });
    engine.initialize();
    engine.startCapture();
    engine.tapeBegin(0);
    engine.queuePlayback(1, phoneAudio(400), 0, 3200);
    for (let at = 0; at < 400; at += 20) {
      engine.capture(phoneAudio(400), at * 8, at * 8 + 160, -1);
      clock.advance(20);
    }
    expect([...handed]).toEqual([slots[0]?.output ?? new Uint8Array()]);
    expect(handed.has(slots[0]?.output ?? new Uint8Array())).toBe(true);
    const blocks = new Set<Uint8Array>();
    engine.tapeRead(0, 20, (source) => {
      blocks.add(source);
      return SEND.SENT;
    });
    expect([...blocks].map((block) => block.length)).toEqual([8000]);
  });
});
