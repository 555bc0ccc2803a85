// Cuts the audio of sentences into chunks and crossfades one sentence into the next. Stands behind
// the resampler, before the listener; audio is 16 bit mono at the stream's rate.
//
//   sentence 1   ──────────────────────┐tail├            held until it is known what follows
//   sentence 2                         ┌head┤───────────
//   given out    |chunk|chunk|chunk|.. |mix |chunk|..    linear, the shorter of tail and head (S2-58)
//
// Inside a sentence nothing is touched: the engine's audio is continuous (D-14). The tail of a
// sentence is held back only for a join: with nothing behind it, it goes out as it is.
// Limits: holds one chunk and two tails; copies every sample once.
import { assert } from "../assert.ts";

export interface SpeechJoinerSettings {
  readonly chunkSamples: number;
  readonly fadeSamples: number;
  /** A sentence's first chunk goes out with so much: the caller is waiting for it. */
  readonly firstSamples: number;
  /** `audio` is valid until it returns. */
  readonly give: (audio: Int16Array) => void;
}

export class SpeechJoiner {
  readonly #settings: SpeechJoinerSettings;
  readonly #held: Int16Array;
  #heldCount = 0;
  /** Samples at the start of #held that are the last sentence's tail, still to be joined. */
  #tailCount = 0;
  #hasGiven = false;

  constructor(settings: SpeechJoinerSettings) {
    const { chunkSamples, fadeSamples, firstSamples } = settings;
    assert(firstSamples > 0 && firstSamples <= chunkSamples, "a first chunk must be a chunk");
    assert(fadeSamples > 0 && fadeSamples <= chunkSamples, "a join must fit a chunk");
    this.#settings = settings;
    this.#held = new Int16Array(chunkSamples + 3 * fadeSamples);
  }

  /** The next samples of the sentence. */
  add(samples: Int16Array): void {
    for (let taken = 0; taken < samples.length; ) {
      const count = Math.min(samples.length - taken, this.#held.length - this.#heldCount);
      assert(count > 0, "a joiner must have room for a sample");
      this.#held.set(samples.subarray(taken, taken + count), this.#heldCount);
      this.#heldCount += count;
      taken += count;
      if (this.#heldCount >= 2 * this.#tailCount) this.#join();
      this.#giveWhole();
    }
    this.#giveFirst();
  }

  /** The sentence is over. hasNext: another one follows, which is joined to this one. */
  endSentence(hasNext: boolean): void {
    this.#join();
    const kept = hasNext ? Math.min(this.#settings.fadeSamples, this.#heldCount) : 0;
    this.#give(this.#heldCount - kept);
    this.#tailCount = kept;
    this.#hasGiven = false;
  }

  /** The sentence broke off: what is held fades out, so that it does not click. */
  breakOff(): void {
    const { fadeSamples } = this.#settings;
    this.#join();
    const start = Math.max(0, this.#heldCount - fadeSamples);
    for (let index = start; index < this.#heldCount; index += 1) {
      const level = (this.#heldCount - 1 - index) / fadeSamples;
      this.#held[index] = Math.round((this.#held[index] ?? 0) * level);
    }
    this.endSentence(false);
  }

  /** What is held for a join that does not come goes out. */
  flush(): void {
    this.#tailCount = 0;
    this.#give(this.#heldCount);
  }

  clear(): void {
    this.#heldCount = 0;
    this.#tailCount = 0;
    this.#hasGiven = false;
  }

  /** Mixes the tail that is held with the head behind it: as much as there is of both. */
  #join(): void {
    const tail = this.#tailCount;
    if (tail === 0) return;
    const head = this.#heldCount - tail;
    const count = Math.min(tail, head);
    const held = this.#held;
    for (let index = 0; index < count; index += 1) {
      const at = tail - count + index;
      const level = (index + 1) / (count + 1);
      held[at] = Math.round((held[at] ?? 0) * (1 - level) + (held[tail + index] ?? 0) * level);
    }
    held.copyWithin(tail, tail + count, this.#heldCount);
    this.#heldCount -= count;
    this.#tailCount = 0;
  }

  #giveWhole(): void {
    const { chunkSamples, fadeSamples } = this.#settings;
    if (this.#tailCount > 0) return;
    while (this.#heldCount >= chunkSamples + fadeSamples) this.#give(chunkSamples);
  }

  #giveFirst(): void {
    const { fadeSamples, firstSamples } = this.#settings;
    if (this.#hasGiven || this.#tailCount > 0) return;
    if (this.#heldCount >= firstSamples + fadeSamples) this.#give(this.#heldCount - fadeSamples);
  }

  /** Gives out the first `count` samples, in chunks. */
  #give(count: number): void {
    const { chunkSamples, give } = this.#settings;
    let given = 0;
    while (given < count) {
      const next = Math.min(chunkSamples, count - given);
      this.#hasGiven = true;
      give(this.#held.subarray(given, given + next));
      given += next;
    }
    this.#held.copyWithin(0, count, this.#heldCount);
    this.#heldCount -= count;
  }
}
