// One call's conversation: who speaks, what goes to the model, what the caller heard (decision 12).
// Station: between the engine's event bits, the upstream's events and the transport's reports on one
// side, and CallEffects on the other. Synchronous; no promise, no clock, no socket.
//
// Its parts: caller-speech (spans and turns), agent-voice (said, heard, cut) with response-sequence
// (response.create), playout-ledger and interruption, goodbye (drain before hang-up).
// Barge-in order (S1-31, D-22): clear the far end, cancel, then truncate at what was heard.
import type { CallEffects, CaptureFacts, ConversationTimer } from "../contract/call-effects.ts";
import type { EndReason, TurnDetection } from "../contract/call-terms.ts";
import type { ResponseStatus } from "../contract/upstream.ts";
import { AgentVoice } from "./agent-voice.ts";
import { CallerSpeech, type CallerSpeechListener } from "./caller-speech.ts";
import { Goodbye } from "./goodbye.ts";
import type { PlayoutLedger } from "./playout-ledger.ts";
import type { ResponseSequence } from "./response-sequence.ts";

const FRAME_MS = 20;
/** Caller audio from before the upstream was ready that is still sent: 2 s. */
const EARLY_FRAMES = 100;

export interface Greeting {
  /** What the model is told to say. */
  readonly instructions: string;
  /** True: it may not be interrupted. */
  readonly isProtected: boolean;
}

export interface ConversationSettings {
  readonly turnDetection: TurnDetection;
  readonly callerRateHz: number;
  readonly callerFrameSamples: number;
  readonly upstreamRateHz: number;
  readonly preRollMs: number;
  readonly commitMsMin: number;
  readonly turnMsMax: number;
  /** Longest wait of a turn's response behind another one (S1-29). */
  readonly responseWaitMs: number;
  readonly greeting: Greeting | null;
  /** What becomes of speech that ended under protection (decision 14). */
  readonly protectedSpeech: "drop" | "commit";
}

export class Conversation {
  readonly #settings: ConversationSettings;
  readonly #effects: CallEffects;
  readonly #facts: CaptureFacts;
  readonly #voice: AgentVoice;
  readonly #sequence: ResponseSequence;
  readonly #speech: CallerSpeech;
  readonly #goodbye: Goodbye;
  #turnId = 0;
  #framesCaptured = 0;
  #isGreeting = false;
  #isUpstreamReady = false;
  #isTurnEndedEarly = false;
  /** First frame of the span that is open while nobody here owns the turns. */
  #spanFirstFrame = 0;

  constructor(settings: ConversationSettings, effects: CallEffects, facts: CaptureFacts) {
    this.#settings = settings;
    this.#effects = effects;
    this.#facts = facts;
    this.#voice = new AgentVoice(settings.upstreamRateHz, effects, () => this.#turnId);
    this.#sequence = this.#voice.sequence;
    this.#goodbye = new Goodbye(effects, this.#sequence, this.#voice.ledger);
    this.#speech = new CallerSpeech(settings, effects, facts, this.#speechListener());
  }

  turnId(): number {
    return this.#turnId;
  }

  /** Grows with every clear; frames and reports carry it. */
  generation(): number {
    return this.#voice.generation();
  }

  ledger(): PlayoutLedger {
    return this.#voice.ledger;
  }

  sequence(): ResponseSequence {
    return this.#sequence;
  }

  isOver(): boolean {
    return this.#goodbye.isOver();
  }

  // ---- the caller's side ------------------------------------------------------------------

  /** The core took one 20 ms frame. bits: CAPTURE_EVENT. */
  onCapture(bits: number, frameIndex: number): void {
    this.#framesCaptured = frameIndex + 1;
    if (this.#goodbye.isOver()) return;
    this.#voice.follow();
    if (this.#settings.turnDetection === "local") this.#speech.onCapture(bits, frameIndex);
  }

  /** The caller's application stops the agent, whatever is protected. */
  onInterrupt(): void {
    this.#newTurnId();
    this.#sequence.forget("turn");
    this.#voice.interrupt();
  }

  /** `force`, push to talk: the caller's turn ends now. */
  onEndOfTurn(): void {
    if (this.#settings.turnDetection === "local") {
      this.#speech.force();
      return;
    }
    if (this.#settings.turnDetection !== "none") return;
    if (!this.#isUpstreamReady) {
      // No span is open yet: what was said lies on the tape, and is committed when it goes out.
      this.#isTurnEndedEarly = true;
      return;
    }
    const endFrame = this.#effects.appendEnd();
    this.#newTurnId();
    this.#voice.interrupt();
    this.#commit(this.#spanFirstFrame, endFrame, 0, true);
    this.#spanFirstFrame = this.#effects.appendBegin(endFrame);
  }

  /** A typed message: it interrupts, and is answered. The text itself went upstream already. */
  onText(): void {
    this.#newTurnId();
    this.#voice.interrupt();
    this.#askTurn();
  }

  /** The far end played `samples` (upstream rate) of the item. Marks of older generations do not count. */
  onReport(item: number, samples: number, generation: number): void {
    this.#voice.onReport(item, samples, generation);
  }

  // ---- the pacer --------------------------------------------------------------------------

  /** A frame went to the far end; item 0 is filler. Positions at the upstream's rate. */
  onFrameSent(item: number, positionSamples: number, samples: number): void {
    this.#voice.onFrameSent(item, positionSamples, samples);
  }

  // ---- the upstream -----------------------------------------------------------------------

  /** The session is configured. Audio captured before is on the tape and goes out now. */
  onUpstreamReady(): void {
    this.#isUpstreamReady = true;
    const greeting = this.#settings.greeting;
    if (greeting !== null && this.#turnId === 0) {
      this.#isGreeting = true;
      this.#sequence.ask({
        asker: "greeting",
        turnId: 0,
        instructions: greeting.instructions,
        deadlineMs: this.#effects.nowMs() + this.#settings.responseWaitMs,
      });
    }
    if (this.#settings.turnDetection !== "local") {
      const early = Math.max(0, this.#framesCaptured - EARLY_FRAMES);
      this.#spanFirstFrame = this.#effects.appendBegin(early);
    }
    if (this.#isTurnEndedEarly) this.onEndOfTurn();
  }

  onCommitted(): void {
    this.#voice.latency.onCommitted(this.#effects.nowMs());
  }

  /** The provider hears the caller (its own detection owns the turns). One direct call (S0-07, S0-10). */
  onProviderSpeechStarted(positionMs: number): void {
    if (!this.#isProviderTurns()) return;
    this.#newTurnId();
    this.#voice.interrupt();
    this.#sequence.setHeld(true);
    this.#effects.notice({ kind: "speech_started", turnId: this.#turnId, positionMs });
  }

  /** The provider decided that the turn is over; it commits and responds by itself. */
  onProviderSpeechStopped(positionMs: number): void {
    if (!this.#isProviderTurns()) return;
    this.#sequence.setHeld(false);
    this.#effects.notice({ kind: "speech_ended", turnId: this.#turnId, positionMs });
    this.#voice.latency.onTurnDecided(this.#turnId, this.#effects.nowMs(), this.#silenceMs());
  }

  /** tag: of the request that it answers, "" when the provider does not echo it. */
  onResponseCreated(responseId: string, tag = ""): void {
    this.#voice.onResponseCreated(responseId, tag);
  }

  /** -> the item's number to queue the audio under, or 0: late audio of a stopped response. */
  onAudio(responseId: string, itemId: string, contentIndex: number): number {
    return this.#voice.onAudio(responseId, itemId, contentIndex);
  }

  /** Audio of the item goes to the queue; a queue that was full takes it back (samples < 0). */
  onAudioQueued(item: number, samples: number): void {
    this.#voice.onAudioQueued(item, samples);
  }

  /** -> the number of the item that ended, or 0. */
  onAudioDone(itemId: string): number {
    return this.#voice.onAudioDone(itemId);
  }

  onAgentTranscript(responseId: string, itemId: string, text: string, isFinal: boolean): void {
    this.#voice.onTranscript(responseId, itemId, text, isFinal);
  }

  /** -> the turn that the tool call belongs to, to be given back with its answer (S1-28). */
  onToolCall(responseId: string): number {
    return this.#voice.turnOfToolCall(responseId);
  }

  /** A tool call was answered: the answer may be spoken when nothing else is, unless it is stale. */
  onToolAnswered(turnId = this.#turnId): void {
    if (this.#goodbye.isBegun()) return;
    this.#sequence.ask({
      asker: "tool",
      turnId,
      instructions: "",
      deadlineMs: this.#effects.nowMs() + this.#settings.responseWaitMs,
    });
  }

  /** -> numbers of items that end with it though the provider never said that their audio is done. */
  onResponseDone(responseId: string, status: ResponseStatus): number[] {
    const unfinished = this.#voice.onResponseDone(responseId, status);
    this.#goodbye.onSequence();
    this.#speech.onAgentQuietMaybe();
    return unfinished;
  }

  /** The provider refused something; the session goes on. */
  onUpstreamError(code: string): void {
    if (code === "conversation_already_has_active_response") this.#sequence.onAlreadyActive();
    else if (code === "response_cancel_not_active") this.#sequence.onCancelNotActive();
    else if (code === "input_audio_buffer_commit_empty") this.#onCommitRefused();
    this.#goodbye.onSequence();
  }

  onTimer(timer: ConversationTimer): void {
    if (timer === "drain" || timer === "goodbye") {
      this.#goodbye.onTimer(timer);
      return;
    }
    this.#sequence.onTimeout();
    this.#voice.finishItems();
    this.#goodbye.onSequence();
  }

  /** Says goodbye (or just drains, with no instructions), is heard in full, then ends the call. */
  sayGoodbye(reason: EndReason, instructions: string): void {
    const isUpstreamReady = this.#isUpstreamReady;
    this.#goodbye.begin(reason, { instructions, turnId: this.#turnId, isUpstreamReady });
  }

  /** The call ended from outside (hang-up, lost upstream): frees every timer; nothing more is asked. */
  close(): void {
    this.#goodbye.close();
    this.#sequence.close();
  }

  // ---- inside -----------------------------------------------------------------------------

  #speechListener(): CallerSpeechListener {
    return {
      isAgentQuiet: () => !this.#voice.isAudible() && !this.#isProtected(),
      isInterruptible: () => !this.#isProtected(),
      onTurnStarted: (onsetPositionSamples) => this.#startTurn(onsetPositionSamples),
      onTurnEnded: (firstFrame, endFrame) => this.#endTurn(firstFrame, endFrame),
      onHeldEnded: () => this.#heldEnded(),
      onHeldCommitted: (firstFrame, endFrame) => this.#commit(firstFrame, endFrame, 0, false),
    };
  }

  #startTurn(onsetPositionSamples: number): void {
    this.#newTurnId();
    const cut = this.#voice.interrupt();
    this.#sequence.setHeld(true);
    const positionMs = this.#positionMs(onsetPositionSamples);
    const turnId = this.#turnId;
    this.#effects.notice({ kind: "speech_started", turnId, positionMs });
    if (!cut.wasAudible) return;
    this.#effects.count("barge_in");
    this.#effects.notice({ kind: "barge_in", item: cut.item, heardMs: cut.heardMs, turnId });
  }

  #endTurn(firstFrame: number, endFrame: number): void {
    const turnId = this.#turnId;
    const positionMs = this.#positionMs(this.#facts.endPositionSamples());
    this.#effects.notice({ kind: "speech_ended", turnId, positionMs });
    this.#commit(firstFrame, endFrame, this.#silenceMs(), true);
    this.#sequence.setHeld(false);
  }

  #commit(firstFrame: number, endFrame: number, silenceMs: number, isAnswered: boolean): void {
    const startMs = firstFrame * FRAME_MS;
    const endMs = endFrame * FRAME_MS;
    if (endMs - startMs < this.#settings.commitMsMin) {
      this.#effects.appendDiscard();
      this.#effects.count("turn_too_short");
      return;
    }
    const turnId = this.#turnId;
    if (isAnswered) this.#voice.latency.onTurnDecided(turnId, this.#effects.nowMs(), silenceMs);
    this.#effects.commit(turnId);
    this.#effects.count("turn_committed");
    this.#effects.notice({ kind: "turn_committed", turnId, startMs, endMs });
    if (isAnswered) this.#askTurn();
  }

  #askTurn(): void {
    if (this.#goodbye.isBegun()) return;
    const nowMs = this.#effects.nowMs();
    const deadlineMs = nowMs + this.#settings.responseWaitMs;
    this.#sequence.ask({ asker: "turn", turnId: this.#turnId, instructions: "", deadlineMs });
  }

  /** The provider had no audio to commit: an answer to it would answer nothing. */
  #onCommitRefused(): void {
    this.#sequence.forget("turn");
    if (this.#sequence.current()?.asker === "turn") this.#sequence.cancel();
  }

  #heldEnded(): boolean {
    const isCommitted = this.#settings.protectedSpeech === "commit";
    this.#effects.count(isCommitted ? "protected_speech_committed" : "protected_speech_dropped");
    return isCommitted;
  }

  #newTurnId(): void {
    this.#turnId += 1;
    this.#sequence.setTurn(this.#turnId);
    this.#isGreeting = false;
  }

  /** True from the greeting's request until its last sample was heard, or the goodbye began. */
  #isProtected(): boolean {
    if (this.#goodbye.isBegun()) return true;
    if (!this.#isGreeting || this.#settings.greeting?.isProtected !== true) return false;
    const isPending = this.#sequence.current()?.asker === "greeting";
    if (isPending || !this.#voice.isDrained()) return true;
    this.#isGreeting = false;
    return false;
  }

  #isProviderTurns(): boolean {
    const { turnDetection } = this.#settings;
    return turnDetection === "server_vad" || turnDetection === "semantic_vad";
  }

  /** Silence between the true end of speech and now, in captured audio. */
  #silenceMs(): number {
    const endMs = this.#positionMs(this.#facts.endPositionSamples());
    return Math.max(0, this.#framesCaptured * FRAME_MS - endMs);
  }

  #positionMs(positionSamples: number): number {
    return Math.floor((positionSamples * 1000) / this.#settings.callerRateHz);
  }
}
