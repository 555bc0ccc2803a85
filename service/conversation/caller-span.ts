// The open span of caller audio, whoever owns the turns: opened at an onset under local turns, always
// open under every other owner, and cut into turns where there is something to commit.
// Station: between the caller's speech and push to talk, which say what is a turn, and the
// effects, which append, commit and clear. One place knows which frames the next commit begins with.
//
//   local             ....[onset - pre-roll ==== end)..........[ ====
//   always open       [======== cut)[=============== cut)[===========   cuts touch, nothing is lost
//
// Under hybrid turns the provider's own detection commits too; what it committed of a turn is not
// committed again (provider-parts.ts).
// Limits: in silence at most SILENCE_FRAMES_MAX frames are kept for a session that may be lost.
import type { CallEffects, CaptureFacts } from "../contract/call-effects.ts";
import type { TurnDetection } from "../contract/call-terms.ts";

const FRAME_MS = 20;
/** 2 s: more than any pre-roll and what a voice activity model may lag behind. */
const SILENCE_FRAMES_MAX = 100;
/** Caller audio from before the upstream was ready that is still sent: 2 s. */
const EARLY_FRAMES = 100;
/** Less speech than this in a span that nobody ended is a cough, not words. */
const WORDS_MS_MIN = 250;

export interface CallerSpanSettings {
  readonly turnDetection: TurnDetection;
  readonly callerRateHz: number;
  readonly preRollMs: number;
}

export class CallerSpan {
  readonly #settings: CallerSpanSettings;
  readonly #effects: CallEffects;
  readonly #facts: CaptureFacts;
  readonly #preRollFrames: number;
  #turnDetection: TurnDetection;
  #firstFrame = 0;
  #framesCaptured = 0;
  /** An always open span is there; under local turns the speech knows. */
  #isOpen = false;

  constructor(settings: CallerSpanSettings, effects: CallEffects, facts: CaptureFacts) {
    this.#settings = settings;
    this.#effects = effects;
    this.#facts = facts;
    this.#turnDetection = settings.turnDetection;
    this.#preRollFrames = Math.ceil(settings.preRollMs / FRAME_MS);
  }

  isOpen(): boolean {
    return this.#isOpen;
  }

  firstFrame(): number {
    return this.#firstFrame;
  }

  framesCaptured(): number {
    return this.#framesCaptured;
  }

  /** A frame was captured. isSilent: nobody speaks that could become a turn here. */
  onFrame(framesCaptured: number, isSilent: boolean): void {
    this.#framesCaptured = framesCaptured;
    if (this.#turnDetection !== "hybrid") return;
    if (!this.#isOpen) this.open(framesCaptured - 1);
    if (!isSilent) return;
    if (framesCaptured - this.#firstFrame < 2 * SILENCE_FRAMES_MAX) return;
    this.#firstFrame = framesCaptured - SILENCE_FRAMES_MAX;
    this.#effects.appendTrim(this.#firstFrame);
  }

  // ---- the caller's speech --------------------------------------------------------------------

  /** Somebody speaks since frameIndex. -> the first frame that the turn may have. */
  begin(frameIndex: number): number {
    if (this.#isOpen) return Math.max(frameIndex, this.#firstFrame);
    return this.#effects.appendBegin(frameIndex);
  }

  /** The speech is over. -> the frame after its last; commit or discard follows. */
  end(): number {
    return this.#isOpen ? this.#framesCaptured : this.#effects.appendEnd();
  }

  /** Nothing to commit. What is always sent stays where it is: the provider lets silence go. */
  forget(): void {
    if (!this.#isOpen) this.#effects.appendDiscard();
  }

  /** What was sent is no turn, and must not be part of the next one. */
  discard(): void {
    if (!this.#isOpen) {
      this.#effects.appendDiscard();
      return;
    }
    this.#effects.appendEnd();
    this.#effects.appendDiscard();
    this.open(Math.max(this.#firstFrame, this.#framesCaptured - this.#preRollFrames));
  }

  /** What the span holds is this turn, whose speech ended before speechEndFrame. */
  commit(turnId: number, speechEndFrame: number): void {
    if (!this.#isOpen) {
      this.#effects.commit(turnId, speechEndFrame);
      return;
    }
    const endFrame = this.#effects.appendEnd();
    this.#effects.commit(turnId, speechEndFrame);
    this.open(endFrame);
  }

  /** The early commit was the turn; -> its span is over, or goes on behind it. */
  keepEarly(endFrame: number): void {
    this.#effects.keepEarly();
    if (this.#isOpen) this.#firstFrame = endFrame;
  }

  // ---- whoever owns the turns -----------------------------------------------------------------

  /** Opens the span that stays open. */
  open(frameIndex: number): void {
    this.#firstFrame = this.#effects.appendBegin(frameIndex);
    this.#isOpen = true;
  }

  /** The upstream is ready; what was captured before goes out too. */
  openEarly(): void {
    if (!this.#isOpen) this.open(Math.max(0, this.#framesCaptured - EARLY_FRAMES));
  }

  /**
   * In the caller's silence; with a pre-roll, as the first word may have begun without having been
   * noticed yet.
   */
  openInSilence(): void {
    this.open(Math.max(0, this.#framesCaptured - this.#preRollFrames));
  }

  /** Everything before frameIndex was committed by the provider. */
  moveTo(frameIndex: number): void {
    this.#firstFrame = frameIndex;
  }

  /** The local observer heard words in it, all of them over. */
  hasWords(): boolean {
    const onsetMs = this.#positionMs(this.#facts.onsetPositionSamples());
    const endMs = this.#positionMs(this.#facts.endPositionSamples());
    return endMs - Math.max(onsetMs, this.#firstFrame * FRAME_MS) >= WORDS_MS_MIN;
  }

  /** The running speech's span stays open from now on. */
  keepOpen(firstFrame: number): void {
    this.#firstFrame = firstFrame;
    this.#isOpen = true;
  }

  /** The span is the running speech's, and ends with it. */
  giveToSpeech(): void {
    this.#isOpen = false;
  }

  /** Nobody speaks: what was sent is thrown away. */
  close(): void {
    this.#isOpen = false;
    this.#effects.appendEnd();
    this.#effects.appendDiscard();
  }

  setTurnDetection(turnDetection: TurnDetection): void {
    this.#turnDetection = turnDetection;
  }

  #positionMs(positionSamples: number): number {
    return Math.floor((positionSamples * 1000) / this.#settings.callerRateHz);
  }
}
