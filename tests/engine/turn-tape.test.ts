// Goal: the tape gives back exactly the frames it was given, in order, and holds no memory it does
// not need (decision 17, S1-19).
// Method: a plain list of kept frames as the model, random spans against both.
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { SEND } from "../../service/contract/send-result.ts";
import { BlockPool } from "../../service/engine/block-pool.ts";
import { createEngineMetrics } from "../../service/engine/engine-metrics.ts";
import { TurnTape } from "../../service/engine/turn-tape.ts";
import { createCountedMetrics } from "./engine-fixture.ts";

const FRAME_BYTES = 4;
const BLOCK_BYTES = FRAME_BYTES * 50;
const METRICS = createEngineMetrics(NO_METRICS);

function frameOf(frameIndex: number): Uint8Array {
  const frame = Buffer.alloc(FRAME_BYTES);
  frame.writeUInt32LE(frameIndex);
  return frame;
}

/** Frame numbers of [from, to) as the tape tells them. */
function readFrames(tape: TurnTape, from = 0, to = 1_000_000): number[] {
  const frames: number[] = [];
  const count = tape.read(from, to, (source, start, end) => {
    for (let at = start; at < end; at += FRAME_BYTES) {
      frames.push(Buffer.from(source.buffer, source.byteOffset, source.length).readUInt32LE(at));
    }
    return SEND.SENT;
  });
  expect(count).toBe(frames.length);
  return frames;
}

function storeSpan(tape: TurnTape, from: number, to: number): void {
  tape.begin(from);
  for (let frame = from; frame < to; frame += 1) tape.store(frame, frameOf(frame));
  tape.end();
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}

describe("turnTape", () => {
  test("reads spans in order, in parts that lie together, without what lies between", () => {
    const tape = new TurnTape(new BlockPool(BLOCK_BYTES * 8), FRAME_BYTES, METRICS);
    storeSpan(tape, 10, 70);
    storeSpan(tape, 100, 120);
    expect(readFrames(tape)).toEqual([...range(10, 70), ...range(100, 120)]);
    expect(readFrames(tape, 60, 105)).toEqual([...range(60, 70), ...range(100, 105)]);
  });

  test("undo() makes the newest span never have been: its frames may be kept again", () => {
    const tape = new TurnTape(new BlockPool(BLOCK_BYTES * 8), FRAME_BYTES, METRICS);
    storeSpan(tape, 10, 70);
    tape.begin(100);
    for (let frame = 100; frame < 130; frame += 1) tape.store(frame, frameOf(frame));
    tape.undo();
    expect(tape.isOpen).toBe(false);
    expect(tape.framesKept()).toBe(60);
    expect(tape.endLast()).toBe(100);
    storeSpan(tape, 115, 200);
    expect(readFrames(tape)).toEqual([...range(10, 70), ...range(115, 200)]);
    tape.undo();
    expect(readFrames(tape)).toEqual(range(10, 70));
    tape.drop(70);
    storeSpan(tape, 300, 410);
    tape.undo();
    expect(tape.framesKept()).toBe(0);
    storeSpan(tape, 300, 310);
    expect(readFrames(tape)).toEqual(range(300, 310));
  });

  test("a reader that drops stops the reading, and what it dropped does not count", () => {
    const tape = new TurnTape(new BlockPool(BLOCK_BYTES * 8), FRAME_BYTES, METRICS);
    storeSpan(tape, 0, 120);
    let parts = 0;
    const count = tape.read(0, 120, () => {
      parts += 1;
      return parts === 2 ? SEND.DROPPED : SEND.SENT;
    });
    expect(count).toBe(50);
  });

  test("keeps 60 s, then loses the oldest frames and counts them", () => {
    const metrics = createCountedMetrics();
    const pool = new BlockPool(BLOCK_BYTES * 100);
    const tape = new TurnTape(pool, FRAME_BYTES, createEngineMetrics(metrics));
    tape.begin(0);
    for (let frame = 0; frame < 3100; frame += 1) tape.store(frame, frameOf(frame));
    expect(readFrames(tape)).toEqual(range(100, 3100));
    expect(metrics.value("voxbridge_tape_frames_lost_total")).toBe(100);
    expect(pool.bytesTaken()).toBeLessThanOrEqual(61 * BLOCK_BYTES);
  });

  test("gives up its own oldest second when the pool is empty; without one, new frames are lost", () => {
    const pool = new BlockPool(BLOCK_BYTES * 2);
    const tape = new TurnTape(pool, FRAME_BYTES, METRICS);
    storeSpan(tape, 0, 120);
    expect(readFrames(tape)).toEqual(range(50, 120));
    const starved = new TurnTape(pool, FRAME_BYTES, METRICS);
    starved.begin(0);
    for (let frame = 0; frame < 10; frame += 1) starved.store(frame, frameOf(frame));
    expect(readFrames(starved)).toEqual([]);
    tape.clear();
    for (let frame = 10; frame < 20; frame += 1) starved.store(frame, frameOf(frame));
    expect(readFrames(starved)).toEqual(range(10, 20));
    expect(starved.end()).toBe(20);
  });

  test("refuses a span that would overlap the one before", () => {
    const tape = new TurnTape(new BlockPool(BLOCK_BYTES * 8), FRAME_BYTES, METRICS);
    storeSpan(tape, 0, 10);
    expect(() => tape.begin(9)).toThrow("overlap");
    expect(() => tape.store(10, frameOf(10))).toThrow("outside");
  });

  test("random spans, reads and drops equal a plain list; an empty tape holds no block", () => {
    const act = fc.record({
      kind: fc.constantFrom("begin", "store", "end", "undo", "drop", "clear"),
      count: fc.integer({ min: 0, max: 130 }),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const pool = new BlockPool(BLOCK_BYTES * 400);
        const tape = new TurnTape(pool, FRAME_BYTES, METRICS);
        let kept: number[] = [];
        let next = 0;
        let begun = 0;
        for (const { kind, count } of acts) {
          if (kind === "begin" && !tape.isOpen) {
            next += count;
            begun = next;
            tape.begin(next);
          } else if (kind === "store" && tape.isOpen) {
            for (const frame of range(next, next + count)) {
              tape.store(frame, frameOf(frame));
              kept.push(frame);
            }
            next += count;
          } else if (kind === "end" && tape.isOpen) {
            expect(tape.end()).toBe(next);
          } else if (kind === "undo") {
            tape.undo();
            kept = kept.filter((frame) => frame < begun);
            next = begun;
          } else if (kind === "drop") {
            tape.drop(next - count);
            kept = kept.filter((frame) => frame >= next - count);
          } else if (kind === "clear") {
            tape.clear();
            kept = [];
          }
          kept = kept.slice(-3000);
          expect(readFrames(tape)).toEqual(kept);
          if (kept.length === 0) expect(pool.bytesTaken()).toBe(0);
        }
      }),
      { numRuns: 200 },
    );
  });
});
