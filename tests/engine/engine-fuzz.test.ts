// Goal: whatever a transport, an upstream and a conversation do to one call's engine, in any order:
// nothing throws, frames stay paced and in order, every block comes back, also when it is shut down
// from within its own callback.
// Method: fast-check draws acts over the real core; a busy clock draws stalls.
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { SlotFormat } from "../../service/contract/core.ts";
import { SEND } from "../../service/contract/send-result.ts";
import { FRAME_MS, LEAD_FRAMES, PACER_WHEEL_MS } from "../../service/limits.ts";
import { makeCore } from "../core/core-fixture.ts";
import { createBusyClock, makeCall, makeProcess, phoneAudio } from "./engine-fixture.ts";
import { phoneTone } from "./phone-tone.ts";

const CORE = makeCore(4);
const SOURCE = Buffer.concat([phoneTone(500), phoneAudio(500), Buffer.alloc(4000, 0xff)]);
const FORMATS: readonly Partial<SlotFormat>[] = [
  {},
  { callerEncoding: "pcm16", upstreamEncoding: "pcm16", upstreamRateHz: 24_000 },
  {
    callerEncoding: "f32",
    callerRateHz: 48_000,
    callerChannels: 2,
    upstreamEncoding: "pcm16",
    upstreamRateHz: 16_000,
  },
  { callerRateHz: 22_050, callerEncoding: "pcm16", upstreamEncoding: "alaw" },
];

const length = fc.integer({ min: 0, max: 5000 });
const act = fc.oneof(
  fc.record({ kind: fc.constant("capture" as const), length, captureMs: fc.nat(20_000) }),
  fc.record({ kind: fc.constant("captureNow" as const), length }),
  fc.record({ kind: fc.constant("base64" as const), text: fc.base64String({ maxLength: 3000 }) }),
  fc.record({ kind: fc.constant("junk" as const), text: fc.string({ maxLength: 300 }) }),
  fc.record({ kind: fc.constant("queue" as const), length, isNew: fc.boolean() }),
  fc.record({ kind: fc.constant("time" as const), ms: fc.integer({ min: 0, max: 400 }) }),
  fc.record({ kind: fc.constant("stall" as const), ms: fc.integer({ min: 0, max: 400 }) }),
  fc.record({
    kind: fc.constantFrom(
      "end" as const,
      "interrupt" as const,
      "pause" as const,
      "resume" as const,
      "tapeBegin" as const,
      "tapeEnd" as const,
      "tapeDrop" as const,
      "forceEnd" as const,
      "quality" as const,
      "latency" as const,
      "reset" as const,
      "stop" as const,
      "start" as const,
      "duck" as const,
    ),
  }),
);
type Act = typeof act extends fc.Arbitrary<infer Drawn> ? Drawn : never;

function runCall(format: Partial<SlotFormat>, acts: readonly Act[]): void {
  const clock = createBusyClock();
  const process = makeProcess({ core: CORE, clock });
  const { engine, notes } = makeCall(process, format);
  let item = 1;
  let isTaping = false;
  let queuedBytes = 0;
  const cleared: number[] = [];
  const perform = (drawn: Act): void => {
    switch (drawn.kind) {
      case "capture":
        return void engine.capture(SOURCE, 0, drawn.length, drawn.captureMs);
      case "captureNow":
        return void engine.capture(SOURCE, 0, drawn.length, clock.nowMs());
      case "base64":
      case "junk":
        return void engine.captureBase64(drawn.text, -1);
      case "queue": {
        if (drawn.isNew) item += 1;
        const result = engine.queuePlayback(item, SOURCE, 0, drawn.length);
        if (result !== SEND.DROPPED) queuedBytes += drawn.length;
        return;
      }
      case "time":
        return clock.advance(drawn.ms);
      case "stall":
        return clock.stall(drawn.ms);
      case "interrupt":
        engine.interruptPlayback();
        cleared.push(notes.sent.length);
        return;
      case "end":
        return engine.endPlaybackItem(item);
      case "pause":
        return engine.pausePlayback();
      case "resume":
        return engine.resumePlayback();
      case "tapeBegin":
        if (!isTaping) engine.tapeBegin(engine.framesCaptured() - 30);
        isTaping = true;
        return;
      case "tapeEnd":
        if (isTaping) engine.tapeEnd();
        isTaping = false;
        return;
      case "tapeDrop":
        return engine.tapeDrop(engine.framesCaptured() - 10);
      case "forceEnd":
        return void engine.forceEnd();
      case "quality":
        return engine.optimizeForQuality();
      case "latency":
        return engine.optimizeForLatency();
      case "reset":
        engine.reset();
        isTaping = false;
        cleared.push(notes.sent.length);
        return;
      case "stop":
        return engine.stopCapture();
      case "start":
        return engine.startCapture();
      case "duck":
        return engine.setPlaybackGain(0.3, 40);
    }
  };
  for (const drawn of acts) perform(drawn);
  engine.resumePlayback();
  engine.endPlaybackItem(item);
  clock.advance(5000);
  expect(notes.faults).toEqual([]);
  expect(engine.playbackQueuedMs()).toBe(0);
  expectOrdered(notes);
  expectPaced(notes, cleared);
  const samples = notes.sent.reduce((sum, frame) => sum + frame.samples, 0);
  expect(samples).toBeLessThanOrEqual(queuedBytes);
  engine.shutdown();
  expect(process.shared.pool.bytesTaken()).toBe(0);
  expect(clock.pendingTimers()).toBe(0);
  expect(CORE.slotsOpen()).toBe(0);
  expect(process.metrics.value("voxbridge_answer_queue_ms")).toBeCloseTo(0, 6);
  expect(process.metrics.value("voxbridge_turn_tape_ms")).toBe(0);
}

type Call = ReturnType<typeof makeCall>;

/** Items grow, positions within an item follow one another, captured frames are numbered on. */
function expectOrdered(notes: Call["notes"]): void {
  let item = 0;
  let nextPosition = 0;
  for (const frame of notes.sent.filter((sent) => sent.item !== 0)) {
    if (frame.item !== item) {
      expect(frame.item).toBeGreaterThan(item);
      item = frame.item;
      nextPosition = 0;
    }
    expect(frame.positionSamples).toBe(nextPosition);
    nextPosition += frame.samples;
  }
  let frameNext = 0;
  for (const { frameIndex } of notes.captured) {
    expect(frameIndex === frameNext || frameIndex === frameNext - 1).toBe(true);
    if (frameIndex === frameNext) frameNext += 1;
  }
}

/** From any frame to any later one: at most LEAD + (elapsed + 5) / 20, a clear begins anew. */
function expectPaced(notes: Call["notes"], cleared: readonly number[]): void {
  let playoutEndMs = 0;
  for (const [index, { atMs }] of notes.sent.entries()) {
    if (cleared.includes(index)) playoutEndMs = atMs;
    playoutEndMs = Math.max(playoutEndMs, atMs) + FRAME_MS;
    expect(playoutEndMs - atMs).toBeLessThan(LEAD_FRAMES * FRAME_MS + PACER_WHEEL_MS + 1e-6);
  }
}

describe("one call's engine under anything", () => {
  test.each(FORMATS.map((format, index) => [index, format] as const))(
    "format %i: never throws, stays paced and in order, gives everything back",
    (_index, format) => {
      fc.assert(
        fc.property(fc.array(act, { minLength: 1, maxLength: 60 }), (acts) =>
          runCall(format, acts),
        ),
        { numRuns: 60 },
      );
    },
    30_000,
  );

  test("a call that is shut down by its own callback gives everything back", () => {
    const acts = ["capture", "playback"] as const;
    for (const place of acts) {
      const process = makeProcess({ core: CORE });
      const { engine, notes } = makeCall(process);
      engine.tapeBegin(0);
      if (place === "playback") notes.onSent = () => engine.shutdown();
      else notes.onCaptureFrame = () => engine.shutdown();
      engine.queuePlayback(1, SOURCE, 0, SOURCE.length);
      engine.capture(SOURCE, 0, SOURCE.length, 0);
      process.clock.advance(1000);
      expect(process.shared.pool.bytesTaken()).toBe(0);
      expect(CORE.slotsOpen()).toBe(0);
      expect(process.clock.pendingTimers()).toBe(0);
    }
  });
});
