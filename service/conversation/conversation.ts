// One call's conversation: who speaks, what goes to the model, what the caller heard (decision 12).
// Station: between the engine's event bits, the upstream's events and the transport's reports on
// one side, and CallEffects on the other. Synchronous; no promise, no clock, no socket.
// The front door: it knows which part (caller-turns, agent-voice, goodbye) an input belongs to, the
// greeting, and the end.
import type { CallEffects, CaptureFacts } from "../contract/call-effects.ts";
import type { CommitAck, ConversationTimer } from "../contract/call-effects.ts";
import type { EndReason, TurnDetection } from "../contract/call-terms.ts";
import type { ConversationState } from "../contract/conversation-state.ts";
import type { ResponseStatus, StageLatency } from "../contract/upstream.ts";
import { AgentVoice } from "./agent-voice.ts";
import { CallerTurns } from "./caller-turns.ts";
import type { ConversationSettings } from "./conversation-settings.ts";
import { floorOf, stateOf } from "./conversation-state.ts";
import { Goodbye, type GoodbyeWords } from "./goodbye.ts";
import { askGreeting, isGreetingProtected } from "./greeting.ts";
import { LostAnswer } from "./lost-answer.ts";
import { type SilentCaller, silentCallerOf } from "./silent-caller.ts";
import { WaitingCaller } from "./waiting-caller.ts";
import type { PlayoutLedger } from "./playout-ledger.ts";
import type { TurnEnd } from "./turn-end.ts";
import { hearsTurns } from "./turn-switch.ts";
import type { ResponseSequence } from "./response-sequence.ts";

export class Conversation {
  /** Told of thinkers at work. */
  readonly waiting: WaitingCaller;
  readonly isAnswerAwaited = () => this.#turns.providerTurns.isAnswerAwaited();
  readonly #settings: ConversationSettings;
  readonly #effects: CallEffects;
  readonly #voice: AgentVoice;
  readonly #turns: CallerTurns;
  readonly #goodbye: Goodbye;
  readonly #lostAnswer: LostAnswer;
  readonly #silentCaller: SilentCaller | null;
  readonly #facts: CaptureFacts;
  #isUpstreamReady = false;

  constructor(settings: ConversationSettings, effects: CallEffects, facts: CaptureFacts) {
    this.#settings = settings;
    this.#effects = effects;
    this.#facts = facts;
    this.#voice = new AgentVoice(settings, effects, () => this.#turns.turnId());
    this.#lostAnswer = new LostAnswer(this.#voice.sequence);
    const { sequence, ledger } = this.#voice;
    this.#goodbye = new Goodbye({ effects, sequence, ledger, cut: () => this.#voice.interrupt() });
    const isEnding = () => this.isEnding();
    const guards = { isProtected: () => this.#isProtected(), isEnding };
    this.#turns = new CallerTurns(settings, effects, facts, this.#voice, guards);
    const turnId = () => this.turnId();
    this.waiting = new WaitingCaller({ effects, facts, voice: this.#voice, turnId, isEnding });
    this.#silentCaller = silentCallerOf(settings, effects, facts, this.#voice, this);
  }

  turnId(): number {
    return this.#turns.turnId();
  }

  turnDetection(): TurnDetection {
    return this.#turns.turnDetection();
  }

  /** Who has the floor and how the talk goes, as it is now (S4-C21, S4-C24). */
  state(): ConversationState {
    return stateOf(this.#turns, this.#voice, this.#facts);
  }

  /** A session may be replaced now: nobody speaks, and the next one can be told everything. */
  isCallerQuiet(): boolean {
    return this.#turns.isQuiet();
  }

  turnEnd(): TurnEnd | null {
    return this.#turns.turnEnd;
  }

  /** Grows with every clear; frames and reports carry it. */
  generation(): number {
    return this.#voice.generation();
  }

  ledger(): PlayoutLedger {
    return this.#voice.ledger;
  }

  sequence(): ResponseSequence {
    return this.#voice.sequence;
  }

  isOver(): boolean {
    return this.#goodbye.isOver();
  }

  /** The goodbye has begun. */
  isEnding(): boolean {
    return this.#goodbye.isBegun();
  }

  // ---- the caller's side ------------------------------------------------------------------

  /** The core took one 20 ms frame. bits: CAPTURE_EVENT. */
  onCapture(bits: number, frameIndex: number): void {
    if (this.#goodbye.isOver()) return;
    this.#voice.follow();
    this.#turns.onCapture(bits, frameIndex);
    const { providerTurns, speech } = this.#turns;
    const isSpoken = providerTurns.isHearing() || speech.phase() !== "silent";
    const isHere = hearsTurns(this.turnDetection()) || this.#settings.bargeInAction === "duck";
    this.#voice.onCallerFrame(bits, isSpoken, isHere && !this.#isProtected());
    this.#voice.flow.onFrame(floorOf(this.#facts, this.#voice.isAudible()));
    if (this.#isUpstreamReady && !this.#goodbye.isBegun()) this.#silentCaller?.onFrame();
  }

  /** The caller's application stops the agent, whatever is protected. */
  onInterrupt(): void {
    this.#turns.onInterrupt();
  }

  /** `force`, push to talk: the caller's turn ends now. */
  onEndOfTurn(): void {
    this.#turns.onEndOfTurn();
  }

  /** A typed message: it interrupts, and is answered. The text itself went upstream already. */
  onText(): void {
    this.#turns.onText();
  }

  /** The far end played `samples` (upstream rate); marks of older generations do not count. */
  onReport(item: number, samples: number, generation: number): boolean {
    return this.#voice.onReport(item, samples, generation);
  }

  setTurnDetection(turnDetection: TurnDetection): void {
    this.#turns.setTurnDetection(turnDetection);
  }

  /** A frame went to the far end; item 0 is filler. Positions at the upstream's rate. */
  onFrameSent(item: number, positionSamples: number, samples: number): void {
    this.#voice.onFrameSent(item, positionSamples, samples);
  }

  // ---- the upstream -----------------------------------------------------------------------

  /** The session is configured. Audio captured before is on the tape and goes out now. */
  onUpstreamReady(): void {
    this.#isUpstreamReady = true;
    this.#voice.sequence.onRestored(this.#settings.responseWaitMs);
    const { greeting, responseWaitMs } = this.#settings;
    if (this.turnId() === 0) askGreeting(greeting, this.#voice, this.#effects, responseWaitMs);
    this.#turns.onUpstreamReady();
  }

  /** The session is gone, another is being opened. What was queued is still heard. */
  onUpstreamLost(): void {
    this.#turns.speculation.drop();
    this.#lostAnswer.onLost();
    this.#turns.onUpstreamLost();
    this.#voice.finishItems();
  }

  /** Another session takes over. isTurnWritten: it is told the newest turn as text. */
  onUpstreamReplaced(isTurnWritten = false): void {
    if (this.#turns.onUpstreamReplaced(isTurnWritten)) this.#lostAnswer.forget();
  }

  /** A turn's answer was cut off by the loss. */
  isAnswerLost(): boolean {
    return this.#lostAnswer.isTurns();
  }

  /** The new session knows what was said: what was being asked or answered is asked again. */
  onUpstreamRestored(): void {
    this.#lostAnswer.onRestored(this.#effects.nowMs(), this.#settings.responseWaitMs);
    this.#goodbye.onSequence();
  }

  onCommitted(itemId: string, ack: CommitAck): void {
    this.#turns.acks.onCommitted(itemId, ack);
  }

  /** The provider refused a commit as empty. */
  onCommitRefused(ack: CommitAck): void {
    this.#turns.acks.onCommitRefused(ack);
    this.#goodbye.onSequence();
  }

  /** -> false when these are words of an item that was taken back: nobody is told. */
  onCallerTranscript(itemId: string, text: string): boolean {
    return this.#turns.acks.onCallerTranscript(itemId, text);
  }

  /** The provider hears the caller: its own detection. One direct call (S0-07, S0-10). */
  onProviderSpeechStarted(positionMs: number): void {
    this.#turns.providerTurns.onSpeechStarted(positionMs);
  }

  /** The provider decided that the turn is over; it commits and responds by itself. */
  onProviderSpeechStopped(positionMs: number, stopFrame: number): void {
    this.#turns.onProviderSpeechStopped(positionMs, stopFrame);
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

  /** Where the time of the answer that is about to sound went. */
  onStageLatency(responseId: string, stages: StageLatency): void {
    if (this.#voice.sequence.accepts(responseId)) this.#voice.latency.noteStages(stages);
  }

  onAgentTranscript(responseId: string, itemId: string, text: string, isFinal: boolean): void {
    this.#voice.onTranscript(responseId, itemId, text, isFinal);
  }

  /** -> the turn that the tool call belongs to, to be given back with its answer (S1-28). */
  onToolCall(responseId: string): number {
    return this.#voice.turnOfToolCall(responseId);
  }

  /** A tool call was answered: it may be spoken when nothing else is, unless it is stale. */
  onToolAnswered(turnId = this.#turns.turnId()): void {
    if (this.#goodbye.isBegun()) return;
    const deadlineMs = this.#effects.nowMs() + this.#settings.responseWaitMs;
    this.#voice.sequence.ask({ asker: "tool", turnId, instructions: "", deadlineMs });
  }

  /** -> numbers of items that end with it though the provider never said that their audio does. */
  onResponseDone(responseId: string, status: ResponseStatus): number[] {
    const unfinished = this.#voice.onResponseDone(responseId, status);
    if (status !== "cancelled") this.#turns.providerTurns.onAnswered();
    this.#goodbye.onSequence();
    this.#turns.onAgentQuietMaybe();
    return unfinished;
  }

  /** The provider refused something, the session goes on. tag: of the request, "" for the rest. */
  onUpstreamError(code: string, tag = ""): void {
    this.#voice.onRefused(code, tag);
    this.#goodbye.onSequence();
  }

  onTimer(timer: ConversationTimer): void {
    if (timer === "drain" || timer === "goodbye") this.#goodbye.onTimer(timer);
    else if (timer === "take_back") this.#turns.speculation.onOverdue();
    else if (timer === "answer_again") this.#voice.failed.onAgain();
    else this.#voice.onTimeout();
    this.#goodbye.onSequence();
  }

  /** Says goodbye, or just drains with no instructions, then ends the call. */
  sayGoodbye(reason: EndReason, instructions: string): void {
    const hasWords = instructions !== "" && this.#isUpstreamReady;
    const ask = { asker: "goodbye", turnId: this.turnId(), instructions } as const;
    const say = (deadlineMs: number) => this.#voice.sequence.ask({ ...ask, deadlineMs });
    this.endWith(reason, hasWords ? say : null);
  }

  /** What is being said, then these last words, then the call's end. null: no words. */
  endWith(reason: EndReason, say: GoodbyeWords["say"]): void {
    this.#voice.failed.close();
    if (!this.#goodbye.isBegun()) this.#turns.onEnding();
    this.#goodbye.begin(reason, { say });
  }

  /** A recording of the operator's is heard behind what is queued. -> its item, 0 for none. */
  addRecording(samples: number): number {
    return this.#voice.recordings.add(samples);
  }

  /** Ended from outside (hang-up, lost upstream): every timer is freed, nothing more is asked. */
  close(): void {
    this.#effects.clearTimer("take_back");
    this.#goodbye.close();
    this.#voice.close();
  }

  /** True for a protected greeting, and once the goodbye began. */
  #isProtected(): boolean {
    if (this.#goodbye.isBegun()) return true;
    const isGreetingTime = this.turnId() === 0 && this.#isUpstreamReady; // until a turn begins
    return isGreetingTime && isGreetingProtected(this.#settings.greeting, this.#voice);
  }
}
