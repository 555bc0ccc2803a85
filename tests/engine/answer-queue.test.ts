// Goal: every byte of an answer leaves once, in order, inside its own item; a full queue is a
// result; an empty one holds no memory (decision 17, S1-82).
// Method: the queue alone, with a slot that only writes down what it is given.
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { CoreSlot } from "../../service/contract/core.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { SEND } from "../../service/contract/send-result.ts";
import { AnswerQueue } from "../../service/engine/answer-queue.ts";
import { BlockPool } from "../../service/engine/block-pool.ts";
import { createEngineMetrics } from "../../service/engine/engine-metrics.ts";
import { makeCore, openSlot } from "../core/core-fixture.ts";

const METRICS = createEngineMetrics(NO_METRICS);
const SECOND_BYTES = 48_000;

/** A queue in 24 kHz PCM, what left it, and whom it told what. */
function makeQueue(poolBytes = 400 * SECOND_BYTES) {
  const slot: CoreSlot = openSlot(makeCore(1), {
    upstreamEncoding: "pcm16",
    upstreamRateHz: 24_000,
  });
  const frames: { item: number; position: number; samples: number; bytes: Buffer }[] = [];
  const told: (boolean | { item: number; samples: number })[] = [];
  const pool = new BlockPool(poolBytes);
  const queue = new AnswerQueue({ pool, metrics: METRICS }, slot, {
    onQueueHigh: (isHigh) => void told.push(isHigh),
    onItemLeft: (item, samples) => void told.push({ item, samples }),
  });
  const writes: Pick<CoreSlot, "playbackWrite"> = {
    playbackWrite(source, start, end) {
      const bytes = Buffer.from(source.slice(start, end));
      const [item, position] = [queue.frontItem(), queue.frontPositionSamples()];
      frames.push({ item, position, samples: queue.frontSamples(), bytes });
      return end - start;
    },
  };
  const drain = (count: number) => {
    for (let taken = 0; taken < count && queue.hasFrame(); taken += 1) {
      queue.moveFrame({ ...slot, ...writes } as CoreSlot);
      queue.settle();
    }
  };
  return { queue, pool, frames, told, drain };
}

/** `length` bytes counted on from `from`, so that a lost or repeated byte shows. */
function counted(from: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (from + index) % 251));
}

describe("answerQueue", () => {
  test("every item comes out whole, in order, padded to whole frames", () => {
    const delta = fc.record({ length: fc.integer({ min: 0, max: 5000 }), isNew: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(delta, { minLength: 1, maxLength: 40 }),
        fc.nat(9),
        (deltas, drained) => {
          const { queue, pool, frames, told, drain } = makeQueue();
          const items = new Map<number, Buffer>();
          let item = 1;
          for (const { length, isNew } of deltas) {
            if (isNew) item += 1;
            const before = items.get(item) ?? Buffer.alloc(0);
            const bytes = counted(before.length, length);
            expect(queue.push(item, bytes, 0, length)).toBe(SEND.BUFFERED);
            items.set(item, Buffer.concat([before, bytes]));
            drain(drained);
          }
          queue.endItem(item);
          queue.settle();
          drain(100_000);
          for (const [number, bytes] of items) {
            const own = frames.filter((frame) => frame.item === number);
            const audio = Buffer.concat(own.map((frame) => frame.bytes));
            expect(audio.subarray(0, bytes.length).equals(bytes)).toBe(true);
            expect(audio.subarray(bytes.length).every((byte) => byte === 0)).toBe(true);
            expect(own.map(({ position }) => position)).toEqual(own.map((_, index) => index * 480));
            const samples = Math.floor(bytes.length / 2);
            expect(own.reduce((sum, frame) => sum + frame.samples, 0)).toBe(samples);
          }
          const ended = [...items].map(([number, bytes]) => ({
            item: number,
            samples: Math.floor(bytes.length / 2),
          }));
          expect(told).toEqual(ended);
          expect(pool.bytesTaken()).toBe(0);
          expect(queue.waitingMs()).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  }, 20_000);

  test("RT-15: tells the owner at 240 s to stop reading and at 120 s to go on; refuses over 300 s", () => {
    const { queue, told, drain } = makeQueue();
    const second = counted(0, SECOND_BYTES);
    for (let at = 0; at < 239; at += 1) queue.push(1, second, 0, SECOND_BYTES);
    expect(told).toEqual([]);
    queue.push(1, second, 0, SECOND_BYTES);
    expect(told).toEqual([true]);
    for (let at = 240; at < 300; at += 1) {
      expect(queue.push(1, second, 0, SECOND_BYTES)).toBe(SEND.BUFFERED);
    }
    expect(queue.push(1, second, 0, 2)).toBe(SEND.DROPPED);
    expect(queue.waitingMs()).toBe(300_000);
    drain(179 * 50);
    expect(told).toEqual([true]);
    drain(50);
    expect(told).toEqual([true, false]);
  }, 20_000);

  test("an empty pool refuses the whole delta, takes nothing, and says so", () => {
    const { queue, pool, told } = makeQueue(2 * SECOND_BYTES);
    const audio = counted(0, 3 * SECOND_BYTES);
    expect(queue.push(1, audio, 0, SECOND_BYTES / 2)).toBe(SEND.BUFFERED);
    expect(queue.push(1, audio, 0, audio.length)).toBe(SEND.DROPPED);
    expect(pool.bytesTaken()).toBe(SECOND_BYTES);
    expect(queue.waitingMs()).toBe(500);
    expect(told).toEqual([true]);
    expect(queue.push(1, audio, 0, SECOND_BYTES)).toBe(SEND.BUFFERED);
  });

  test("flush drops everything, counts samples without padding, and refuses the old items", () => {
    const { queue, pool, told } = makeQueue();
    queue.push(1, counted(0, 1000), 0, 1000);
    queue.push(2, counted(0, 3001), 0, 3001);
    expect(queue.flush()).toBe(2000);
    expect(pool.bytesTaken()).toBe(0);
    expect(queue.isEmpty()).toBe(true);
    expect(queue.push(2, counted(0, 10), 0, 10)).toBe(SEND.DROPPED);
    queue.endItem(2);
    expect(queue.push(3, counted(0, 10), 0, 10)).toBe(SEND.BUFFERED);
    expect(told).toEqual([]);
  });

  test("audio after an item's end, or of an older item, is refused", () => {
    const { queue } = makeQueue();
    queue.push(1, counted(0, 10), 0, 10);
    queue.endItem(1);
    expect(queue.push(1, counted(0, 10), 0, 10)).toBe(SEND.DROPPED);
    queue.push(3, counted(0, 10), 0, 10);
    expect(queue.push(2, counted(0, 10), 0, 10)).toBe(SEND.DROPPED);
    expect(queue.waitingMs()).toBeCloseTo(20 / 48, 9);
  });
});
