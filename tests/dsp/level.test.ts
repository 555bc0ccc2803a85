// Goal: levels and noise floor (S2-06, S2-07, D-29); gate and normaliser: vad-level.test.ts.
// Method: noise and bursts of known power through ingest(); what the slot says is compared in dB.

import { describe, expect, test } from "bun:test";
import type { CoreSlot } from "../../service/contract/core.ts";
import { makeCore, openSlot } from "../core/core-fixture.ts";

const core = makeCore(4);
let seed = 1;

/** Uniform noise in -1..1, reproducible (Lehmer generator, Park and Miller 1988). */
function noise(): number {
  seed = (seed * 48271) % 2147483647;
  return (seed / 2147483647) * 2 - 1;
}

function openFloat(): CoreSlot {
  const format = { callerEncoding: "f32", callerRateHz: 16000 } as const;
  return openSlot(core, { ...format, upstreamEncoding: "pcm16", upstreamRateHz: 16000 });
}

/** Ingests frames of noise at a level in dBFS (RMS). */
function hear(slot: CoreSlot, levelDbfs: number, frames: number): void {
  const amplitude = 10 ** (levelDbfs / 20) * Math.sqrt(3);
  const input = new Float32Array(slot.input.buffer, slot.input.byteOffset, 320);
  for (let frame = 0; frame < frames; frame += 1) {
    for (let index = 0; index < 320; index += 1) input[index] = amplitude * noise();
    slot.ingest();
  }
}

test("levelDbfs() is 20 log10 of the RMS within 0.01 dB, silence is -96 (S2-07)", () => {
  const slot = openFloat();
  const input = new Float32Array(slot.input.buffer, slot.input.byteOffset, 320);
  for (let db = 0; db >= -90; db -= 0.7) {
    input.fill(10 ** (db / 20));
    slot.ingest();
    expect(Math.abs(slot.levelDbfs() - db)).toBeLessThan(0.01);
    expect(Math.abs(slot.peakDbfs() - db)).toBeLessThan(0.01);
  }
  input.fill(0);
  slot.ingest();
  expect(slot.levelDbfs()).toBe(-96);
  slot.close();
});

describe("noise floor", () => {
  test("is within 2 dB of a steady noise after a second, at any level", () => {
    for (const level of [-70, -60, -50, -46]) {
      const slot = openFloat();
      hear(slot, level, 50);
      expect(Math.abs(slot.noiseFloorDbfs() - level)).toBeLessThan(2);
      slot.close();
    }
  });

  test("stays through 2 s of speech-like bursts and follows a rise within 4 s", () => {
    const slot = openFloat();
    hear(slot, -60, 50);
    for (let burst = 0; burst < 10; burst += 1) {
      hear(slot, -25, 8);
      hear(slot, -60, 3);
    }
    expect(Math.abs(slot.noiseFloorDbfs() + 60)).toBeLessThan(3);
    hear(slot, -40, 200);
    expect(Math.abs(slot.noiseFloorDbfs() + 40)).toBeLessThan(2);
    hear(slot, -60, 20);
    expect(Math.abs(slot.noiseFloorDbfs() + 60)).toBeLessThan(3);
    slot.close();
  });
});
