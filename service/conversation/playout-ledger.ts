// The playout ledger: what of every answer was generated, sent, acknowledged and heard (decision 10).
// Station: hears of generated audio from the upstream, of sent frames from the pacer, of played samples
// from the transport; it alone decides truncation, drain and "is the agent audible".
//
// How heard is found. The far end plays in real time and holds a small lead, so an item is a line:
//
//   heard(now) = (now - anchor) x rate, kept within [acknowledged, sent]
//
// The anchor is the moment the item's first sample began (or would have begun) to play. Without
// reports it follows from the send times: a frame starts when it is sent or when the one before it
// ends, whichever is later, so an underrun moves the anchor. A report (Twilio mark, `played`) is the
// truth and moves the anchor to where it says. A report travels for a while, so the line then runs a
// little late: an error towards "heard less", which is the safe side (never beyond what was heard).
// When reports are in use and stop coming, the line stops REPORT_TRUST_MS after the last one.
// Limits: ITEMS_MAX items are remembered; the oldest fully heard one is forgotten first.
import { assert } from "../assert.ts";

const ITEMS_MAX = 64;
/** Reports come every 100 ms; three missed ones mean that the far end no longer plays as we think. */
const REPORT_TRUST_MS = 400;

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
  anchorMs: number;
  reportedMs: number;
}

export class PlayoutLedger {
  readonly #samplesPerMs: number;
  readonly #items: LedgerItem[] = [];
  #numberLast = 0;
  #farEndFreeMs = -1;
  #unknownReports = 0;

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
      anchorMs: -1,
      reportedMs: -1,
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

  /** A frame went out: `samples` of `number` starting at `position`; frames of item 0 are filler. */
  onSent(number: number, position: number, samples: number, nowMs: number, frameMs: number): void {
    const startMs = Math.max(nowMs, this.#farEndFreeMs);
    this.#farEndFreeMs = startMs + frameMs;
    const item = this.item(number);
    if (item === undefined || item.isCut) return;
    assert(position === item.sentSamples, "ledger: frames of an item are sent in order");
    item.sentSamples = position + samples;
    assert(item.sentSamples <= item.generatedSamples, "ledger: sent more than was generated");
    const anchorMs = startMs - position / this.#samplesPerMs;
    // Only a later start moves the line: an earlier one would claim that more was heard.
    if (item.anchorMs < 0 || anchorMs > item.anchorMs) item.anchorMs = anchorMs;
  }

  /** The far end says that `samples` of the item have been played. -> false for a report of nothing known. */
  onReport(number: number, samples: number, nowMs: number): boolean {
    const item = this.item(number);
    if (item === undefined || item.isCut || samples > item.sentSamples) {
      this.#unknownReports += 1;
      return false;
    }
    if (samples < item.acknowledgedSamples) return true;
    item.acknowledgedSamples = samples;
    item.reportedMs = nowMs;
    if (samples < item.sentSamples) {
      item.anchorMs = nowMs - samples / this.#samplesPerMs;
      const remainingMs = (item.sentSamples - samples) / this.#samplesPerMs;
      if (this.#isNewestSent(item)) this.#farEndFreeMs = nowMs + remainingMs;
    }
    return true;
  }

  unknownReports(): number {
    return this.#unknownReports;
  }

  /** Samples of the item that the caller has heard by now. */
  heardSamples(item: LedgerItem, nowMs: number): number {
    if (item.isCut) return item.cutHeardSamples;
    if (item.sentSamples === 0) return 0;
    const limitMs =
      item.reportedMs < 0 ? nowMs : Math.min(nowMs, item.reportedMs + REPORT_TRUST_MS);
    const line = Math.floor((limitMs - item.anchorMs) * this.#samplesPerMs);
    return Math.max(item.acknowledgedSamples, Math.min(item.sentSamples, Math.max(0, line)));
  }

  heardMs(item: LedgerItem, nowMs: number): number {
    return Math.floor(this.heardSamples(item, nowMs) / this.#samplesPerMs);
  }

  isEstimated(item: LedgerItem): boolean {
    return item.reportedMs < 0;
  }

  isHeardToEnd(item: LedgerItem, nowMs: number): boolean {
    if (item.isCut) return true;
    return item.isGenerated && this.heardSamples(item, nowMs) >= item.generatedSamples;
  }

  /** True while something sent has not been heard yet. */
  isAudible(nowMs: number): boolean {
    return nowMs < this.#farEndFreeMs;
  }

  /** Milliseconds until everything sent has been heard; 0 when it has. */
  drainMs(nowMs: number): number {
    return Math.max(0, this.#farEndFreeMs - nowMs);
  }

  /** True when nothing generated is still to be sent or heard. */
  isDrained(nowMs: number): boolean {
    if (this.isAudible(nowMs)) return false;
    return this.#items.every((item) => item.isCut || item.sentSamples >= item.generatedSamples);
  }

  /**
   * Cuts every item that was not heard to its end, at what was heard of it.
   * -> the cut items, oldest first; their cutHeardSamples is what history may keep.
   */
  cut(nowMs: number): LedgerItem[] {
    const cutItems: LedgerItem[] = [];
    for (const item of this.#items) {
      if (item.isCut || this.isHeardToEnd(item, nowMs)) continue;
      item.cutHeardSamples = Math.min(this.heardSamples(item, nowMs), item.generatedSamples);
      item.isCut = true;
      cutItems.push(item);
    }
    this.#farEndFreeMs = nowMs;
    return cutItems;
  }

  #isNewestSent(item: LedgerItem): boolean {
    const newest = this.#items.findLast((other) => other.sentSamples > 0 && !other.isCut);
    return newest === item;
  }
}
