// The caller's loudspeaker: plays frames in real time as they arrive, drops what a clear tells it
// to, reports what it has played. What it says it played is the truth that the ledger is measured
// by.
import type { VirtualTime } from "./virtual-time.ts";

const FRAME_MS = 20;
const REPORT_EVERY_MS = 100;

interface PlayedFrame {
  readonly startMs: number;
  readonly positionSamples: number;
  readonly samples: number;
}

interface HeardItem {
  readonly frames: PlayedFrame[];
  clearedMs: number;
  receivedSamples: number;
  reportedSamples: number;
}

export interface FarEndSettings {
  readonly samplesPerMs: number;
  readonly hasReports: boolean;
  readonly isClearedEchoed: boolean;
}

export class FarEndModel {
  readonly #time: VirtualTime;
  readonly #settings: FarEndSettings;
  readonly #sendReport: (item: number, samples: number, generation: number) => void;
  readonly #items = new Map<number, HeardItem>();
  #freeMs = 0;
  #generation = 0;
  #heardToneMs = 0;
  /** Reports not due yet, cancelled or echoed by a clear. */
  readonly #due: { readonly item: number; readonly samples: number; readonly atMs: number }[] = [];

  constructor(
    time: VirtualTime,
    settings: FarEndSettings,
    sendReport: (item: number, samples: number, generation: number) => void,
  ) {
    this.#time = time;
    this.#settings = settings;
    this.#sendReport = sendReport;
  }

  /** A frame arrived. item 0 is filler: silence. */
  onFrame(item: number, positionSamples: number, samples: number, generation: number): void {
    // Sent before the far end was told to clear: it is dropped as what lay there was.
    if (generation < this.#generation) return;
    const startMs = Math.max(this.#time.nowMs(), this.#freeMs);
    this.#freeMs = startMs + FRAME_MS;
    if (item === 0) return;
    this.#heardToneMs = this.#freeMs;
    const heard = this.#itemOf(item);
    heard.frames.push({ startMs, positionSamples, samples });
    heard.receivedSamples = positionSamples + samples;
    if (
      heard.receivedSamples - heard.reportedSamples >=
      REPORT_EVERY_MS * this.#settings.samplesPerMs
    ) {
      this.#reportAt(item, heard, heard.receivedSamples, this.#freeMs);
    }
  }

  /** The item's closing mark arrived behind its last frame. */
  onItemEnd(item: number): void {
    const heard = this.#itemOf(item);
    if (heard.receivedSamples > heard.reportedSamples) {
      this.#reportAt(item, heard, heard.receivedSamples, this.#freeMs);
    }
  }

  onClear(generation: number): void {
    const nowMs = this.#time.nowMs();
    const oldGeneration = this.#generation;
    this.#generation = generation;
    for (const heard of this.#items.values()) heard.clearedMs = Math.min(heard.clearedMs, nowMs);
    this.#freeMs = nowMs;
    this.#heardToneMs = Math.min(this.#heardToneMs, nowMs);
    const cleared = this.#due.splice(0);
    if (!this.#settings.isClearedEchoed) return;
    for (const { item, samples } of cleared) this.#sendReport(item, samples, oldGeneration);
  }

  /** Does the caller hear the agent now? */
  isHeard(): boolean {
    return this.#time.nowMs() < this.#heardToneMs;
  }

  heardSamples(item: number, atMs: number): number {
    const heard = this.#items.get(item);
    if (heard === undefined) return 0;
    const endMs = Math.min(atMs, heard.clearedMs);
    for (let index = heard.frames.length - 1; index >= 0; index -= 1) {
      const frame = heard.frames[index];
      if (frame === undefined || frame.startMs >= endMs) continue;
      const played = Math.floor((endMs - frame.startMs) * this.#settings.samplesPerMs);
      return frame.positionSamples + Math.min(frame.samples, played);
    }
    return 0;
  }

  #itemOf(item: number): HeardItem {
    const known = this.#items.get(item);
    if (known !== undefined) return known;
    const made: HeardItem = {
      frames: [],
      clearedMs: Number.POSITIVE_INFINITY,
      receivedSamples: 0,
      reportedSamples: 0,
    };
    this.#items.set(item, made);
    return made;
  }

  #reportAt(item: number, heard: HeardItem, samples: number, atMs: number): void {
    heard.reportedSamples = samples;
    if (!this.#settings.hasReports) return;
    const generation = this.#generation;
    this.#due.push({ item, samples, atMs });
    this.#time.at(atMs, () => {
      const index = this.#due.findIndex((due) => due.item === item && due.samples === samples);
      if (index < 0) return;
      this.#due.splice(index, 1);
      this.#sendReport(item, samples, generation);
    });
  }
}
