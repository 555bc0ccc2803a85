// Goal: whatever a caller sends, nothing traps, nothing is written outside the slot, what comes
// out is finite and bounded; and slots do not see each other.
// Method: fast-check over formats, bytes and call orders on one slot, with guards before and after.

import { expect, test } from "bun:test";
import fc from "fast-check";
import * as map from "../../dsp/memory-map.ts";
import type { CoreSlot, SlotFormat } from "../../service/contract/core.ts";
import { makeCore, openSlot } from "./core-fixture.ts";

const core = makeCore(8);
/** For a loaded machine; nothing here waits. */
const TIMEOUT_MS = 120_000;

const formats: fc.Arbitrary<Partial<SlotFormat>> = fc
  .record({
    callerEncoding: fc.constantFrom("pcm16", "f32", "mulaw", "alaw"),
    callerRateHz: fc.constantFrom(8000, 16000, 22050, 24000, 44100, 48000),
    callerChannels: fc.constantFrom(1, 2),
    upstreamEncoding: fc.constantFrom("pcm16", "mulaw", "alaw"),
    upstreamRateHz: fc.constantFrom(8000, 16000, 24000),
    resampler: fc.constantFrom("fast", "standard", "high", "linear"),
    vadSource: fc.constantFrom("energy", "beside"),
  } as const)
  .filter(({ upstreamEncoding, upstreamRateHz }) => {
    return upstreamEncoding === "pcm16" || upstreamRateHz === 8000;
  });

const acts = fc.array(
  fc.oneof(
    fc.record({ act: fc.constant("ingest"), bytes: fc.uint8Array({ maxLength: 97 }) } as const),
    fc.record({ act: fc.constant("gap") } as const),
    fc.record({ act: fc.constant("write"), bytes: fc.uint8Array({ maxLength: 2000 }) } as const),
    fc.record({ act: fc.constantFrom("render", "flush", "reset", "end") } as const),
    fc.record({
      act: fc.constant("gain"),
      gain: fc.double({ min: 0, max: 4, noNaN: true }),
    } as const),
  ),
  { minLength: 1, maxLength: 40 },
);

type Act = typeof acts extends fc.Arbitrary<(infer One)[]> ? One : never;

function perform(slot: CoreSlot, act: Act): void {
  if (act.act === "ingest") {
    // The bytes again and again: odd patterns, NaNs and infinities in f32 among them.
    for (let index = 0; index < slot.input.length; index += 1) {
      slot.input[index] = act.bytes[index % Math.max(1, act.bytes.length)] ?? 255;
    }
    slot.ingest();
  } else if (act.act === "write") slot.playbackWrite(act.bytes, 0, act.bytes.length);
  else if (act.act === "gain") slot.setPlaybackGain(act.gain, 7);
  else if (act.act === "gap") slot.ingestGap();
  else if (act.act === "render") slot.render();
  else if (act.act === "flush") slot.playbackFlush();
  else if (act.act === "reset") slot.resetVadCounters();
  else slot.forceEnd();
}

function expectBounded(slot: CoreSlot): void {
  if (slot.format.callerEncoding === "f32") {
    const { buffer, byteOffset, byteLength } = slot.output;
    const samples = new Float32Array(buffer, byteOffset, byteLength / 4);
    expect(samples.every((sample) => Math.abs(sample) <= 1)).toBe(true);
  }
  for (const fact of [slot.levelDbfs(), slot.peakDbfs(), slot.noiseFloorDbfs()]) {
    expect(fact).toBeGreaterThanOrEqual(-96);
    expect(fact).toBeLessThanOrEqual(24);
  }
  expect(slot.probability()).toBeGreaterThanOrEqual(0);
  expect(slot.probability()).toBeLessThanOrEqual(1);
  expect(slot.window.every((sample) => Math.abs(sample) <= 16)).toBe(true);
}

const UNTOUCHED = Buffer.alloc(map.SLOT_BYTES, 0x5a);

/** Bytes of core memory that belong to no slot but this one's neighbours. */
function neighbourBytes(slot: CoreSlot): Uint8Array {
  const memory = slot.input.buffer;
  const start = map.SLOTS_BASE + (slot.index + 1) * map.SLOT_BYTES;
  return new Uint8Array(memory, start, map.SLOT_BYTES);
}

test(
  "any format, bytes and order of calls: no trap, no write outside the slot, bounded output",
  () => {
    fc.assert(
      fc.property(formats, acts, (format, sequence) => {
        const slot = openSlot(core, format);
        const neighbour = neighbourBytes(slot);
        const port = new Uint8Array(
          slot.input.buffer,
          map.PORTS_BASE + (slot.index + 1) * map.PORT_BYTES,
          map.PORT_BYTES,
        );
        neighbour.fill(0x5a);
        port.fill(0x5a);
        for (const act of sequence) perform(slot, act);
        expectBounded(slot);
        expect(Buffer.compare(neighbour, UNTOUCHED)).toBe(0);
        expect(Buffer.compare(port, UNTOUCHED.subarray(0, map.PORT_BYTES))).toBe(0);
        slot.close();
      }),
      { numRuns: 150 },
    );
  },
  TIMEOUT_MS,
);

test(
  "random frames on neighbours leave a slot's output bits unchanged",
  () => {
    fc.assert(
      fc.property(formats, formats, acts, acts, (format, otherFormat, sequence, others) => {
        const alone = openSlot(core, format);
        const trace = sequence.map((act) => traceOf(alone, act));
        alone.close();
        const first = openSlot(core, otherFormat);
        const watched = openSlot(core, format);
        const last = openSlot(core, otherFormat);
        const traceAmong = sequence.map((act, index) => {
          const other = others[index % others.length];
          if (other !== undefined) {
            perform(first, other);
            perform(last, other);
          }
          return traceOf(watched, act);
        });
        for (const slot of [first, watched, last]) slot.close();
        expect(traceAmong).toEqual(trace);
      }),
      { numRuns: 60 },
    );
  },
  TIMEOUT_MS,
);

function traceOf(slot: CoreSlot, act: Act): string {
  perform(slot, act);
  const captured = slot.framesIngested() > 0 ? slot.captureFrame(slot.framesIngested() - 1) : [];
  return [Bun.hash(slot.output), Bun.hash(new Uint8Array(captured)), slot.levelDbfs()].join(" ");
}

test(
  "any packets and losses: jitter buffer and concealment stay finite and in bounds",
  () => {
    const packet = fc.record({
      frame: fc.integer({ min: 0, max: 200 }),
      arrivalMs: fc.integer({ min: -5000, max: 100_000 }),
      bytes: fc.integer({ min: 1, max: 1920 }),
      isLost: fc.boolean(),
      level: fc.constantFrom(0, 1e-6, 0.1, 1, 8),
    });
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 120 }),
        fc.constantFrom(8000, 16000),
        (packets, rate) => {
          const jitter = core.datagram.openJitterBuffer();
          const concealment = core.datagram.openConcealment(rate);
          if (jitter === null || concealment === null) throw new Error("no streams left");
          packets.forEach(({ frame, arrivalMs, bytes, isLost, level }, index) => {
            jitter.push(frame, arrivalMs, bytes);
            const tick = jitter.tick(index * 20);
            if (typeof tick === "number") expect(tick).toBeLessThanOrEqual(1920);
            const area = core.kernels.input.f32.subarray(0, rate / 50);
            area.forEach((_, at) => {
              area[at] = level * Math.sin(at * at);
            });
            if (isLost) concealment.lost();
            else concealment.good();
            expect(area.every((sample) => Math.abs(sample) <= 40)).toBe(true);
          });
          expect(jitter.targetMs()).toBeGreaterThanOrEqual(20);
          expect(jitter.targetMs()).toBeLessThanOrEqual(200);
          jitter.close();
          concealment.close();
        },
      ),
      { numRuns: 100 },
    );
  },
  TIMEOUT_MS,
);
