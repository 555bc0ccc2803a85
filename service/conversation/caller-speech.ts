// The caller's speech, from the first window judged speech to the commit (decisions 5, 13, 14).
// Station: fed with the core's event bits once per 20 ms frame; opens, closes and throws away the
// span of audio that goes upstream, and tells the conversation when a turn begins and ends.
//
//              ONSET_MAYBE, BARGE_MAYBE           ONSET (agent silent), BARGE
//   silent ---------------------------> tentative --------------------------> turn
//      ^    ONSET_FALSE, BARGE_FALSE        |                                  |
//      +------------------------------------+                                  | END, force
//      ^                                    | ONSET while the agent is audible | or SILENT_MS_MAX
//      |                                    v                                  v
//      +--- END: drop, or commit mute --- held ---- agent silent ----> turn   silent
//
// While the agent is audible only the barge-in accumulator starts a turn; speech that it did not
// take is held, and becomes a turn from its own onset when the agent falls silent (decision 14).
// A barge-in may start a turn before the turn machine has confirmed it; a short hole then gives
// ONSET_FALSE, which is no end of turn. Whatever was opened ends at the latest when the turn
// machine has been in silence for SILENT_MS_MAX, so that no lost bit keeps a span open.
import type { SpeechPhase } from "../contract/conversation-state.ts";
import { CAPTURE_EVENT, VAD_STATE } from "../contract/core.ts";
import type { CallEffects, CaptureFacts } from "../contract/call-effects.ts";
import type { CallerSpan } from "./caller-span.ts";

export interface CallerSpeechSettings {
  readonly callerFrameSamples: number;
  readonly callerRateHz: number;
  readonly preRollMs: number;
  /** Shorter spans are no turn: the provider refuses commits under 100 ms. */
  readonly commitMsMin: number;
  /** A turn is ended by force at this length (the tape holds 60 s). */
  readonly turnMsMax: number;
}

/** What the conversation is told. Frames are 20 ms, counted from the call's start. */
export interface CallerSpeechListener {
  /** May the caller start a turn by talking now? False while the agent is audible or protected. */
  isAgentQuiet(): boolean;
  /** May the barge-in accumulator cut the agent now? False while an utterance is protected. */
  isInterruptible(): boolean;
  /** Is what the accumulator took held, where it may not cut the agent? Else it waits for an onset. */
  isBargeInHeld(): boolean;
  onTurnStarted(onsetPositionSamples: number): void;
  /** A frame of the silence that may end the turn; the span [firstFrame, endFrame) is open. */
  onTurnSilence(firstFrame: number, endFrame: number): void;
  /** The silence was a pause. */
  onTurnResumed(): void;
  /** The turn is over. -> true when all of it was committed before, and its span is closed. */
  onTurnConfirmed(): boolean;
  /** The span [firstFrame, endFrame) is closed and ready to commit. */
  onTurnEnded(firstFrame: number, endFrame: number): void;
  /** Speech under protection ended before it could become a turn: -> true to commit it mute. */
  onHeldEnded(): boolean;
  onHeldCommitted(firstFrame: number, endFrame: number): void;
  /** What was open is no turn. */
  onDiscarded(): void;
}

export interface CallerSpeechParts {
  readonly effects: CallEffects;
  readonly facts: CaptureFacts;
  /** The caller audio that speech cuts turns out of. */
  readonly span: Pick<CallerSpan, "begin" | "end" | "forget" | "discard">;
}

const START_BITS = CAPTURE_EVENT.ONSET_MAYBE | CAPTURE_EVENT.BARGE_MAYBE;
const FALSE_BITS = CAPTURE_EVENT.ONSET_FALSE | CAPTURE_EVENT.BARGE_FALSE;
const FRAME_MS = 20;
/** As long as the longest default silence that ends a turn. */
const SILENT_MS_MAX = 500;

export class CallerSpeech {
  readonly #settings: CallerSpeechSettings;
  readonly #effects: CallEffects;
  readonly #facts: CaptureFacts;
  readonly #span: CallerSpeechParts["span"];
  readonly #listener: CallerSpeechListener;
  readonly #preRollFrames: number;
  #phase: SpeechPhase = "silent";
  #firstFrame = 0;
  #onsetPositionSamples = 0;
  /** Frames in a row with something open and the turn machine in silence. */
  #silentFrames = 0;

  constructor(
    settings: CallerSpeechSettings,
    { effects, facts, span }: CallerSpeechParts,
    listener: CallerSpeechListener,
  ) {
    this.#settings = settings;
    this.#effects = effects;
    this.#facts = facts;
    this.#span = span;
    this.#listener = listener;
    this.#preRollFrames = Math.ceil(settings.preRollMs / FRAME_MS);
  }

  phase(): SpeechPhase {
    return this.#phase;
  }

  /** Of the span that is open, or was last. */
  firstFrame(): number {
    return this.#firstFrame;
  }

  /** First frame of what is open, -1 when nothing is. */
  openFrame(): number {
    return this.#phase === "silent" ? -1 : this.#firstFrame;
  }

  /** One frame's event bits. frameIndex: the frame they belong to. */
  onCapture(bits: number, frameIndex: number): void {
    if (this.#phase === "silent" && (bits & START_BITS) !== 0) this.#open(bits);
    if ((bits & CAPTURE_EVENT.BARGE) !== 0) this.#onBarge(bits);
    if ((bits & CAPTURE_EVENT.ONSET) !== 0) this.#onOnset(bits);
    if (this.#phase === "turn") this.#hintEnd(bits);
    if ((bits & CAPTURE_EVENT.END) !== 0) this.#onSpeechOver();
    else if ((bits & FALSE_BITS) !== 0) this.#onFalseAlarm();
    this.onAgentQuietMaybe();
    if (this.#phase !== "silent") this.#limit(frameIndex);
    if (this.#phase === "turn") this.#watchSilence(frameIndex + 1);
  }

  /** The agent may have fallen silent: held speech becomes a turn from its own onset. */
  onAgentQuietMaybe(): void {
    if (this.#phase === "held" && this.#listener.isAgentQuiet()) this.#startTurn();
  }

  /** Ends the caller's turn now (`force`, EndOfTurn). -> false when the caller was not speaking. */
  force(): boolean {
    if (this.#phase === "silent") return false;
    const isAllowed = this.#listener.isAgentQuiet() || this.#listener.isInterruptible();
    if (this.#phase !== "turn" && isAllowed) this.#startTurn();
    this.#effects.forceSpeechEnd();
    // The core may answer with END at once, which ends it; when it does not, end it here.
    this.#onSpeechOver();
    return true;
  }

  /** Gives the running span away, open as it is. -> its first frame, null when none was open. */
  release(): number | null {
    if (this.#phase === "silent") return null;
    this.#phase = "silent";
    return this.#firstFrame;
  }

  /**
   * Takes over an open span in which the caller has been speaking since the onset. Where the agent
   * may be interrupted, speech that is more than a burst takes the floor, as it would have done.
   */
  adopt(spanFirstFrame: number, onsetPositionSamples: number): void {
    const onsetFrame = Math.floor(onsetPositionSamples / this.#settings.callerFrameSamples);
    this.#onsetPositionSamples = onsetPositionSamples;
    this.#firstFrame = Math.max(spanFirstFrame, onsetFrame - this.#preRollFrames);
    this.#silentFrames = 0;
    const isBurst = this.#facts.vadState() === VAD_STATE.SPEECH_START;
    const isTakingOver = !isBurst && this.#listener.isInterruptible();
    if (isTakingOver || this.#listener.isAgentQuiet()) this.#startTurn();
    else this.#phase = "held";
  }

  /** The silence that may end the turn has begun, or was only a pause. */
  #hintEnd(bits: number): void {
    if ((bits & CAPTURE_EVENT.END_MAYBE) !== 0) this.#effects.hintTurnEnd(true);
    else if ((bits & CAPTURE_EVENT.END_OFF) !== 0) {
      this.#effects.hintTurnEnd(false);
      this.#listener.onTurnResumed();
    }
  }

  #watchSilence(endFrame: number): void {
    if (this.#facts.vadState() !== VAD_STATE.SPEECH_END) return;
    this.#listener.onTurnSilence(this.#firstFrame, endFrame);
  }

  #open(bits: number): void {
    const isTurnMachine = (bits & CAPTURE_EVENT.ONSET_MAYBE) !== 0;
    this.#onsetPositionSamples = isTurnMachine
      ? this.#facts.onsetPositionSamples()
      : this.#facts.bargeInOnsetPositionSamples();
    this.#openSpan();
    this.#phase = "tentative";
  }

  #openSpan(): void {
    const onsetFrame = Math.floor(this.#onsetPositionSamples / this.#settings.callerFrameSamples);
    this.#silentFrames = 0;
    this.#firstFrame = this.#span.begin(Math.max(0, onsetFrame - this.#preRollFrames));
  }

  #onBarge(bits: number): void {
    if (this.#phase === "turn") return;
    const isInterruptible = this.#listener.isInterruptible();
    if (!isInterruptible && !this.#listener.isBargeInHeld()) return;
    if (this.#phase === "silent") this.#open(bits & ~CAPTURE_EVENT.ONSET_MAYBE);
    if (isInterruptible) this.#startTurn();
    else this.#phase = "held";
  }

  #onOnset(bits: number): void {
    if (this.#phase === "turn") return;
    if (this.#phase === "silent") this.#open(bits | CAPTURE_EVENT.ONSET_MAYBE);
    if (this.#listener.isAgentQuiet()) this.#startTurn();
    else this.#phase = "held";
  }

  #startTurn(): void {
    this.#phase = "turn";
    this.#listener.onTurnStarted(this.#onsetPositionSamples);
  }

  #onSpeechOver(): void {
    if (this.#phase === "turn") this.#endTurn();
    else if (this.#phase === "held") this.#endHeld();
    else if (this.#phase === "tentative") this.#discard();
  }

  /**
   * One of the two machines gave up; the span stays open while the other still hears speech. A turn
   * goes on: after a barge-in the turn machine may still be waiting for its own minimum.
   */
  #onFalseAlarm(): void {
    if (this.#phase !== "tentative") return;
    if (this.#facts.vadState() === VAD_STATE.SILENCE) this.#discard();
  }

  #discard(): void {
    this.#phase = "silent";
    this.#span.forget();
    this.#listener.onDiscarded();
    this.#effects.count("false_onset");
  }

  #endTurn(): void {
    this.#phase = "silent";
    if (this.#listener.onTurnConfirmed()) return;
    const endFrame = this.#span.end();
    this.#listener.onTurnEnded(this.#firstFrame, endFrame);
  }

  #endHeld(): void {
    this.#phase = "silent";
    if (!this.#listener.onHeldEnded()) {
      this.#span.discard();
      this.#listener.onDiscarded();
      return;
    }
    const endFrame = this.#span.end();
    this.#listener.onHeldCommitted(this.#firstFrame, endFrame);
  }

  #limit(frameIndex: number): void {
    const isSilent = this.#facts.vadState() === VAD_STATE.SILENCE;
    this.#silentFrames = isSilent ? this.#silentFrames + 1 : 0;
    const lengthMs = (frameIndex + 1 - this.#firstFrame) * FRAME_MS;
    if (lengthMs >= this.#settings.turnMsMax) this.#endTooLong();
    else if (this.#silentFrames * FRAME_MS >= SILENT_MS_MAX) this.#onSpeechOver();
  }

  /** The tape is full: a turn ends here and what follows is the next one; held speech is over. */
  #endTooLong(): void {
    this.#effects.forceSpeechEnd();
    this.#onSpeechOver();
  }
}
