// The caller's turns, whoever decides about them: local voice activity, the provider, or the
// caller's application (push to talk). Station: between speech (caller-speech.ts, the provider's
// events, EndOfTurn) and the agent's voice, which a new turn interrupts and a finished one asks.
//
//   local            spans open at the onset and close at the end; nothing is sent in silence
//   server, semantic one span, always open; the provider commits and responds by itself
//   none             one span, always open; EndOfTurn commits it and opens the next
//
// Switching during a call keeps the running span where there is one, so that no sample is lost or
// sent twice (S4-C06).
import type { CallEffects, CaptureFacts } from "../contract/call-effects.ts";
import type { TurnDetection } from "../contract/call-terms.ts";
import type { SpeechPhase } from "../contract/conversation-state.ts";
import { VAD_STATE } from "../contract/core.ts";
import type { AgentVoice } from "./agent-voice.ts";
import { isCutting } from "./barge-in-action.ts";
import type { Interrupted } from "./interruption.ts";
import { OpenSpan } from "./open-span.ts";
import { type TurnEnd, turnEndOf } from "./turn-end.ts";
import { CallerSpeech, type CallerSpeechListener } from "./caller-speech.ts";
import {
  type CallerTurnsSettings,
  isProviderOwned,
  type TurnGuards,
} from "./caller-turns-settings.ts";

const FRAME_MS = 20;

export class CallerTurns {
  /** How the end of a turn is found; null where the core's silence stands. */
  readonly turnEnd: TurnEnd | null;
  readonly #settings: CallerTurnsSettings;
  readonly #effects: CallEffects;
  readonly #facts: CaptureFacts;
  readonly #voice: AgentVoice;
  readonly #guards: TurnGuards;
  readonly #speech: CallerSpeech;
  readonly #isCutting: boolean;
  #turnDetection: TurnDetection;
  #turnId = 0;
  #framesCaptured = 0;
  #isUpstreamReady = false;
  #isTurnEndedEarly = false;
  /** The newest turn cut the agent off in what it was saying. */
  #isInterruption = false;
  readonly #span: OpenSpan;
  /** The provider has heard the caller begin and not yet end. */
  #isProviderSpeech = false;

  constructor(
    settings: CallerTurnsSettings,
    effects: CallEffects,
    facts: CaptureFacts,
    voice: AgentVoice,
    guards: TurnGuards,
  ) {
    this.#settings = settings;
    this.#effects = effects;
    this.#facts = facts;
    this.#voice = voice;
    this.#guards = guards;
    this.#turnDetection = settings.turnDetection;
    this.#isCutting = isCutting(settings.bargeInAction ?? "interrupt");
    this.#span = new OpenSpan(settings, effects, facts);
    this.#speech = new CallerSpeech(settings, effects, facts, this.#speechListener());
    this.turnEnd = turnEndOf(settings, effects, facts, this.#speech);
  }

  turnId(): number {
    return this.#turnId;
  }

  turnDetection(): TurnDetection {
    return this.#turnDetection;
  }

  /** What local detection makes of the caller. */
  speechPhase(): SpeechPhase {
    return this.#speech.phase();
  }

  onCapture(bits: number, frameIndex: number): void {
    this.#framesCaptured = frameIndex + 1;
    if (this.#turnDetection !== "local") return;
    this.#speech.onCapture(bits, frameIndex);
    this.turnEnd?.onCapture(bits, this.#turnId, this.#voice.isAudible());
  }

  onAgentQuietMaybe(): void {
    if (this.#turnDetection === "local") this.#speech.onAgentQuietMaybe();
  }

  /** The session is configured. Audio captured before is on the tape and goes out now. */
  onUpstreamReady(): void {
    this.#isUpstreamReady = true;
    if (this.#turnDetection !== "local") this.#span.openEarly(this.#framesCaptured);
    if (this.#isTurnEndedEarly) this.onEndOfTurn();
  }

  /** What the provider was hearing is gone with its session; the next one starts anew. */
  onUpstreamLost(): void {
    if (this.#isProviderSpeech) this.#endProviderSpeech(this.#framesCaptured * FRAME_MS);
  }

  /** `force`, push to talk: the caller's turn ends now. */
  onEndOfTurn(): void {
    if (this.#turnDetection === "local") {
      this.turnEnd?.onForced();
      this.#speech.force();
      return;
    }
    if (this.#turnDetection !== "none") return;
    if (!this.#isUpstreamReady) {
      // No span is open yet: what was said lies on the tape, and is committed when it goes out.
      this.#isTurnEndedEarly = true;
      return;
    }
    if (this.#isTooShort(this.#span.firstFrame(), this.#framesCaptured)) {
      // The key bounced: what was said is being answered, and goes on being.
      this.#effects.count("turn_too_short");
      return;
    }
    const endFrame = this.#effects.appendEnd();
    this.#takeFloor();
    this.#commit(this.#span.firstFrame(), endFrame, 0, true);
    this.#span.open(endFrame);
  }

  /** A typed message: it interrupts, and is answered. The text itself went upstream already. */
  onText(): void {
    this.#takeFloor();
    this.#askTurn();
  }

  /** The provider hears the caller. One direct call to the far end's clear (S0-07, S0-10). */
  onProviderSpeechStarted(positionMs: number): void {
    if (!isProviderOwned(this.#turnDetection)) return;
    this.#isProviderSpeech = true;
    const cut = this.#takeFloor();
    this.#voice.sequence.setHeld(true);
    this.#effects.notice({ kind: "speech_started", turnId: this.#turnId, positionMs });
    this.#voice.tellBargeIn(cut, this.#turnId);
  }

  /** The provider decided that the turn is over; it commits and responds by itself. */
  onProviderSpeechStopped(positionMs: number): void {
    if (!isProviderOwned(this.#turnDetection)) return;
    this.#span.moveTo(this.#framesCaptured);
    // The provider's answer is to everything said so far, typed words too.
    this.#voice.sequence.forget("turn");
    this.#endProviderSpeech(positionMs);
    if (!this.#voice.latency.noteSpeechEnd(this.#facts.endPositionSamples())) {
      this.#effects.count("turn_end_unheard");
      return;
    }
    this.#voice.latency.onTurnDecided(this.#turnId, this.#effects.nowMs(), this.#silenceMs());
  }

  /** The caller's application stops the agent, whatever is protected. */
  onInterrupt(): void {
    this.#voice.sequence.forget("turn");
    const cut = this.#takeFloor();
    this.#voice.tellBargeIn(cut, this.#turnId);
  }

  newTurn(): void {
    this.#turnId += 1;
    this.#isInterruption = false;
    this.#voice.sequence.setTurn(this.#turnId);
  }

  /**
   * Another owner of the turns from the next frame on. A span that is open stays open: what was
   * sent is not sent again, what comes next follows it.
   */
  setTurnDetection(turnDetection: TurnDetection): void {
    const wasLocal = this.#turnDetection === "local";
    const isLocal = turnDetection === "local";
    this.#turnDetection = turnDetection;
    this.#voice.latency.noteSpeechEnd(this.#facts.endPositionSamples());
    if (wasLocal !== isLocal) this.turnEnd?.onReleased();
    if (!wasLocal && isLocal && this.#span.isOpen()) this.#spanToSpeech();
    else if (wasLocal && !isLocal) this.#speechToSpan();
    this.#isProviderSpeech = false;
    if (this.#speech.phase() !== "turn") this.#voice.sequence.setHeld(false);
  }

  /** In silence the span opens now, or when the upstream is ready. */
  #speechToSpan(): void {
    const firstFrame = this.#speech.release();
    if (firstFrame !== null) this.#span.take(firstFrame);
    else if (this.#isUpstreamReady) this.#span.openInSilence(this.#framesCaptured);
  }

  /**
   * The caller is speaking: the open span becomes that turn's. Words in it that nobody has ended
   * yet are a turn; plain silence is thrown away.
   */
  #spanToSpeech(): void {
    const hasWords = this.#span.hasWords();
    const firstFrame = this.#span.release();
    if (this.#facts.vadState() !== VAD_STATE.SILENCE) {
      this.#speech.adopt(firstFrame, this.#facts.onsetPositionSamples());
      return;
    }
    const endFrame = this.#effects.appendEnd();
    if (hasWords && !this.#isProviderSpeech) this.#takeFloor();
    if (hasWords) this.#endTurn(firstFrame, endFrame);
    else this.#effects.appendDiscard();
  }

  #takeFloor(): Interrupted {
    this.newTurn();
    return this.#voice.interrupt();
  }

  #endProviderSpeech(positionMs: number): void {
    this.#isProviderSpeech = false;
    this.#effects.notice({ kind: "speech_ended", turnId: this.#turnId, positionMs });
    this.#voice.sequence.setHeld(false);
  }

  #speechListener(): CallerSpeechListener {
    return {
      isAgentQuiet: () => !this.#voice.isAudible() && !this.#guards.isProtected(),
      isInterruptible: () => this.#isCutting && !this.#guards.isProtected(),
      isBargeInHeld: () => !this.#isCutting,
      onTurnStarted: (onsetPositionSamples) => this.#startTurn(onsetPositionSamples),
      onTurnEnded: (firstFrame, endFrame) => this.#endTurn(firstFrame, endFrame),
      onHeldEnded: () => this.#heldEnded(),
      onHeldCommitted: (firstFrame, endFrame) => this.#commit(firstFrame, endFrame, 0, false),
    };
  }

  #startTurn(onsetPositionSamples: number): void {
    this.turnEnd?.onTurnStarted(onsetPositionSamples / this.#settings.callerFrameSamples);
    const cut = this.#takeFloor();
    this.#voice.sequence.setHeld(true);
    this.#isInterruption = cut.heardMs > 0;
    const positionMs = this.#positionMs(onsetPositionSamples);
    this.#effects.notice({ kind: "speech_started", turnId: this.#turnId, positionMs });
    this.#voice.tellBargeIn(cut, this.#turnId);
  }

  #endTurn(firstFrame: number, endFrame: number): void {
    this.turnEnd?.onTurnEnded(this.#framesCaptured);
    const positionMs = this.#positionMs(this.#facts.endPositionSamples());
    this.#effects.notice({ kind: "speech_ended", turnId: this.#turnId, positionMs });
    this.#commit(firstFrame, endFrame, this.#silenceMs(), true);
    this.#voice.sequence.setHeld(false);
  }

  #heldEnded(): boolean {
    const isCommitted = this.#settings.protectedSpeech === "commit";
    this.#effects.count(isCommitted ? "protected_speech_committed" : "protected_speech_dropped");
    return isCommitted;
  }

  #commit(firstFrame: number, endFrame: number, silenceMs: number, isAnswered: boolean): void {
    if (this.#isTooShort(firstFrame, endFrame)) {
      this.#effects.appendDiscard();
      this.#effects.count("turn_too_short");
      return;
    }
    const turnId = this.#turnId;
    if (isAnswered) this.#voice.onTurnDecided(turnId, silenceMs);
    this.#effects.commit(turnId);
    this.#effects.count("turn_committed");
    const [startMs, endMs] = [firstFrame * FRAME_MS, endFrame * FRAME_MS];
    this.#effects.notice({ kind: "turn_committed", turnId, startMs, endMs });
    if (isAnswered) this.#askTurn();
  }

  /** The provider refuses to commit so little. */
  #isTooShort(firstFrame: number, endFrame: number): boolean {
    return (endFrame - firstFrame) * FRAME_MS < this.#settings.commitMsMin;
  }

  #askTurn(): void {
    if (this.#guards.isEnding()) return;
    const deadlineMs = this.#effects.nowMs() + this.#settings.responseWaitMs;
    const turnId = this.#turnId;
    const { acknowledgement = "", acknowledgementText = "" } = this.#settings;
    const [instructions, openingText] = this.#isInterruption
      ? [acknowledgement, acknowledgementText]
      : ["", ""];
    this.#voice.sequence.ask({ asker: "turn", turnId, instructions, openingText, deadlineMs });
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
