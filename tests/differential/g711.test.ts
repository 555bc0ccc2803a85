// Two readings of ITU-T G.711: the core's tables (what the service does) and the caller's rule
// (what the tests' far end does). They were written apart; where they agree neither has a slip of
// its own.
import { describe, expect, test } from "bun:test";
import { fromPcm16, toPcm16 } from "../../scripts/caller/audio-format.ts";
import { makeCore, openSlot } from "../core/core-fixture.ts";

const LAWS = ["mulaw", "alaw"] as const;

describe("G.711 of the core and of the caller", () => {
  for (const law of LAWS) {
    test(`all 256 codes of ${law} mean the same samples`, () => {
      const slot = openSlot(makeCore(1), {
        callerEncoding: law,
        callerRateHz: 8000,
        upstreamEncoding: "pcm16",
        upstreamRateHz: 8000,
      });
      const codes = Uint8Array.from({ length: 320 }, (_, index) => index % 256);
      const decoded: Uint8Array[] = [];
      for (let frame = 0; frame < 2; frame += 1) {
        slot.input.set(codes.subarray(frame * 160, frame * 160 + 160));
        slot.ingest();
        decoded.push(new Uint8Array(slot.captureFrame(frame)));
      }
      const ofCore = toPcm16(
        { encoding: "pcm16", rateHz: 8000, channels: 1 },
        Buffer.concat(decoded),
      );
      expect(ofCore).toEqual(toPcm16({ encoding: law, rateHz: 8000, channels: 1 }, codes));
      slot.close();
    });

    test(`every sample becomes the same code of ${law}`, () => {
      const slot = openSlot(makeCore(1), {
        callerEncoding: "pcm16",
        callerRateHz: 8000,
        upstreamEncoding: law,
        upstreamRateHz: 8000,
      });
      let differing = 0;
      for (let first = -32_768; first < 32_768; first += 160) {
        const samples = Int16Array.from({ length: 160 }, (_, index) =>
          Math.min(32_767, first + index),
        );
        slot.input.set(fromPcm16("pcm16", samples));
        slot.ingest();
        const ofCore = slot.captureFrame(slot.framesIngested() - 1);
        if (Buffer.compare(ofCore, fromPcm16(law, samples)) !== 0) differing += 1;
      }
      expect(differing).toBe(0);
      slot.close();
    });
  }
});
