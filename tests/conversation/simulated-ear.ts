// An ear that plays in real time what it is sent: the ground truth the ledger is measured against.
// A frame plays when it arrives or when the one before it ends; a clear drops what has not begun...
// and cuts the frame that is playing. Times in ms, samples at `samplesPerMs`.

interface EarFrame {
  readonly item: number;
  readonly positionSamples: number;
  readonly samples: number;
  readonly startMs: number;
}

export class SimulatedEar {
  readonly #samplesPerMs: number;
  readonly #frames: EarFrame[] = [];
  #freeMs = 0;
  #clearedMs = Number.POSITIVE_INFINITY;

  constructor(samplesPerMs: number) {
    this.#samplesPerMs = samplesPerMs;
  }

  /** Frames arrive in order of time. */
  onFrame(arrivalMs: number, item: number, positionSamples: number, samples: number): void {
    const startMs = Math.max(arrivalMs, this.#freeMs);
    this.#frames.push({ item, positionSamples, samples, startMs });
    this.#freeMs = startMs + samples / this.#samplesPerMs;
  }

  onClear(arrivalMs: number): void {
    this.#clearedMs = arrivalMs;
    this.#freeMs = arrivalMs;
  }

  /** The far end stops playing for a while (a frozen tab): everything not begun is later. */
  stall(fromMs: number, durationMs: number): void {
    for (const [index, frame] of this.#frames.entries()) {
      if (frame.startMs < fromMs) continue;
      this.#frames[index] = { ...frame, startMs: frame.startMs + durationMs };
    }
    if (this.#freeMs > fromMs) this.#freeMs += durationMs;
  }

  /** Samples of the item that were heard by then. */
  heardSamples(item: number, atMs: number): number {
    const endMs = Math.min(atMs, this.#clearedMs);
    let heard = 0;
    for (const frame of this.#frames) {
      if (frame.item !== item || frame.startMs >= endMs) continue;
      const played = Math.floor((endMs - frame.startMs) * this.#samplesPerMs);
      heard = frame.positionSamples + Math.min(frame.samples, played);
    }
    return heard;
  }

  /** When `samples` of the item have been heard; undefined if never. */
  heardAtMs(item: number, samples: number): number | undefined {
    for (const frame of this.#frames) {
      const endSamples = frame.positionSamples + frame.samples;
      if (frame.item !== item || endSamples < samples) continue;
      return frame.startMs + (samples - frame.positionSamples) / this.#samplesPerMs;
    }
    return undefined;
  }
}
