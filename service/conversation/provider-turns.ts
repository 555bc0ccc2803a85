// Turns that the provider's own detection owns (server_vad, semantic_vad): it commits and responds
// by itself; here a turn begins and ends with its events.
// Station: between the provider's speech events and the agent's voice. The reaction to
// speech_started is one direct call to the far end's clear (S0-07, S0-10).
//
// A session that is lost is followed by one that hears again what was kept of the caller's audio:
//
//   lost while it heard the caller       the turn stays open; the next speech_started is its beginning
//   lost before a turn was answered      written down: answered anew; else heard again, and answered
//
// Answered here (isAnsweredHere): where speech may have to leave the agent alone (barge-in off, `duck`,
// `ignore`, a protected greeting, the goodbye) the provider is told to commit only, neither to answer
// nor to interrupt. Speech that may not interrupt is held, as under local turns (decision 14):
//
//   speech_started over the agent -> held -- agent quiet --> a turn, from where it began
//                                      \-- speech_stopped --> kept without an answer, or deleted
//
// A turn that the provider committed, and to which it has begun no answer for UNBEGUN_FRAMES_MAX, is
// asked for here, once: what was typed while the caller spoke waits for that answer too.
//
// Limits: what is not heard again AGAIN_FRAMES_MAX after the new session is there, or in
// AGAIN_SILENT_FRAMES_MAX of silence, never will be.
import type { CallEffects, CaptureFacts } from "../contract/call-effects.ts";
import type { TurnDetection } from "../contract/call-terms.ts";
import { VAD_STATE } from "../contract/core.ts";
import type { AgentVoice } from "./agent-voice.ts";
import type { CallerItems } from "./caller-items.ts";
import type { CallerSpan } from "./caller-span.ts";
import type { CallerSpeechListener } from "./caller-speech.ts";
import { isProviderOwned } from "./caller-turns-settings.ts";
import type { Interrupted } from "./interruption.ts";
import type { TurnCommit } from "./turn-commit.ts";

const FRAME_MS = 20;
/** 2 s: the way there and back, and what a detection may take. */
const AGAIN_SILENT_FRAMES_MAX = 100;
/** 10 s, where the local detection never hears silence. */
const AGAIN_FRAMES_MAX = 500;
/** 5 s, in which nothing else is asked or said either. */
const UNBEGUN_FRAMES_MAX = 250;

export interface ProviderTurnsParts {
  readonly effects: CallEffects;
  readonly facts: CaptureFacts;
  readonly voice: AgentVoice;
  readonly turn: TurnCommit;
  /** A turn begins, and cuts the agent off. */
  readonly takeFloor: () => Interrupted;
  readonly turnId: () => number;
  readonly span: CallerSpan;
  readonly items: CallerItems;
  readonly listener: Pick<CallerSpeechListener, "isAgentQuiet" | "isInterruptible" | "onHeldEnded">;
  readonly isBargeInEnabled: boolean;
  /** The newest turn wants its answer. */
  readonly askTurn: () => void;
}

export class ProviderTurns {
  readonly #parts: ProviderTurnsParts;
  #turnDetection: TurnDetection;
  /** The provider commits, and answers nothing by itself. */
  #isAnsweredHere: boolean;
  /** What it hears may not interrupt the agent, and is no turn yet; it began here. */
  #heldFromMs = -1;
  /** The item that is committed next was speech that nobody keeps. */
  #isDropped = false;
  /** The provider has heard the caller begin and not yet end. */
  #isHearing = false;
  /** The newest turn is over and waits for the provider's answer. */
  #isAnswerOwed = false;
  /** The newest turn that is over was acknowledged as an item. */
  #isCommitted = false;
  /** Frames for which its answer has not begun; -1: it has, or is asked for here. */
  #unbegunFrames = -1;
  /** Where it ends, in the call's frames. */
  #stopFrame = 0;
  /** Which turn the next session is to hear again: one that was open, or one that was over. */
  #again: "none" | "open" | "over" = "none";
  /** What the provider hears is such a turn, whose end was told before. */
  #isRepeated = false;
  #isDown = false;
  #againFrames = 0;
  #silentFrames = 0;

  constructor(parts: ProviderTurnsParts, turnDetection: TurnDetection, isAnsweredHere: boolean) {
    this.#parts = parts;
    this.#turnDetection = turnDetection;
    this.#isAnsweredHere = isAnsweredHere;
    parts.voice.sequence.setProviderOwned(this.#isOwner() && !isAnsweredHere);
  }

  /** The provider's turn is open. */
  isHearing(): boolean {
    return this.#isHearing || this.#again === "open";
  }

  /** The provider is to answer the newest turn, and has not begun. */
  isAnswerAwaited(): boolean {
    return this.#unbegunFrames >= 0;
  }

  /** Once per captured frame. -> nothing that was said waits for the provider. */
  follow(): boolean {
    if (this.#again !== "none" && !this.#isDown) this.#awaitAgain();
    if (this.#unbegunFrames >= 0) this.#awaitAnswer();
    if (this.#heldFromMs >= 0 && this.#parts.listener.isAgentQuiet()) {
      this.#beginTurn(this.#heldFromMs);
    }
    return !this.#isHearing && !this.#isAnswerOwed && this.#again === "none";
  }

  /** Where its detection is a signal only, nothing follows. */
  onSpeechStarted(positionMs: number): void {
    if (!this.#isOwner()) return;
    const { voice, listener, isBargeInEnabled } = this.#parts;
    const again = this.#again;
    this.#isHearing = true;
    this.#isRepeated = again === "over";
    this.#again = "none";
    if (again !== "none") {
      voice.sequence.setHeld(true);
      return;
    }
    const isInterruptible = isBargeInEnabled && listener.isInterruptible();
    if (isInterruptible || listener.isAgentQuiet()) this.#beginTurn(positionMs);
    else this.#heldFromMs = positionMs;
  }

  #beginTurn(positionMs: number): void {
    const { voice, effects, takeFloor, turnId } = this.#parts;
    this.#heldFromMs = -1;
    const cut = takeFloor();
    voice.sequence.setHeld(true);
    effects.notice({ kind: "speech_started", turnId: turnId(), positionMs });
    voice.tellBargeIn(cut, turnId());
    this.#letGo();
  }

  /** The turn's clock starts where the local detection, listening passively, heard its end. */
  onSpeechStopped(positionMs: number, stopFrame: number): void {
    if (!this.#isOwner()) return;
    const { voice, effects, facts, turn, span, askTurn } = this.#parts;
    const framesCaptured = span.framesCaptured();
    // Not known where it lies: nothing is let go for it.
    this.#stopFrame = Math.max(0, Math.min(stopFrame, framesCaptured));
    span.moveTo(stopFrame < 0 ? framesCaptured : this.#stopFrame);
    if (this.#heldFromMs >= 0) {
      this.#endHeld();
      return;
    }
    this.#isAnswerOwed = true;
    this.#isCommitted = false;
    // The provider's answer is to everything said so far, typed words too.
    voice.sequence.forget("turn");
    const isRepeated = this.#isRepeated;
    this.#end(positionMs);
    if (!isRepeated && voice.latency.noteSpeechEnd(facts.endPositionSamples())) {
      turn.decide(turn.silenceMs(framesCaptured));
    } else if (!isRepeated) {
      effects.count("turn_end_unheard");
    }
    this.#unbegunFrames = this.#isAnsweredHere ? -1 : 0;
    if (this.#isAnsweredHere) askTurn();
  }

  /** A turn was acknowledged as this item. */
  onCommitted(itemId: string): void {
    if (this.#isDropped) this.#parts.items.delete(itemId);
    this.#isDropped = false;
    this.#isCommitted = true;
  }

  /** A response came to its end: what was said is not needed any more. */
  onAnswered(): void {
    if (!this.#isHearing && this.#again === "none") this.#letGo();
  }

  /** What the provider was hearing, or had heard, is gone with its session. */
  onLost(): void {
    this.#isDown = true;
    this.#parts.span.onLost();
    this.#isDropped = false;
    if (!this.#isHearing) return;
    // Held speech is heard anew, and judged anew.
    if (this.#heldFromMs < 0) this.#again = this.#isRepeated ? "over" : "open";
    this.#heldFromMs = -1;
    this.#isHearing = false;
  }

  /**
   * Another session takes over. isWritten: it is told the newest acknowledged turn as text, so that
   * only its answer is asked for. -> the turn is heard again, and answered then.
   */
  onReplaced(isWritten: boolean): boolean {
    const isToAsk = this.#isAnswerOwed && this.#isCommitted && isWritten;
    this.onLost();
    if (isToAsk) this.#again = "none";
    else if (this.#isAnswerOwed) this.#again = "over";
    if (isToAsk) this.#letGo();
    this.#parts.span.onReplaced();
    this.#isDown = false;
    this.#againFrames = 0;
    this.#silentFrames = 0;
    if (isToAsk) this.#parts.askTurn();
    return this.#again === "over";
  }

  /** Nothing that is said will be answered: who is not being heard is not waited for. */
  onEnding(): void {
    if (this.#again === "open") this.#end(this.#positionMs());
    this.#again = "none";
    if (!this.#isOwner() || this.#isAnsweredHere) return;
    this.#isAnsweredHere = true;
    this.#parts.effects.answerHere(this.#turnDetection);
  }

  /** Somebody else owns the turns; another detection of the provider's goes on with what it hears. */
  onSwitched(turnDetection: TurnDetection): void {
    const wasOwner = this.#isOwner();
    this.#turnDetection = turnDetection;
    if (wasOwner && this.#isOwner()) return;
    this.#parts.voice.sequence.setProviderOwned(this.#isOwner() && !this.#isAnsweredHere);
    this.#isHearing = false;
    this.#heldFromMs = -1;
    this.#isDropped = false;
    this.#isRepeated = false;
    this.#isAnswerOwed = false;
    this.#again = "none";
  }

  #isOwner(): boolean {
    return isProviderOwned(this.#turnDetection);
  }

  /** It ended before it could be a turn. */
  #endHeld(): void {
    const { listener, span } = this.#parts;
    this.#heldFromMs = -1;
    this.#isHearing = false;
    this.#isDropped = !listener.onHeldEnded();
    span.letGo(this.#stopFrame);
  }

  /** The provider was to answer by itself, and whatever kept it from that told nobody. */
  #awaitAnswer(): void {
    const state = this.#parts.voice.sequence.state();
    if (!this.#isAnswerOwed || state === "active") this.#unbegunFrames = -1;
    if (this.#unbegunFrames < 0 || state !== "idle" || this.isHearing() || this.#isDown) return;
    this.#unbegunFrames += 1;
    if (this.#unbegunFrames < UNBEGUN_FRAMES_MAX) return;
    this.#unbegunFrames = -1;
    if (!this.#isCommitted) return;
    this.#parts.effects.count("answer_unbegun");
    this.#parts.askTurn();
  }

  /** The new session does not hear it, however long it is waited for. */
  #awaitAgain(): void {
    const isSilent = this.#parts.facts.vadState() === VAD_STATE.SILENCE;
    this.#againFrames += 1;
    this.#silentFrames = isSilent ? this.#silentFrames + 1 : 0;
    const isSilentLong = this.#silentFrames >= AGAIN_SILENT_FRAMES_MAX;
    if (!isSilentLong && this.#againFrames < AGAIN_FRAMES_MAX) return;
    if (this.#again === "open") this.#end(this.#positionMs());
    this.#again = "none";
    this.#letGo();
  }

  #end(positionMs: number): void {
    const { voice, effects, turnId } = this.#parts;
    this.#isHearing = false;
    if (!this.#isRepeated) effects.notice({ kind: "speech_ended", turnId: turnId(), positionMs });
    this.#isRepeated = false;
    voice.sequence.setHeld(false);
  }

  /** The newest turn that is over need not be heard again. */
  #letGo(): void {
    if (this.#isAnswerOwed) this.#parts.span.letGo(this.#stopFrame);
    this.#isAnswerOwed = false;
  }

  #positionMs(): number {
    return this.#parts.span.framesCaptured() * FRAME_MS;
  }
}
