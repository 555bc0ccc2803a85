// The playout ledger: what of every answer was generated, sent, acknowledged and heard
// (decision 10).
// Station: hears of generated audio from the upstream, of sent frames from the pacer, of played
// samples from the transport; it alone decides truncation, drain and "is the agent audible".
//
// How heard is found. The far end plays in real time and holds a small lead, so an item is a line,
// or several with holes between them where it starved (stretches):
//
//   heard(now) = position of the stretch + (now - its start) x rate, kept within [acknowledged, sent]
//
// far-end-line.ts says when each sent frame plays and how reports correct that.
// Limits: ITEMS_MAX items are remembered; the oldest one is forgotten first.
import { assert } from "../assert.ts";
import { FRAME_MS } from "../limits.ts";
import { FarEndLine, type LineMove } from "./far-end-line.ts";

const ITEMS_MAX = 64;
/** Stretches of one item that are remembered: the lead at the far end is shorter than this many. */
const STRETCHES_MAX = 8;
/** Sums of fractions of a millisecond differ by less than this. */
const ROUNDING_MS = 1e-6;

/** Samples of an item from `positionSamples` on that play without a hole. */
interface Stretch {
  startMs: number;
  /** A correction never takes it back before this. */
  floorMs: number;
  readonly positionSamples: number;
}

/** What an item is called, here and upstream. */
export interface LedgerItemNames {
  readonly responseId: string;
  readonly itemId: string;
  readonly contentIndex: number;
  /** The caller's turn it answers; 0 for a greeting or another unasked utterance. */
  readonly turnId: number;
}

export interface LedgerItem extends LedgerItemNames {
  /** Number on the caller's wire, from 1. */
  readonly number: number;
  /** All in samples at the upstream's rate. */
  generatedSamples: number;
  sentSamples: number;
  acknowledgedSamples: number;
  /** No more audio will be generated. */
  isGenerated: boolean;
  /** Cut by an interruption: what it had then is final. */
  isCut: boolean;
  cutHeardSamples: number;
  /** The far end has reported on it. */
  isReported: boolean;
  readonly stretches: Stretch[];
}

export class PlayoutLedger {
  readonly #samplesPerMs: number;
  readonly #items: LedgerItem[] = [];
  readonly #line = new FarEndLine();
  readonly #cutItems: LedgerItem[] = [];
  #numberLast = 0;

  /** rateHz: the upstream's rate, which all samples here count. */
  constructor(rateHz: number) {
    assert(rateHz >= 8000, "ledger rate is under 8000 Hz");
    this.#samplesPerMs = rateHz / 1000;
  }

  /** The item of this upstream id, made when it is new. */
  itemFor(names: LedgerItemNames): LedgerItem {
    const known = this.#items.findLast((item) => item.itemId === names.itemId);
    if (known !== undefined) return known;
    if (this.#items.length >= ITEMS_MAX) this.#items.shift();
    this.#numberLast += 1;
    const item: LedgerItem = {
      number: this.#numberLast,
      responseId: names.responseId,
      itemId: names.itemId,
      contentIndex: names.contentIndex,
      turnId: names.turnId,
      generatedSamples: 0,
      sentSamples: 0,
      acknowledgedSamples: 0,
      isGenerated: false,
      isCut: false,
      cutHeardSamples: 0,
      isReported: false,
      stretches: [],
    };
    this.#items.push(item);
    return item;
  }

  item(number: number): LedgerItem | undefined {
    const first = this.#items[0];
    if (first === undefined) return undefined;
    return this.#items[number - first.number];
  }

  items(): readonly LedgerItem[] {
    return this.#items;
  }

  /**
   * A frame went out: `samples` of `number` starting at `position`; frames of item 0 are filler.
   */
  onSent(number: number, position: number, samples: number, nowMs: number, frameMs: number): void {
    const { startMs, floorMs } = this.#line.onSent(nowMs, frameMs, number === 0);
    const item = this.item(number);
    if (item === undefined || item.isCut) return;
    assert(position === item.sentSamples, "ledger: frames of an item are sent in order");
    item.sentSamples = position + samples;
    assert(item.sentSamples <= item.generatedSamples, "ledger: sent more than was generated");
    const last = item.stretches.at(-1);
    if (last !== undefined && this.#goesOn(last, { startMs, floorMs, positionSamples: position })) {
      return;
    }
    item.stretches.push({ startMs, floorMs, positionSamples: position });
    if (item.stretches.length > STRETCHES_MAX) item.stretches.shift();
  }

  /** The far end played so much of the item. -> false for a report of what was never sent. */
  onReport(number: number, samplesPlayed: number, nowMs: number): boolean {
    const item = this.item(number);
    // A player counts whole frames, and an item's last one is filled up with silence.
    const frameSamples = FRAME_MS * this.#samplesPerMs;
    if (item === undefined || samplesPlayed >= item.sentSamples + frameSamples) return false;
    const samples = Math.min(samplesPlayed, item.sentSamples);
    // What was cut is final; a report of it that was on its way is no fault.
    if (item.isCut || samples <= item.acknowledgedSamples) return true;
    item.acknowledgedSamples = samples;
    item.isReported = true;
    const stretch = item.stretches.findLast((entry) => entry.positionSamples < samples);
    if (stretch === undefined) return true;
    const delayMs = nowMs - this.#playedMs(stretch, samples);
    this.#move(this.#line.onReport(nowMs, delayMs));
    return true;
  }

  /** Samples of the item that the caller has heard by now. */
  heardSamples(item: LedgerItem, nowMs: number): number {
    if (item.isCut) return item.cutHeardSamples;
    const atMs = this.#line.trustedMs(nowMs);
    let endSamples = item.sentSamples;
    for (let index = item.stretches.length - 1; index >= 0; index -= 1) {
      const stretch = item.stretches[index];
      if (stretch === undefined) break;
      if (atMs >= stretch.startMs) {
        const played = Math.floor((atMs - stretch.startMs) * this.#samplesPerMs);
        const heard = Math.min(stretch.positionSamples + played, endSamples);
        return Math.max(item.acknowledgedSamples, heard);
      }
      endSamples = stretch.positionSamples;
    }
    return item.acknowledgedSamples;
  }

  heardMs(item: LedgerItem, nowMs: number): number {
    return Math.floor(this.heardSamples(item, nowMs) / this.#samplesPerMs);
  }

  isEstimated(item: LedgerItem): boolean {
    return !item.isReported;
  }

  isHeardToEnd(item: LedgerItem, nowMs: number): boolean {
    if (item.isCut) return true;
    return item.isGenerated && this.heardSamples(item, nowMs) >= item.generatedSamples;
  }

  /** True while something sent has not been heard yet. */
  isAudible(nowMs: number): boolean {
    return nowMs < this.#line.freeMs();
  }

  /** Milliseconds until everything sent has been heard; 0 when it has. */
  drainMs(nowMs: number): number {
    return Math.max(0, this.#line.freeMs() - nowMs);
  }

  /** Milliseconds of what was generated and not cut that nobody has heard yet. */
  restMs(nowMs: number): number {
    let samples = 0;
    for (const item of this.#items) {
      if (!item.isCut) samples += item.generatedSamples - this.heardSamples(item, nowMs);
    }
    return samples / this.#samplesPerMs;
  }

  /** True when nothing generated is still to be sent or heard. */
  isDrained(nowMs: number): boolean {
    if (this.isAudible(nowMs)) return false;
    return this.#items.every((item) => item.isCut || item.sentSamples >= item.generatedSamples);
  }

  /**
   * Cuts every item that was not heard to its end, at what was heard of it.
   * -> the cut items, oldest first, in a list that the next cut uses again; their cutHeardSamples is
   * what history may keep. No memory is taken: this stands before the clear (S0-10).
   */
  cut(nowMs: number): readonly LedgerItem[] {
    const cutItems = this.#cutItems;
    cutItems.length = 0;
    for (const item of this.#items) {
      if (item.isCut || this.isHeardToEnd(item, nowMs)) continue;
      item.cutHeardSamples = Math.min(this.heardSamples(item, nowMs), item.generatedSamples);
      item.isCut = true;
      cutItems.push(item);
    }
    this.#line.clear(nowMs);
    return cutItems;
  }

  /** The next stretch begins where this one ends, as believed and at the earliest. */
  #goesOn(stretch: Stretch, next: Stretch): boolean {
    const lengthMs = this.#playedMs(stretch, next.positionSamples) - stretch.startMs + ROUNDING_MS;
    const isBelieved = next.startMs <= stretch.startMs + lengthMs;
    return isBelieved && next.floorMs <= stretch.floorMs + lengthMs;
  }

  /** When the stretch has played everything before `samples`. */
  #playedMs(stretch: Stretch, samples: number): number {
    return stretch.startMs + (samples - stretch.positionSamples) / this.#samplesPerMs;
  }

  #move({ movedMs, floorMovedMs }: LineMove): void {
    if (movedMs === 0) return;
    for (const item of this.#items) {
      if (item.isCut || item.acknowledgedSamples >= item.sentSamples) continue;
      for (const stretch of item.stretches) {
        stretch.floorMs += floorMovedMs;
        stretch.startMs = Math.max(stretch.floorMs, stretch.startMs + movedMs);
      }
    }
  }
}
