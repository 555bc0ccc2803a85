// Goal: no click on the way to the caller: no step between samples at a join, cut, ramp or limit
// that is larger than the signal's own largest step. Method: tones, cut at bad moments, the
// output's steps measured; G.711 that needs nothing stays byte for byte (decision 4).

import { describe, expect, test } from "bun:test";
import type { CoreSlot } from "../../service/contract/core.ts";
import { makeCore, openSlot } from "../core/core-fixture.ts";

const core = makeCore(4);
const { kernels } = core;

const PCM_FORMATS = [
  { callerRateHz: 24000, upstreamRateHz: 24000 },
  { callerRateHz: 8000, upstreamRateHz: 24000 },
  { callerRateHz: 48000, upstreamRateHz: 24000 },
  { callerRateHz: 16000, upstreamRateHz: 8000 },
] as const;

function openPcm(format: (typeof PCM_FORMATS)[number]): CoreSlot {
  return openSlot(core, { ...format, callerEncoding: "pcm16", upstreamEncoding: "pcm16" });
}

function toneBytes(rateHz: number, samples: number, amplitude: number, hz = 300): Uint8Array {
  const pcm = Int16Array.from({ length: samples }, (_, index) =>
    Math.round(32767 * amplitude * Math.cos((2 * Math.PI * hz * index) / rateHz)),
  );
  return new Uint8Array(pcm.buffer);
}

function renderAll(slot: CoreSlot, frames: number): number[] {
  const samples: number[] = [];
  for (let frame = 0; frame < frames; frame += 1) {
    slot.render();
    const { buffer, byteOffset, byteLength } = slot.output;
    samples.push(...new Int16Array(buffer, byteOffset, byteLength / 2));
  }
  return samples;
}

function largestStep(samples: readonly number[]): number {
  let largest = 0;
  for (let index = 1; index < samples.length; index += 1) {
    largest = Math.max(largest, Math.abs((samples[index] ?? 0) - (samples[index - 1] ?? 0)));
  }
  return largest;
}

/** Largest step of the tone itself at the caller's rate, with 10 % for filter and rounding. */
function ownStep(rateHz: number, amplitude: number): number {
  return 32767 * amplitude * 2 * Math.sin((Math.PI * 300) / rateHz) * 1.1 + 2;
}

for (const format of PCM_FORMATS) {
  describe(`${format.upstreamRateHz} -> ${format.callerRateHz} Hz`, () => {
    const bound = ownStep(format.callerRateHz, 0.5);

    test("a flush in full swing fades instead of clicking", () => {
      const slot = openPcm(format);
      const source = toneBytes(format.upstreamRateHz, format.upstreamRateHz, 0.5);
      slot.playbackWrite(source, 0, source.length);
      const before = renderAll(slot, 7).slice(200);
      expect(slot.playbackFlush()).toBe(slot.upstreamFrameSamples * 43);
      const after = renderAll(slot, 3);
      expect(largestStep([...before, ...after])).toBeLessThanOrEqual(bound);
      expect(after.slice(-slot.callerFrameSamples).every((sample) => sample === 0)).toBe(true);
      slot.close();
    });

    test("an underrun in full swing slopes to zero", () => {
      const slot = openPcm(format);
      for (const extra of [0, 2, 34, 98]) {
        const samples = slot.upstreamFrameSamples * 3 + extra;
        const source = toneBytes(format.upstreamRateHz, samples, 0.5);
        slot.playbackWrite(source, 0, source.length);
        const heard = renderAll(slot, 6);
        const quarter = Math.floor(heard.length / 6);
        expect(largestStep(heard.slice(quarter))).toBeLessThanOrEqual(bound);
        expect(heard.at(-1)).toBe(0);
      }
      slot.close();
    });

    test("S2-58: new audio after a flush is crossfaded with what was cut, 5 ms at most", () => {
      const slot = openPcm(format);
      const source = toneBytes(format.upstreamRateHz, format.upstreamRateHz / 2, 0.5);
      slot.playbackWrite(source, 0, source.length);
      const before = renderAll(slot, 5).slice(200);
      slot.playbackFlush();
      slot.playbackWrite(source, 0, source.length);
      const after = renderAll(slot, 5);
      expect(largestStep([...before, ...after])).toBeLessThanOrEqual(bound * 1.2);
      slot.close();
    });

    test("ducking ramps without a step and comes back", () => {
      const slot = openPcm(format);
      const source = toneBytes(format.upstreamRateHz, format.upstreamRateHz, 0.5);
      slot.playbackWrite(source, 0, source.length);
      const heard = renderAll(slot, 5).slice(200);
      slot.setPlaybackGain(0.2, 30);
      heard.push(...renderAll(slot, 10));
      const ducked = heard.slice(-slot.callerFrameSamples * 5);
      expect(Math.max(...ducked) / 32767).toBeCloseTo(0.1, 2);
      slot.setPlaybackGain(1, 30);
      heard.push(...renderAll(slot, 10));
      expect(Math.max(...heard.slice(-slot.callerFrameSamples * 5)) / 32767).toBeCloseTo(0.5, 2);
      expect(largestStep(heard)).toBeLessThanOrEqual(bound);
      slot.close();
    });

    test("the limiter holds a boosted tone under full scale without a step", () => {
      const slot = openPcm(format);
      const source = toneBytes(format.upstreamRateHz, format.upstreamRateHz, 0.5);
      slot.playbackWrite(source, 0, source.length);
      const heard = renderAll(slot, 5).slice(200);
      slot.setPlaybackGain(4, 40);
      heard.push(...renderAll(slot, 20));
      expect(Math.max(...heard.map(Math.abs))).toBeLessThanOrEqual(32767);
      expect(Math.max(...heard.slice(-slot.callerFrameSamples))).toBeGreaterThan(32000);
      expect(largestStep(heard)).toBeLessThanOrEqual(ownStep(format.callerRateHz, 1) * 1.1);
      slot.close();
    });
  });
}

describe("G.711", () => {
  test("passes byte for byte across underruns that end near silence", () => {
    const slot = openSlot(core);
    const source = Uint8Array.from({ length: 1000 }, (_, index) =>
      index % 320 > 310 || index > 990 ? 0xff : (index * 7) & 255,
    );
    slot.playbackWrite(source, 0, source.length);
    const heard: number[] = [];
    while (slot.render() > 0) heard.push(...slot.output);
    expect(heard.slice(0, 1000)).toEqual([...source]);
    expect(heard.slice(1000).every((byte) => byte === 0xff)).toBe(true);
    slot.close();
  });

  test("a loud ending keeps its bytes and slopes in the padding", () => {
    const slot = openSlot(core, { callerEncoding: "alaw", upstreamEncoding: "alaw" });
    slot.playbackWrite(new Uint8Array(100).fill(0xaa ^ 0x10), 0, 100);
    slot.render();
    expect([...slot.output.subarray(0, 100)]).toEqual(new Array(100).fill(0xaa ^ 0x10));
    expect(slot.output[101]).not.toBe(0xd5);
    expect(slot.output[145]).toBe(0xd5);
    slot.close();
  });
});

test("a gain ramp goes on in silence, so that audio after it passes untouched", () => {
  const slot = openSlot(core);
  slot.setPlaybackGain(0.2, 0);
  slot.render();
  slot.setPlaybackGain(1, 60);
  for (let frame = 0; frame < 3; frame += 1) slot.render();
  const source = Uint8Array.from({ length: 160 }, (_, index) => 255 - (index % 97));
  slot.playbackWrite(source, 0, 160);
  slot.render();
  expect(slot.output).toEqual(Buffer.from(source));
  slot.close();
});

describe("mix and crossfade kernels", () => {
  test("mix() adds with a gain each", () => {
    kernels.output.f32.set([1, 0.5, -1, 0, 0.25]);
    kernels.input.f32.set([1, 1, 1, -1, 0.5]);
    kernels.mix(5, { target: 50, source: 25 });
    expect([...kernels.output.f32.subarray(0, 5)]).toEqual([0.75, 0.5, -0.25, -0.25, 0.25]);
  });

  test("S2-58: crossfade() is linear and ends in the new signal", () => {
    kernels.output.f32.fill(1, 0, 4);
    kernels.input.f32.fill(-1, 0, 4);
    kernels.crossfade(4);
    expect([...kernels.output.f32.subarray(0, 4)]).toEqual([0.5, 0, -0.5, -1]);
  });
});
