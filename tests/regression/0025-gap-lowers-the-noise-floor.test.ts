// The silence that stands for frames that never came was taken into the noise floor: after half a
// second without media the line's own noise stood out of it as speech, began a turn or cut the
// agent off, and for seconds nothing ended it. Found by `bun run sim --audio --seed 337`.
import { expect, test } from "bun:test";
import { CAPTURE_EVENT, type CoreSlot } from "../../service/contract/core.ts";
import { makeCore, openSlot } from "../core/core-fixture.ts";
import { createSeededRandom } from "../support/seeded-random.ts";

const SPEECH = CAPTURE_EVENT.ONSET_MAYBE | CAPTURE_EVENT.BARGE_MAYBE;

/** Ingests frames of noise at -60 dBFS. -> every event bit that was seen. */
function hearNoise(slot: CoreSlot, frames: number): number {
  const random = createSeededRandom(7);
  const samples = new Int16Array(slot.input.buffer, slot.input.byteOffset, slot.callerFrameSamples);
  let bits = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    for (let index = 0; index < samples.length; index += 1) {
      samples[index] = Math.round((random.uint32() / 2 ** 31 - 1) * 57);
    }
    bits |= slot.ingest();
  }
  return bits;
}

test.each([false, true])(
  "S2-65: noise after a gap is no speech (agent audible: %p)",
  (isAudible) => {
    const format = { callerEncoding: "pcm16", callerRateHz: 16_000 } as const;
    const settings = { bargeInOverNoiseFloorDb: 4 };
    const slot = openSlot(makeCore(1), { ...format, upstreamEncoding: "pcm16" }, settings);
    hearNoise(slot, 200);
    const floorDbfs = slot.noiseFloorDbfs();
    slot.setAgentAudible(isAudible);
    for (let frame = 0; frame < 50; frame += 1) slot.ingestGap();
    expect(slot.noiseFloorDbfs()).toBe(floorDbfs);
    expect(hearNoise(slot, 100) & SPEECH).toBe(0);
    slot.close();
  },
);
