// Goal: levels, noise floor, gate and normaliser (S2-06, S2-07, S2-16, D-29).
// Method: noise and bursts of known power through ingest(); what the slot says is compared in dB.

import { describe, expect, test } from "bun:test";
import type { CoreSlot, VadSettings } from "../../service/contract/core.ts";
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import { makeCore, openSlot } from "../core/core-fixture.ts";

const core = makeCore(4);
let seed = 1;

/** Uniform noise in -1..1, reproducible (Lehmer generator, Park and Miller 1988). */
function noise(): number {
  seed = (seed * 48271) % 2147483647;
  return (seed / 2147483647) * 2 - 1;
}

function openFloat(settings: Partial<VadSettings> = {}, vadSource: "energy" | "beside" = "energy") {
  const format = { callerEncoding: "f32", callerRateHz: 16000, vadSource } as const;
  return openSlot(core, { ...format, upstreamEncoding: "pcm16", upstreamRateHz: 16000 }, settings);
}

/** Ingests frames of noise at a level in dBFS (RMS). -> event bits of all of them together */
function hear(slot: CoreSlot, levelDbfs: number, frames: number): number {
  const amplitude = 10 ** (levelDbfs / 20) * Math.sqrt(3);
  const input = new Float32Array(slot.input.buffer, slot.input.byteOffset, 320);
  let events = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    for (let index = 0; index < 320; index += 1) input[index] = amplitude * noise();
    events |= slot.ingest();
  }
  return events;
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

describe("gate", () => {
  const GATED = { gateOverNoiseFloorDb: 10, minSpeechMs: 0 };

  test("S2-16, D-29: keeps noise shut whatever the model says, opens for the same step anywhere", () => {
    for (const floor of [-50, -80]) {
      const slot = openFloat(GATED, "beside");
      hear(slot, floor, 60);
      for (
        let window = slot.counter("windows") - 3;
        window < slot.counter("windows");
        window += 1
      ) {
        expect(slot.decide(window, 0.99) & CAPTURE_EVENT.ONSET_MAYBE).toBe(0);
      }
      hear(slot, floor + 20, 3);
      expect(slot.decide(slot.windowIndex(), 0.99) & CAPTURE_EVENT.ONSET_MAYBE).not.toBe(0);
      slot.close();
    }
  });

  test("stays open 3 dB under where it opened", () => {
    const slot = openFloat(GATED, "beside");
    hear(slot, -60, 60);
    hear(slot, -45, 3);
    slot.decide(slot.windowIndex(), 0.99);
    expect(slot.vadState()).toBe(VAD_STATE.SPEECH);
    hear(slot, -51, 5);
    slot.decide(slot.windowIndex(), 0.99);
    expect(slot.vadState()).toBe(VAD_STATE.SPEECH);
    hear(slot, -59, 6);
    slot.decide(slot.windowIndex(), 0.99);
    expect(slot.vadState()).toBe(VAD_STATE.SPEECH_END);
    slot.close();
  });
});

describe("level normaliser", () => {
  function windowLevelDbfs(slot: CoreSlot): number {
    let sum = 0;
    for (const sample of slot.window) sum += sample * sample;
    return 10 * Math.log10(sum / slot.window.length);
  }

  test("lifts a caller at -56 dBFS towards -26 within half a second, and its own frames only", () => {
    const slot = openFloat({ isLevelNormalised: true }, "beside");
    hear(slot, -90, 50);
    hear(slot, -56, 25);
    expect(windowLevelDbfs(slot)).toBeGreaterThan(-30);
    const frame = slot.captureFrame(slot.framesIngested() - 1);
    const pcm = new Int16Array(frame.buffer, frame.byteOffset, 320);
    expect(Math.max(...pcm)).toBeLessThan(32768 * 10 ** (-50 / 20));
    slot.close();
  });

  test("does not lift noise over -50 dBFS, nor lower a loud caller, nor clip", () => {
    const slot = openFloat({ isLevelNormalised: true }, "beside");
    hear(slot, -65, 100);
    hear(slot, -50, 40);
    hear(slot, -65, 10);
    expect(windowLevelDbfs(slot)).toBeLessThan(-48);
    hear(slot, -10, 40);
    expect(Math.abs(windowLevelDbfs(slot) + 10)).toBeLessThan(1);
    expect(Math.max(...slot.window.map(Math.abs))).toBeLessThanOrEqual(1);
    slot.close();
  });
});
