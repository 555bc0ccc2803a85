// The part of an utterance that is written down again and again: everything since its start, or
// since the last seam. Positions are samples since the utterance's first one, never ms (D-08).
// Station: behind the caller's audio, before the engine's request. A sample is copied in once, and
// out once per request, because a request outlives what the window does meanwhile.
//
//   utterance  0 ....... start [ block | block | block part ] end
import { assert } from "../assert.ts";
import type { SampleBlocks } from "./sample-blocks.ts";

/** Loudness is judged by pieces of this length. */
const PIECE_MS = 20;
/** A seam is loud when its energy is more than this part of the mean: 10 dB below it. */
const LOUD_SHARE = 0.1;

export class SampleWindow {
  readonly #blocks: SampleBlocks;
  readonly #rateHz: number;
  #held: Int16Array[] = [];
  /** Position of the first sample of the first block. */
  #base = 0;
  #start = 0;
  #end = 0;

  constructor(blocks: SampleBlocks, rateHz: number) {
    assert(rateHz > 0, "a window needs a rate");
    this.#blocks = blocks;
    this.#rateHz = rateHz;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** Gives all memory back; the next sample is number 0. */
  clear(): void {
    for (const block of this.#held) this.#blocks.give(block);
    this.#held = [];
    this.#base = 0;
    this.#start = 0;
    this.#end = 0;
  }

  /** Copies little-endian samples of bytes [start, end). False, and nothing done: no memory left. */
  append(source: Uint8Array, start: number, end: number): boolean {
    assert((end - start) % 2 === 0, "a window takes whole samples");
    const samples = (end - start) / 2;
    while (this.#base + this.#held.length * this.#rateHz < this.#end + samples) {
      const block = this.#blocks.take(this.#rateHz);
      if (block === undefined) return false;
      this.#held.push(block);
    }
    for (let index = 0; index < samples; index += 1) {
      const offset = this.#end + index - this.#base;
      const low = source[start + 2 * index] ?? 0;
      const high = source[start + 2 * index + 1] ?? 0;
      const block = this.#held[Math.floor(offset / this.#rateHz)];
      if (block !== undefined) block[offset % this.#rateHz] = low | (high << 8);
    }
    this.#end += samples;
    return true;
  }

  /** The window begins at `position` now. */
  trimTo(position: number): void {
    assert(position >= this.#start, "a window is trimmed forwards");
    assert(position <= this.#end, "a window is trimmed within what it holds");
    this.#start = position;
    while (this.#start - this.#base >= this.#rateHz) {
      const block = this.#held.shift();
      if (block !== undefined) this.#blocks.give(block);
      this.#base += this.#rateHz;
    }
  }

  /** A copy of samples [from, to). */
  read(from: number, to: number): Int16Array {
    assert(from >= this.#start && to <= this.#end, "a window is read within what it holds");
    const audio = new Int16Array(to - from);
    let position = from;
    while (position < to) {
      const offset = position - this.#base;
      const within = offset % this.#rateHz;
      const count = Math.min(to - position, this.#rateHz - within);
      const block = this.#held[Math.floor(offset / this.#rateHz)];
      if (block !== undefined) audio.set(block.subarray(within, within + count), position - from);
      position += count;
    }
    return audio;
  }

  /** The middle of the quietest `spanMs` within [from, to), the latest of equals. */
  quietest(from: number, to: number, spanMs: number): { position: number; isLoud: boolean } {
    const pieceSamples = Math.round((this.#rateHz * PIECE_MS) / 1000);
    const energies = pieceEnergies(this.read(from, to), pieceSamples);
    const pieces = Math.max(1, Math.round(spanMs / PIECE_MS));
    let sum = 0;
    let total = 0;
    let best = { index: 0, sum: Number.POSITIVE_INFINITY };
    for (let index = 0; index < energies.length; index += 1) {
      total += energies[index] ?? 0;
      sum += energies[index] ?? 0;
      if (index >= pieces) sum -= energies[index - pieces] ?? 0;
      if (index >= pieces - 1 && sum <= best.sum) best = { index, sum };
    }
    const position = from + Math.round((best.index + 1 - pieces / 2) * pieceSamples);
    const isLoud = best.sum / pieces > LOUD_SHARE * (total / Math.max(1, energies.length));
    return { position: Math.min(Math.max(position, from), to), isLoud };
  }
}

function pieceEnergies(audio: Int16Array, pieceSamples: number): number[] {
  const energies: number[] = [];
  for (let start = 0; start + pieceSamples <= audio.length; start += pieceSamples) {
    let sum = 0;
    for (let index = start; index < start + pieceSamples; index += 1) {
      const sample = audio[index] ?? 0;
      sum += sample * sample;
    }
    energies.push(sum);
  }
  return energies;
}
