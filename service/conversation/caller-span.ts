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
// What is always sent is kept for a session that may be lost: silence for 2 to 4 s, words until they
// are committed (and the provider's own turns until they are answered).
// Limits: KEPT_FRAMES_MAX frames are kept; more was sent, but a new session gets no more.
import type { CallEffects, CaptureFacts } from "../contract/call-effects.ts";
import type { TurnDetection } from "../contract/call-terms.ts";
import { VAD_STATE } from "../contract/core.ts";

const FRAME_MS = 20;
/** A second less than the turn tape holds. */
const KEPT_FRAMES_MAX = 2_950;
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
  /** What lies before it no session to come would get; of an always open span. */
  #keptFrame = 0;
  /** There is no session: what is let go now is never sent. */
  #isDown = false;
  /** Words may have been let go that the next commit will hold in this session, but in no other. */
  #isKeptWhole = true;
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

  isKeptWhole(): boolean {
    return this.#isKeptWhole;
  }

  framesCaptured(): number {
    return this.#framesCaptured;
  }

  /** A frame was captured. isIdle: nobody speaks, or is to be answered, as far as is known here. */
  onFrame(framesCaptured: number, isIdle: boolean): void {
    this.#framesCaptured = framesCaptured;
    const isHybrid = this.#turnDetection === "hybrid";
    if (isHybrid && !this.#isOpen) this.open(framesCaptured - 1);
    const kept = framesCaptured - this.#keptFrame;
    if (!this.#isOpen || kept < 2 * SILENCE_FRAMES_MAX) return;
    const isSilence = isIdle && (isHybrid || this.#isSilence());
    if (isSilence) this.letGo(framesCaptured - SILENCE_FRAMES_MAX);
    else if (!isHybrid && kept >= KEPT_FRAMES_MAX) {
      this.letGo(this.#keptFrame + SILENCE_FRAMES_MAX);
      this.#isKeptWhole = this.#isDown;
    }
  }

  /** What lies before frameIndex need not be sent again. */
  letGo(frameIndex: number): void {
    if (!this.#isOpen || frameIndex <= this.#keptFrame) return;
    this.#keptFrame = frameIndex;
    if (this.#isDown || this.#turnDetection === "hybrid") this.#firstFrame = frameIndex;
    this.#effects.appendTrim(frameIndex);
  }

  /** The session is gone: the next commit holds what was kept, and what comes. */
  onLost(): void {
    this.#isDown = true;
    this.#isKeptWhole = true;
    if (this.#isOpen) this.#firstFrame = this.#keptFrame;
  }

  /** Another session takes over; it may be the first one that is told. */
  onReplaced(): void {
    this.onLost();
    this.#isDown = false;
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
    if (this.#isOpen) this.keepOpen(endFrame);
  }

  // ---- whoever owns the turns -----------------------------------------------------------------

  /** Opens the span that stays open. */
  open(frameIndex: number): void {
    this.keepOpen(this.#effects.appendBegin(frameIndex));
  }

  /** The upstream is ready; what was captured before goes out too. */
  openEarly(): void {
    this.#isDown = false;
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
    this.#isKeptWhole = true;
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
    this.#keptFrame = firstFrame;
    this.#isKeptWhole = true;
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

  /** Nothing that is kept is waiting for anybody: the provider has heard it, or it holds no words. */
  #isSilence(): boolean {
    if (this.#facts.vadState() !== VAD_STATE.SILENCE) return false;
    if (this.#turnDetection !== "none" && !this.#isDown) return true;
    return this.#positionMs(this.#facts.endPositionSamples()) <= this.#keptFrame * FRAME_MS;
  }

  #positionMs(positionSamples: number): number {
    return Math.floor((positionSamples * 1000) / this.#settings.callerRateHz);
  }
}
