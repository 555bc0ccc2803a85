// The process's memory for long audio: blocks of one second, shared by every call's turn tape and
// answer queue (decision 17). A second has 8,000 to 48,000 bytes, depending on the format, so
// blocks come in as many sizes as there are formats in use; a freed block waits for the next taker.
// Limits: the budget bounds what is allocated, taken and waiting together. Over it: null, counted.
import { Buffer } from "node:buffer";
import { assert } from "../assert.ts";
import type { Gauge } from "../contract/metrics.ts";

export class BlockPool {
  readonly #budgetBytes: number;
  readonly #gauge: Gauge | undefined;
  readonly #free = new Map<number, Buffer[]>();
  #bytesHeld = 0;
  #bytesTaken = 0;
  #refusals = 0;

  /** budgetBytes: most memory ever held. `gauge` follows the bytes in use. */
  constructor(budgetBytes: number, gauge?: Gauge) {
    assert(budgetBytes > 0, "block pool needs a budget");
    this.#budgetBytes = budgetBytes;
    this.#gauge = gauge;
  }

  /** A block of exactly blockBytes with old contents, or null when the budget is used up. */
  take(blockBytes: number): Buffer | null {
    assert(blockBytes > 0, "a block must hold something");
    const block = this.#free.get(blockBytes)?.pop() ?? this.#allocate(blockBytes);
    if (block === null) {
      this.#refusals += 1;
      return null;
    }
    this.#bytesTaken += blockBytes;
    this.#gauge?.set(this.#bytesTaken);
    return block;
  }

  /** Takes a block back; its taker must have forgotten it. */
  give(block: Buffer): void {
    const blockBytes = block.length;
    assert(this.#bytesTaken >= blockBytes, "a block came back that was not taken");
    this.#bytesTaken -= blockBytes;
    this.#gauge?.set(this.#bytesTaken);
    const free = this.#free.get(blockBytes);
    if (free === undefined) this.#free.set(blockBytes, [block]);
    else free.push(block);
  }

  /** Bytes of blocks that are in use now. */
  bytesTaken(): number {
    return this.#bytesTaken;
  }

  /** Bytes allocated, in use or waiting. */
  bytesHeld(): number {
    return this.#bytesHeld;
  }

  /** How often take() said null. */
  refusals(): number {
    return this.#refusals;
  }

  #allocate(blockBytes: number): Buffer | null {
    if (this.#bytesHeld + blockBytes > this.#budgetBytes) this.#releaseFree(blockBytes);
    if (this.#bytesHeld + blockBytes > this.#budgetBytes) return null;
    this.#bytesHeld += blockBytes;
    return Buffer.allocUnsafeSlow(blockBytes);
  }

  /** Gives waiting blocks of other sizes back to the system until one of blockBytes would fit. */
  #releaseFree(blockBytes: number): void {
    for (const free of this.#free.values()) {
      while (free.length > 0 && this.#bytesHeld + blockBytes > this.#budgetBytes) {
        this.#bytesHeld -= free.pop()?.length ?? 0;
      }
    }
  }
}
