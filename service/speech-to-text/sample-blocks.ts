// The process's memory for what callers are saying: blocks of one second of samples, shared by all
// streams. A freed block waits for the next taker of its size.
// Limits: `bytesMax` bounds what is allocated, in use and waiting together; over it: undefined.
import { assert } from "../assert.ts";

export class SampleBlocks {
  readonly #bytesMax: number;
  readonly #free = new Map<number, Int16Array[]>();
  #bytesHeld = 0;

  constructor(bytesMax: number) {
    assert(bytesMax > 0, "sample blocks need a budget");
    this.#bytesMax = bytesMax;
  }

  /** A block of `samples` with old contents. */
  take(samples: number): Int16Array | undefined {
    const waiting = this.#free.get(samples)?.pop();
    if (waiting !== undefined) return waiting;
    const bytes = samples * Int16Array.BYTES_PER_ELEMENT;
    if (this.#bytesHeld + bytes > this.#bytesMax) this.#release(bytes);
    if (this.#bytesHeld + bytes > this.#bytesMax) return undefined;
    this.#bytesHeld += bytes;
    return new Int16Array(samples);
  }

  /** Its taker must have forgotten it. */
  give(block: Int16Array): void {
    const free = this.#free.get(block.length);
    if (free === undefined) this.#free.set(block.length, [block]);
    else free.push(block);
  }

  /** Waiting blocks of other sizes go back to the system. */
  #release(bytes: number): void {
    for (const free of this.#free.values()) {
      while (free.length > 0 && this.#bytesHeld + bytes > this.#bytesMax) {
        this.#bytesHeld -= free.pop()?.byteLength ?? 0;
      }
    }
  }
}
