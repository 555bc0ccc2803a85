// Goal: two channels are one time: a stereo frame lasts as long as a mono one, its channels are averaged
// on purpose and never run into each other (D-31). Method: known pairs of channels through the real core
// and the engine, beside the same sound in mono.
import { describe, expect, test } from "bun:test";
import type { CoreSlot, SlotFormat } from "../../service/contract/core.ts";
import { makeCall, makeProcess } from "../engine/engine-fixture.ts";
import { makeCore, openSlot } from "./core-fixture.ts";

const RATES_HZ = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000] as const;
const FRAMES = 25;
const QUIET_DBFS = -90;

function formatOf(callerRateHz: SlotFormat["callerRateHz"], channels: 1 | 2): Partial<SlotFormat> {
  const upstream = { upstreamEncoding: "pcm16", upstreamRateHz: 24_000 } as const;
  return { callerEncoding: "pcm16", callerRateHz, callerChannels: channels, ...upstream };
}

const toneAt = (position: number, rateHz: number) =>
  Math.round(12_000 * Math.sin((2 * Math.PI * 500 * position) / rateHz));

/** Frames of a tone, each channel by its gain. -> what was captured. */
function captured(slot: CoreSlot, gains: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  const { callerRateHz } = slot.format;
  for (let frame = 0; frame < FRAMES; frame += 1) {
    const view = new DataView(slot.input.buffer, slot.input.byteOffset, slot.input.byteLength);
    const first = frame * slot.callerFrameSamples;
    for (let index = 0; index < slot.callerFrameSamples; index += 1) {
      for (const [channel, gain] of gains.entries()) {
        const value = Math.round(gain * toneAt(first + index, callerRateHz));
        view.setInt16((index * gains.length + channel) * 2, value, true);
      }
    }
    slot.ingest();
    parts.push(Buffer.from(slot.captureFrame(frame)));
  }
  return Buffer.concat(parts);
}

describe("D-31: stereo", () => {
  test.each(RATES_HZ)(
    "at %i Hz is averaged: equal channels are mono, opposite ones are silence",
    (rateHz) => {
      const core = makeCore(4);
      const mono = captured(openSlot(core, formatOf(rateHz, 1)), [1]);
      expect(captured(openSlot(core, formatOf(rateHz, 2)), [1, 1]).equals(mono)).toBe(true);
      const opposite = openSlot(core, formatOf(rateHz, 2));
      const rest = captured(opposite, [1, -1]);
      expect(rest.every((byte) => byte === 0)).toBe(true);
      expect(opposite.levelDbfs()).toBeLessThan(QUIET_DBFS);
      // One channel alone is half as loud, not twice as long.
      const half = captured(openSlot(core, formatOf(rateHz, 2)), [2, 0]);
      expect(half.equals(mono)).toBe(true);
      expect(half.length).toBe(mono.length);
    },
  );

  test.each(RATES_HZ)("at %i Hz a second of both channels is a second", (rateHz) => {
    for (const channels of [1, 2] as const) {
      const { engine } = makeCall(makeProcess(), formatOf(rateHz, channels));
      const second = Buffer.alloc(rateHz * channels * 2);
      engine.capture(second, 0, second.length, -1);
      expect(engine.framesCaptured()).toBe(50);
      engine.shutdown();
    }
  });
});
