// Goal: the host's contract at its borders: slots, formats, views, counters, what is refused.

import { describe, expect, test } from "bun:test";
import { VoxError } from "../../service/errors.ts";
import { loadCore } from "../../service/core/core.ts";
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import { PHONE_FORMAT, SETTINGS, ingestTone, makeCore, openSlot } from "./core-fixture.ts";

const PCM_24K = {
  callerEncoding: "pcm16",
  callerRateHz: 24000,
  upstreamEncoding: "pcm16",
  upstreamRateHz: 24000,
} as const;

describe("loadCore()", () => {
  test("refuses bytes that are no core", () => {
    expect(() => loadCore(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))).toThrow(VoxError);
    expect(() => loadCore(new Uint8Array(8))).toThrow(VoxError);
  });

  test("hands out slotsMax slots, then null, and takes them back", () => {
    const core = makeCore(2);
    const first = openSlot(core);
    const second = openSlot(core);
    expect(core.slotsOpen()).toBe(2);
    expect(core.openSlot(PHONE_FORMAT, SETTINGS)).toBeNull();
    first.close();
    expect(core.slotsOpen()).toBe(1);
    expect(openSlot(core).index).toBe(first.index);
    second.close();
  });
});

describe("openSlot()", () => {
  test("refuses formats that are none", () => {
    const core = makeCore(1);
    const bad = { ...PHONE_FORMAT, callerRateHz: 11025 as 8000 };
    expect(() => core.openSlot(bad, SETTINGS)).toThrow(RangeError);
    const wide = { ...PHONE_FORMAT, upstreamRateHz: 24000 as const };
    expect(() => core.openSlot(wide, SETTINGS)).toThrow(RangeError);
    const threshold = { ...SETTINGS, stopThreshold: 0.9 };
    expect(() => core.openSlot(PHONE_FORMAT, threshold)).toThrow(RangeError);
    expect(core.slotsOpen()).toBe(0);
  });

  test("S2-02, S2-05: gives frame sizes of every caller format", () => {
    const core = makeCore(1);
    for (const callerRateHz of [8000, 16000, 22050, 24000, 44100, 48000] as const) {
      for (const callerEncoding of ["pcm16", "f32", "mulaw", "alaw"] as const) {
        for (const callerChannels of [1, 2] as const) {
          const slot = openSlot(core, { callerRateHz, callerEncoding, callerChannels });
          const bytes = { pcm16: 2, f32: 4, mulaw: 1, alaw: 1 }[callerEncoding];
          expect(slot.callerFrameSamples).toBe(callerRateHz / 50);
          expect(slot.callerFrameBytes).toBe((callerRateHz / 50) * bytes * callerChannels);
          expect(slot.input.length).toBe(slot.callerFrameBytes);
          expect(slot.output.length).toBe(slot.callerFrameBytes);
          slot.ingest();
          slot.render();
          slot.close();
        }
      }
    }
  });
});

test("every pair of rates fits every preset into the room for tables and histories", () => {
  const core = makeCore(1);
  const rates = [8000, 16000, 22050, 24000, 44100, 48000] as const;
  for (const resampler of ["fast", "standard", "high", "linear"] as const) {
    for (const callerRateHz of rates) {
      for (const upstreamRateHz of [8000, 16000, 24000] as const) {
        const format = { ...PCM_24K, callerRateHz, upstreamRateHz, resampler };
        const slot = openSlot(core, format);
        slot.ingest();
        slot.render();
        slot.close();
      }
      for (const targetHz of rates) {
        core.kernels.openResampler(callerRateHz, targetHz, resampler)?.close();
      }
    }
  }
  expect(core.slotsOpen()).toBe(0);
}, 60_000);

describe("ingest()", () => {
  test("passes G.711 to the upstream byte for byte", () => {
    const slot = openSlot(makeCore(1));
    for (let frame = 0; frame < 250; frame += 1) {
      slot.input.fill(frame);
      slot.ingest();
      expect(slot.captureFrame(frame)).toEqual(slot.input);
    }
    expect(slot.captureFrame(150)[0]).toBe(150);
    expect(() => slot.captureFrame(149)).toThrow(RangeError);
    expect(slot.counter("captureOverruns")).toBe(1);
  });

  test("measures level and peak (S2-07)", () => {
    const slot = openSlot(makeCore(1), PCM_24K);
    slot.ingest();
    expect(slot.levelDbfs()).toBe(-96);
    ingestTone(slot, 1000, 0.5);
    expect(slot.levelDbfs()).toBeCloseTo(20 * Math.log10(0.5 / Math.SQRT2), 1);
    expect(slot.peakDbfs()).toBeCloseTo(20 * Math.log10(0.5), 1);
    expect(ingestTone(slot, 1000, 1) & CAPTURE_EVENT.CLIPPED).not.toBe(0);
    expect(slot.counter("clippedFrames")).toBe(1);
  });

  test("T17: counts samples that are no number and goes on with silence", () => {
    const slot = openSlot(makeCore(1), { ...PCM_24K, callerEncoding: "f32" });
    new Float32Array(slot.input.buffer, slot.input.byteOffset, 480).fill(Number.NaN);
    slot.ingest();
    expect(slot.counter("nonFiniteSamples")).toBe(480);
    expect(slot.levelDbfs()).toBe(-96);
    expect(slot.captureFrame(0)).toEqual(Buffer.alloc(960));
  });

  test("D-30, RT-04: completes 5 windows in 8 frames, at most one a frame", () => {
    const slot = openSlot(makeCore(1), PCM_24K);
    let windows = 0;
    for (let frame = 0; frame < 80; frame += 1) {
      windows += slot.ingest() & CAPTURE_EVENT.WINDOW;
    }
    expect(windows).toBe(50);
    expect(slot.counter("windows")).toBe(50);
  });

  test("finds onset and end of a tone burst at every rate, at the same time", () => {
    const core = makeCore(1);
    for (const callerRateHz of [8000, 16000, 22050, 24000, 44100, 48000] as const) {
      const slot = openSlot(core, { ...PCM_24K, callerRateHz });
      let seen = 0;
      for (let frame = 0; frame < 100; frame += 1) {
        const isTone = frame >= 32 && frame < 64; // 640 to 1280 ms: windows 20 to 39
        seen |= ingestTone(slot, 1000, isTone ? 0.3 : 0.0005);
      }
      const { ONSET_MAYBE, ONSET, END_MAYBE, END } = CAPTURE_EVENT;
      const all = ONSET_MAYBE | ONSET | END_MAYBE | END;
      expect(seen & all).toBe(all);
      expect(slot.onsetPositionSamples()).toBe(Math.floor((callerRateHz * 640) / 1000));
      const endMs = (slot.endPositionSamples() * 1000) / callerRateHz;
      expect(endMs).toBeGreaterThanOrEqual(1279.9);
      expect(endMs).toBeLessThanOrEqual(1312);
      expect(slot.vadState()).toBe(VAD_STATE.SILENCE);
      slot.close();
    }
  });
});

describe("decide()", () => {
  test("advances the machine in order; more than 8 behind counts as silence", () => {
    const slot = openSlot(makeCore(1), { vadSource: "beside" }, { minSpeechMs: 64 });
    const seen: number[] = [];
    for (let frame = 0; frame < 8; frame += 1) seen.push(slot.ingest());
    expect(slot.windowIndex()).toBe(4);
    expect(slot.decide(0, 0.9)).toBe(CAPTURE_EVENT.ONSET_MAYBE);
    expect(slot.decide(1, 0.9)).toBe(CAPTURE_EVENT.ONSET);
    expect(slot.decide(1, 0.9)).toBe(0);
    for (let frame = 0; frame < 16; frame += 1) slot.ingest();
    expect(slot.counter("windowsSkipped")).toBe(5);
    expect(slot.vadState()).toBe(VAD_STATE.SPEECH_END);
  });
});

describe("render()", () => {
  test("passes G.711 byte for byte while the gain is 1, pads with silence", () => {
    const slot = openSlot(makeCore(1));
    const source = Uint8Array.from({ length: 400 }, (_, index) => index & 255);
    expect(slot.playbackWrite(source, 0, 400)).toBe(400);
    expect(slot.playbackQueuedSamples()).toBe(400);
    expect(slot.render()).toBe(160);
    expect(slot.output).toEqual(Buffer.from(source.subarray(0, 160)));
    slot.render();
    expect(slot.render()).toBe(80);
    expect(slot.output[79]).toBe(source[399] ?? -1);
    expect(slot.output[159]).toBe(0xff);
    expect(slot.render()).toBe(0);
    expect(slot.counter("playbackUnderruns")).toBe(2);
  });

  test("takes what fits and says so; flush gives back what was dropped", () => {
    const slot = openSlot(makeCore(1), PCM_24K);
    expect(slot.playbackWrite(new Uint8Array(50_001), 0, 50_001)).toBe(48_000);
    expect(slot.counter("playbackOverruns")).toBe(1);
    expect(slot.playbackFlush()).toBe(24_000);
    expect(slot.counter("playbackFlushedSamples")).toBe(24_000);
    expect(slot.playbackQueuedSamples()).toBe(0);
  });

  test("ramps the gain down to silence", () => {
    const slot = openSlot(makeCore(1));
    slot.playbackWrite(new Uint8Array(1600).fill(0x80), 0, 1600);
    slot.setPlaybackGain(0, 20);
    slot.render();
    slot.render();
    expect(slot.output.every((byte) => byte === 0xff)).toBe(true);
  });
});
