// The span of caller audio that is open while nobody here owns the turns: the provider commits parts
// of it by itself, or the caller's application ends it with a key (push to talk).
// Station: part of caller-turns.ts, which opens, ends and hands it over when the owner changes.
import type { CallEffects, CaptureFacts } from "../contract/call-effects.ts";

const FRAME_MS = 20;
/** Caller audio from before the upstream was ready that is still sent: 2 s. */
const EARLY_FRAMES = 100;
/** Less speech than this in a span that nobody ended is a cough, not words. */
const WORDS_MS_MIN = 250;

export interface OpenSpanSettings {
  readonly callerRateHz: number;
  readonly preRollMs: number;
}

export class OpenSpan {
  readonly #settings: OpenSpanSettings;
  readonly #effects: CallEffects;
  readonly #facts: CaptureFacts;
  #firstFrame = 0;
  #isOpen = false;

  constructor(settings: OpenSpanSettings, effects: CallEffects, facts: CaptureFacts) {
    this.#settings = settings;
    this.#effects = effects;
    this.#facts = facts;
  }

  isOpen(): boolean {
    return this.#isOpen;
  }

  /** First frame that is neither committed nor part of an earlier turn. */
  firstFrame(): number {
    return this.#firstFrame;
  }

  open(frameIndex: number): void {
    this.#firstFrame = this.#effects.appendBegin(frameIndex);
    this.#isOpen = true;
  }

  /** The upstream is ready; what was captured before goes out too. */
  openEarly(framesCaptured: number): void {
    if (!this.#isOpen) this.open(Math.max(0, framesCaptured - EARLY_FRAMES));
  }

  /**
   * In the caller's silence; with a pre-roll, as the first word may have begun without having been
   * noticed yet.
   */
  openInSilence(framesCaptured: number): void {
    const preRollFrames = Math.ceil(this.#settings.preRollMs / FRAME_MS);
    this.open(Math.max(0, framesCaptured - preRollFrames));
  }

  /** Goes on with a span that is open already. */
  take(firstFrame: number): void {
    this.#firstFrame = firstFrame;
    this.#isOpen = true;
  }

  /** Everything before frameIndex was committed by the provider. */
  moveTo(frameIndex: number): void {
    this.#firstFrame = frameIndex;
  }

  /** Somebody else goes on with it. -> its first frame. */
  release(): number {
    this.#isOpen = false;
    return this.#firstFrame;
  }

  /** The local observer heard words in it, all of them over. */
  hasWords(): boolean {
    const onsetMs = this.#positionMs(this.#facts.onsetPositionSamples());
    const endMs = this.#positionMs(this.#facts.endPositionSamples());
    return endMs - Math.max(onsetMs, this.#firstFrame * FRAME_MS) >= WORDS_MS_MIN;
  }

  #positionMs(positionSamples: number): number {
    return Math.floor((positionSamples * 1000) / this.#settings.callerRateHz);
  }
}
