// Goal: the engine adds nothing to the audio's way: what it captures, says and plays is bit for bit
// what the core alone captures, says and plays (S4-50).
// Method: the same bytes through AudioEngine, in chunks of any size, and by hand into a second slot
// of the same core, frame by frame.
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { CoreSlot, SlotFormat } from "../../service/contract/core.ts";
import { SEND } from "../../service/contract/send-result.ts";
import { makeCore, PHONE_FORMAT, SETTINGS } from "../core/core-fixture.ts";
import { makeCall, makeProcess } from "./engine-fixture.ts";
import { phoneTone } from "./phone-tone.ts";

const CORE = makeCore(2);
const FORMATS: readonly Partial<SlotFormat>[] = [
  {},
  { callerEncoding: "alaw", upstreamEncoding: "pcm16", upstreamRateHz: 24_000 },
  {
    callerEncoding: "pcm16",
    callerRateHz: 16_000,
    upstreamEncoding: "pcm16",
    upstreamRateHz: 24_000,
  },
  {
    callerEncoding: "f32",
    callerRateHz: 48_000,
    callerChannels: 2,
    upstreamEncoding: "pcm16",
    upstreamRateHz: 16_000,
    resampler: "high",
  },
  { callerEncoding: "pcm16", callerRateHz: 22_050, upstreamEncoding: "mulaw", resampler: "fast" },
];
const FRAMES = 40;
/** Loud, then quiet, then loud: onset and end happen, whatever the bytes mean in a format. */
const SOURCE = Buffer.concat([phoneTone(4000), Buffer.alloc(60_000), phoneTone(28_000)]);

function openByHand(format: Partial<SlotFormat>): CoreSlot {
  const slot = CORE.openSlot({ ...PHONE_FORMAT, ...format }, SETTINGS);
  if (slot === null) throw new Error("The core has two slots");
  return slot;
}

describe("engine and core alone", () => {
  test.each(FORMATS.map((format, index) => [index, format] as const))(
    "S4-50: format %i is captured bit for bit, with the same event bits, in any chunking",
    (_index, format) => {
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1 }), (sizes) => {
          const { engine, notes } = makeCall(makeProcess({ core: CORE }), format);
          const slot = openByHand(format);
          engine.tapeBegin(0);
          const bytes = FRAMES * slot.callerFrameBytes;
          for (let next = 0, at = 0; next < bytes; at += 1) {
            const end = Math.min(bytes, next + (sizes[at % sizes.length] ?? 1));
            engine.capture(SOURCE, next, end, -1);
            next = end;
          }
          const frames: Buffer[] = [];
          const bits: number[] = [];
          for (let frame = 0; frame < FRAMES; frame += 1) {
            SOURCE.copy(
              slot.input,
              0,
              frame * slot.callerFrameBytes,
              (frame + 1) * slot.callerFrameBytes,
            );
            bits.push(slot.ingest());
            frames.push(Buffer.from(slot.captureFrame(frame)));
          }
          const taped: Buffer[] = [];
          engine.tapeRead(0, FRAMES, (source, start, end) => {
            taped.push(Buffer.from(source.slice(start, end)));
            return SEND.SENT;
          });
          expect(Buffer.concat(taped).equals(Buffer.concat(frames))).toBe(true);
          expect(notes.captured.map((note) => note.bits)).toEqual(bits);
          engine.shutdown();
          slot.close();
        }),
        { numRuns: 10 },
      );
    },
  );

  test.each(FORMATS.map((format, index) => [index, format] as const))(
    "S4-50: format %i is played bit for bit, in any sizes of deltas",
    (_index, format) => {
      const sizes = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1 });
      fc.assert(
        fc.property(sizes, (drawn) => {
          const process = makeProcess({ core: CORE });
          const { engine, notes } = makeCall(process, format);
          const slot = openByHand(format);
          const bytes = FRAMES * slot.upstreamFrameBytes;
          for (let next = 0, at = 0; next < bytes; at += 1) {
            const end = Math.min(bytes, next + (drawn[at % drawn.length] ?? 1));
            engine.queuePlayback(1, SOURCE, next, end);
            next = end;
          }
          engine.endPlaybackItem(1);
          process.clock.advance(FRAMES * 20);
          expect(notes.sent).toHaveLength(FRAMES);
          for (const [frame, sent] of notes.sent.entries()) {
            slot.playbackWrite(
              SOURCE,
              frame * slot.upstreamFrameBytes,
              (frame + 1) * slot.upstreamFrameBytes,
            );
            slot.render();
            expect(sent.bytes.equals(slot.output)).toBe(true);
          }
          engine.shutdown();
          slot.close();
        }),
        { numRuns: 10 },
      );
    },
  );
});
