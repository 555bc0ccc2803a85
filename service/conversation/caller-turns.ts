// The caller's turns, whoever decides about them: local voice activity, the provider, or the
// caller's application (push to talk). Station: between speech (caller-speech.ts, the provider's
// events, EndOfTurn) and the agent's voice, which a new turn interrupts and a finished one asks.
//
//   local            spans open at the onset and close at the end; nothing is sent in silence
//   server, semantic one span, always open; the provider commits and responds by itself
//   none             one span, always open; EndOfTurn commits it and opens the next
//   hybrid           as local, over one span that is always open; the provider's detection is a
//                    second opinion (S1-70): it may confirm an early end, and what it commits by
//                    itself is not committed again (provider-parts.ts)
import type { CallEffects, CaptureFacts } from "../contract/call-effects.ts";
import type { TurnDetection } from "../contract/call-terms.ts";
import { VAD_STATE } from "../contract/core.ts";
import type { AgentVoice } from "./agent-voice.ts";
import { isCutting } from "./barge-in-action.ts";
import type { Interrupted } from "./interruption.ts";
import { type TurnEnd, turnEndOf } from "./turn-end.ts";
import { CallerItems } from "./caller-items.ts";
import { CallerSpan } from "./caller-span.ts";
import { CallerSpeech, type CallerSpeechListener } from "./caller-speech.ts";
import type { CallerTurnsSettings, TurnGuards } from "./caller-turns-settings.ts";
import { ProviderParts } from "./provider-parts.ts";
import { ProviderTurns } from "./provider-turns.ts";
import { TurnAcks } from "./turn-acks.ts";
import { Speculation } from "./speculation.ts";
import { hearsTurns, switchTurns, type TurnSwitchParts } from "./turn-switch.ts";
import { type FrameSpan, openingOf, TurnCommit } from "./turn-commit.ts";

export class CallerTurns {
  readonly turnEnd: TurnEnd | null; // null where the core's silence stands
  readonly speculation: Speculation;
  readonly acks: TurnAcks;
  readonly speech: CallerSpeech;
  readonly providerTurns: ProviderTurns;
  readonly #settings: CallerTurnsSettings;
  readonly #effects: CallEffects;
  readonly #facts: CaptureFacts;
  readonly #voice: AgentVoice;
  readonly #guards: TurnGuards;
  readonly #parts: ProviderParts;
  readonly #span: CallerSpan;
  readonly #isCutting: boolean;
  readonly #turn: TurnCommit;
  readonly #switched: TurnSwitchParts;
  #turnDetection: TurnDetection;
  #turnId = 0;
  #isUpstreamReady = false;
  #isTurnEndedEarly = false;
  /** The newest turn cut the agent off in what it was saying. */
  #isInterruption = false;

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
    const items = new CallerItems(effects);
    const parts = new ProviderParts(items);
    const span = new CallerSpan(settings, effects, facts);
    const shared = { effects, facts, voice, span, parts, items, turnId: () => this.#turnId };
    const turn = new TurnCommit(settings, {
      ...shared,
      opening: () => openingOf(settings, this.#isInterruption),
    });
    this.#parts = parts;
    this.#span = span;
    this.#turn = turn;
    this.speculation = new Speculation(settings.speculation ?? null, { ...shared, turn });
    const listener = this.#speechListener();
    this.speech = new CallerSpeech(settings, { effects, facts, span }, listener);
    this.turnEnd = turnEndOf(settings, effects, facts, this.speech);
    const takeFloor = () => this.#takeFloor(true);
    const askTurn = () => this.#askTurn();
    const { turnDetection, isBargeInEnabled = true, isAnsweredHere = false } = settings;
    const owned = { ...shared, turn, takeFloor, listener, isBargeInEnabled, askTurn };
    this.providerTurns = new ProviderTurns(owned, turnDetection, isAnsweredHere);
    this.#switched = {
      facts,
      span,
      speech: this.speech,
      endWords: (words) => {
        const isCut = (this.#isCutting && !guards.isProtected()) || !voice.isAudible();
        if (!isCut) this.newTurn();
        else if (!this.providerTurns.isHearing()) this.#takeFloor(false);
        this.#endTurn(words);
      },
    };
    this.acks = new TurnAcks({
      ...shared,
      speculation: this.speculation,
      providerTurns: this.providerTurns,
      openFrame: () => this.speech.openFrame(),
    });
  }

  turnId(): number {
    return this.#turnId;
  }

  turnDetection(): TurnDetection {
    return this.#turnDetection;
  }

  /** Nobody speaks, as far as is heard here, and a session to come can be told all of it. */
  isQuiet(): boolean {
    return this.#facts.vadState() === VAD_STATE.SILENCE && this.#span.isKeptWhole();
  }

  onCapture(bits: number, frameIndex: number): void {
    const isIdle = this.speech.phase() === "silent" && this.providerTurns.follow();
    this.#span.onFrame(frameIndex + 1, isIdle);
    if (!hearsTurns(this.#turnDetection)) return;
    this.speech.onCapture(bits, frameIndex);
    this.turnEnd?.onCapture(bits, this.#turnId, this.#voice.isAudible());
  }

  onAgentQuietMaybe(): void {
    if (hearsTurns(this.#turnDetection)) this.speech.onAgentQuietMaybe();
  }

  /** The session is configured. Audio captured before is on the tape and goes out now. */
  onUpstreamReady(): void {
    this.#isUpstreamReady = true;
    if (!hearsTurns(this.#turnDetection)) this.#span.openEarly();
    if (this.#isTurnEndedEarly) this.onEndOfTurn();
  }

  /** `force`, push to talk: the caller's turn ends now. */
  onEndOfTurn(): void {
    if (hearsTurns(this.#turnDetection)) {
      this.turnEnd?.onForced();
      this.speech.force();
      return;
    }
    if (this.#turnDetection !== "none") return;
    if (!this.#isUpstreamReady) {
      // No span is open yet: what was said lies on the tape, and is committed when it goes out.
      this.#isTurnEndedEarly = true;
      return;
    }
    const firstFrame = this.#span.firstFrame();
    const span = { firstFrame, endFrame: this.#span.framesCaptured() };
    if (!this.#turn.isLongEnough(span)) {
      // The key bounced: what was said is being answered, and goes on being.
      this.#effects.count("turn_too_short");
      return;
    }
    this.#takeFloor(false);
    this.#commit(span, this.#span.end(), true);
  }

  /** A typed message: it interrupts, and is answered. The text itself went upstream already. */
  onText(): void {
    this.speculation.drop();
    this.#takeFloor(false);
    this.#askTurn();
  }

  /**
   * The provider decided that the turn is over; it commits and responds by itself. As a signal only
   * (or when its turns were just taken from it) its commit ends at stopFrame, and confirms an end.
   */
  onProviderSpeechStopped(positionMs: number, stopFrame: number): void {
    this.providerTurns.onSpeechStopped(positionMs, stopFrame);
    this.#parts.onStopped(stopFrame);
    if (this.#turnDetection !== "hybrid") return;
    const isConfirmed = stopFrame >= this.#turn.speechEndFrame();
    if (this.speculation.isPending() && isConfirmed) this.speech.force();
  }

  /** The session is gone, and with it what was only tried in it and what it was hearing. */
  onUpstreamLost(): void {
    this.speculation.onLost();
    this.#parts.onLost();
    this.providerTurns.onLost();
  }

  /** isTurnWritten: as text, to the next session. -> the newest turn is heard again. */
  onUpstreamReplaced(isTurnWritten: boolean): boolean {
    this.speculation.drop();
    this.speculation.onLost();
    return this.providerTurns.onReplaced(isTurnWritten);
  }

  /** Nothing will be asked any more: what may be a whole turn is one. */
  onEnding(): void {
    if (this.speculation.isPending()) this.speech.force();
    this.speculation.onEnding();
    this.providerTurns.onEnding();
  }

  /** The caller's application stops the agent, whatever is protected. */
  onInterrupt(): void {
    this.speculation.drop();
    this.#voice.sequence.forget("turn");
    this.providerTurns.onAnswered();
    const cut = this.#takeFloor(false);
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
    this.speculation.drop();
    const before = this.#turnDetection;
    this.#turnDetection = turnDetection;
    this.#voice.latency.noteSpeechEnd(this.#facts.endPositionSamples());
    if (hearsTurns(before) !== hearsTurns(turnDetection)) this.turnEnd?.onReleased();
    switchTurns(this.#switched, before, turnDetection, this.#isUpstreamReady);
    this.providerTurns.onSwitched(turnDetection);
    if (!hearsTurns(before) || !hearsTurns(turnDetection)) this.#parts.clear();
    if (this.speech.phase() !== "turn") this.#voice.sequence.setHeld(false);
  }

  /** isSpeech: its answer may say that it was an interruption. */
  #takeFloor(isSpeech: boolean): Interrupted {
    this.newTurn();
    const cut = this.#voice.interrupt();
    this.#isInterruption = isSpeech && cut.heardMs > 0;
    return cut;
  }

  #speechListener(): CallerSpeechListener {
    return {
      isAgentQuiet: () => !this.#voice.isAudible() && !this.#guards.isProtected(),
      isInterruptible: () => this.#isCutting && !this.#guards.isProtected(),
      isBargeInHeld: () => !this.#isCutting,
      onTurnStarted: (onsetPositionSamples) => this.#startTurn(onsetPositionSamples),
      onTurnSilence: (firstFrame, endFrame) => {
        if (!this.#guards.isEnding()) this.speculation.onSilence({ firstFrame, endFrame });
      },
      onTurnResumed: () => this.speculation.onSpeech(),
      onTurnConfirmed: () => this.#confirmTurn(),
      onTurnEnded: (firstFrame, endFrame) => this.#endTurn({ firstFrame, endFrame }),
      onHeldEnded: () => {
        const isCommitted = this.#settings.protectedSpeech === "commit";
        this.#effects.count(`protected_speech_${isCommitted ? "committed" : "dropped"}`);
        return isCommitted;
      },
      onHeldCommitted: (firstFrame, endFrame) => {
        this.#commit({ firstFrame, endFrame }, this.#turn.speechEndFrame(), false);
      },
      onDiscarded: () => this.#parts.discard(),
    };
  }

  #startTurn(onsetPositionSamples: number): void {
    this.turnEnd?.onTurnStarted(onsetPositionSamples / this.#settings.callerFrameSamples);
    const cut = this.#takeFloor(true);
    this.#voice.sequence.setHeld(true);
    this.speculation.onTurnStarted();
    const positionMs = this.#turn.positionMs(onsetPositionSamples);
    this.#effects.notice({ kind: "speech_started", turnId: this.#turnId, positionMs });
    this.#voice.tellBargeIn(cut, this.#turnId);
  }

  #endTurn(span: FrameSpan): void {
    this.turnEnd?.onTurnEnded(span.endFrame);
    this.#turn.tellSpeechEnded();
    this.#commit(span, this.#turn.speechEndFrame(), true);
    this.#voice.sequence.setHeld(false);
  }

  /** -> true when the turn was committed at an early silence, and its answer is on its way. */
  #confirmTurn(): boolean {
    if (!this.speculation.isPending()) return false;
    this.turnEnd?.onTurnEnded(this.#span.framesCaptured());
    this.#turn.tellSpeechEnded();
    return this.speculation.confirm();
  }

  #commit(span: FrameSpan, speechEndFrame: number, isAnswered: boolean): void {
    const framesCaptured = this.#span.framesCaptured();
    const silenceMs = this.#turnDetection === "none" ? 0 : this.#turn.silenceMs(framesCaptured);
    if (isAnswered && this.#turn.isLongEnough(span)) this.#turn.decide(silenceMs);
    if (this.#turn.commit(span, speechEndFrame) && isAnswered) this.#askTurn();
  }

  #askTurn(): void {
    if (!this.#guards.isEnding()) this.#turn.ask();
  }
}
