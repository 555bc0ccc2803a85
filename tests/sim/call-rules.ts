// What must hold in every simulated call, whoever misbehaves. Told of what happens by the world;
// the first broken rule ends the call. docs/conversation.md lists each rule with its reason.
import type { LedgerItem } from "../../service/conversation/playout-ledger.ts";
import { TRUNCATE_ERROR_MS_MAX } from "../../service/limits.ts";
import { AnswerOwed } from "./answer-owed.ts";
import type { RuleTolerance } from "./call-tolerance.ts";
import type { FarEndModel } from "./far-end-model.ts";
import { PaceRules } from "./pace-rules.ts";

const PRE_ROLL_FRAMES = 15;
/** The onset's window may begin up to two frames after the voice did. */
const ONSET_SLACK_FRAMES = 3;
/** A refusal so soon after another one is a retry without waiting. */
const REFUSED_AGAIN_MS = 1_000;
/** From where it was asked for: then the call ends whether its goodbye was heard or not. */
const GOODBYE_MS_MAX = 19_900;

export class BrokenRule extends Error {
  override readonly name = "BrokenRule";
}

export class CallRules {
  readonly pace: PaceRules;
  readonly owed: AnswerOwed;
  readonly #nowMs: () => number;
  readonly #onBroken: (broken: BrokenRule) => void;
  readonly #tolerance: RuleTolerance;
  #isTurnOpen = false;
  #isGoodbye = false;
  #openRequest = "";
  /** The provider has told that it began. */
  #isOpenNamed = false;
  readonly #cancelledRequests = new Set<string>();
  #requestLast = 0;
  #stoppedThrough = 0;
  readonly #givenUp = new Set<number>();
  readonly #requestOfItem = new Map<number, number>();
  /** Responses that the service knows of, and those that were stopped since. */
  readonly #created = new Set<string>();
  readonly #stopped = new Set<string>();
  readonly #responseOfItem = new Map<number, string>();
  readonly #tagOfItem = new Map<number, string>();
  #isCommand = false;
  #refusedMs = Number.NEGATIVE_INFINITY;
  #refusals = 0;
  #goodbyeMs = 0;
  #generation = 0;

  /** onBroken is told before the throw, which the service's own guards may catch. */
  constructor(
    nowMs: () => number,
    tolerance: RuleTolerance,
    onBroken: (broken: BrokenRule) => void = () => undefined,
  ) {
    this.#onBroken = onBroken;
    this.#nowMs = nowMs;
    this.#tolerance = tolerance;
    this.owed = new AnswerOwed(nowMs, (rule) => this.fail(rule));
    this.pace = new PaceRules(nowMs, (rule) => this.fail(rule), tolerance.slackMs);
  }

  fail(rule: string): never {
    const broken = new BrokenRule(rule);
    this.#onBroken(broken);
    throw broken;
  }

  // ---- responses ----------------------------------------------------------------------------

  /** isSpeculative: the turn may be over, and was committed as if it were. */
  onRequest(tag: string, turnId: number, isSpeculative: boolean): void {
    if (this.#openRequest !== "") this.fail("at most one response is requested or active");
    const isCallersTurn = this.#isTurnOpen && !this.#isGoodbye && !isSpeculative;
    if (isCallersTurn) this.fail("nothing is asked while the caller speaks");
    const isTurnBound = tag.startsWith("turn") || tag.startsWith("tool");
    if (isTurnBound && Number(tag.split(":")[1]) !== turnId) {
      this.fail("a stale answer is not asked for");
    }
    this.#openRequest = tag;
    this.#isOpenNamed = false;
    this.#requestLast = numberOf(tag);
    if (isTurnBound) this.owed.settle();
  }

  /** The provider's own answer, without a tag, is to everything said so far. */
  onCreated(responseId: string, tag: string): void {
    this.#created.add(responseId);
    if (tag !== "") {
      this.#isOpenNamed = tag === this.#openRequest;
      return;
    }
    this.owed.settle();
    // The provider has one at a time: that ours is over was lost.
    if (this.#isOpenNamed) this.#openRequest = "";
  }

  /** The provider refuses this request; nothing of it will come. */
  onRefused(tag: string): void {
    if (tag !== this.#openRequest) return;
    this.#openRequest = "";
    this.onResponseFailed(tag);
  }

  /** The provider's own answer is over; what was stopped before it had a name may have been it. */
  onOwnResponseOver(): void {
    if (this.#requestLast <= this.#stoppedThrough) this.#openRequest = "";
  }

  onCancel(tag: string): void {
    this.#cancelledRequests.add(tag);
  }

  /** The provider told the service that this request's response is over, or refused. */
  onRequestOver(tag: string): void {
    if (tag === this.#openRequest) this.#openRequest = "";
  }

  /** As in onOwnResponseOver, what was cancelled may have been an answer of the provider's own. */
  onNothingToCancel(): void {
    const isStopped = this.#requestLast <= this.#stoppedThrough;
    const isOwn = this.#cancelledRequests.has("") && isStopped;
    if (isOwn || this.#cancelledRequests.has(this.#openRequest)) this.#openRequest = "";
  }

  /** The provider says that another response is active: that one must end first. */
  onAlreadyActive(): void {
    this.#openRequest = "";
    this.#refusals = this.#nowMs() - this.#refusedMs < REFUSED_AGAIN_MS ? this.#refusals + 1 : 1;
    this.#refusedMs = this.#nowMs();
    if (this.#refusals > 2) this.fail("a refused request waits for the other response's end");
  }

  // A response was given up. Had it begun, its last samples may go; else it is not wanted any more.
  // Those before it may be playing still.
  onResync(): void {
    const tag = this.#openRequest;
    this.#openRequest = "";
    if ([...this.#requestOfItem.values()].includes(this.#requestLast)) return;
    this.onResponseFailed(tag);
    this.#givenUp.add(this.#requestLast);
  }

  /** The session is gone, and what was asked of it with it; a turn's answer is still owed. */
  onLost(): void {
    const isOwed = this.#openRequest.startsWith("turn") && this.#requestLast > this.#stoppedThrough;
    this.#openRequest = "";
    if (isOwed) this.onAnswerOwed();
  }

  /** Runs a command of the caller's application, which may cut what is protected. */
  onCommand(command: () => void): void {
    this.#isCommand = true;
    command();
    this.#isCommand = false;
  }

  isCommand(): boolean {
    return this.#isCommand;
  }

  onGoodbye(): void {
    this.#isGoodbye = true;
    this.#goodbyeMs = this.#nowMs();
    this.owed.settle();
  }

  /** A part of the goodbye begins, with a limit of its own: what is being said, then its words. */
  onGoodbyePart(): void {
    this.#goodbyeMs = this.#nowMs();
  }

  /** The caller or its application took the floor: all that was asked for before is stopped. */
  onStopped(isTurn: boolean): void {
    this.#stoppedThrough = this.#requestLast;
    for (const responseId of this.#created) this.#stopped.add(responseId);
    this.#created.clear();
    this.#isTurnOpen ||= isTurn;
    this.owed.settle();
  }

  onTurnOver(): void {
    this.#isTurnOpen = false;
  }

  /** A response is requested or active. */
  isAsked(): boolean {
    return this.#openRequest !== "";
  }

  isTurnOpen(): boolean {
    return this.#isTurnOpen;
  }

  onAnswerOwed(): void {
    if (!this.#isGoodbye) this.owed.owe();
  }

  checkAnswerOwed(): void {
    if (this.#isGoodbye) return;
    this.owed.check(this.#openRequest !== "" || this.#isTurnOpen);
  }

  /** A response was refused or failed; who heard nothing of it is to be answered still. */
  onResponseFailed(tag: string, responseId = ""): void {
    if ([...this.#responseOfItem.values()].includes(responseId)) return;
    const isTurnBound = tag.startsWith("turn") || tag.startsWith("tool");
    if (isTurnBound && numberOf(tag) > this.#stoppedThrough) this.onAnswerOwed();
  }

  /** Neither a nudge nor a line that bridges a wait. */
  isAnswer(item: number): boolean {
    const tag = this.#tagOfItem.get(item) ?? "";
    return !(tag.startsWith("nudge:") || tag.startsWith("progress:"));
  }

  // ---- playout ------------------------------------------------------------------------------

  onItemAudio(item: number, tag: string, responseId: string): void {
    this.#responseOfItem.set(item, responseId);
    this.#requestOfItem.set(item, numberOf(tag));
    this.#tagOfItem.set(item, tag);
    if (this.#isStopped(item)) this.fail("late audio of a stopped response is dropped");
  }

  onFrameSent(item: number, positionSamples: number): void {
    this.pace.onFrameSent(positionSamples);
    if (item === 0) return;
    if (this.#isTurnOpen && !this.#isGoodbye) this.fail("the agent does not talk over the caller");
    if (this.#isStopped(item)) this.fail("nothing of a stopped response is sent");
  }

  #isStopped(item: number): boolean {
    const request = this.#requestOfItem.get(item) ?? 0;
    if (request <= this.#stoppedThrough || this.#givenUp.has(request)) return true;
    return this.#stopped.has(this.#responseOfItem.get(item) ?? "");
  }

  onCut(item: number): void {
    const isGreeting = this.#tagOfItem.get(item)?.startsWith("greeting") === true;
    if (isGreeting && this.#tolerance.isGreetingProtected && !this.#isCommand) {
      this.fail("a protected utterance is not cut by speech");
    }
  }

  /** The conversation ends the call; what it wanted to say must have been heard. */
  onEnd(queuedSamples: number): void {
    if (this.#nowMs() - this.#goodbyeMs >= GOODBYE_MS_MAX) return;
    if (queuedSamples > 0 || !this.pace.isPlayedOut()) {
      this.fail("a goodbye is heard to its end");
    }
  }

  onClear(generation: number): void {
    if (generation <= this.#generation) this.fail("every clear begins a new generation");
    this.#generation = generation;
    this.pace.onClear();
  }

  checkCounts(item: LedgerItem, heardSamples: number): void {
    if (item.sentSamples > item.generatedSamples) this.fail("sent is at most generated");
    if (heardSamples > item.sentSamples) this.fail("heard is at most sent");
  }

  /** What the ledger said was heard, against the ear when a clear sent then would arrive. */
  checkHeard(heardSamples: number, truthSamples: number): void {
    const overMs = (heardSamples - truthSamples) / this.#tolerance.samplesPerMs;
    if (overMs > this.#tolerance.downJitterMs) this.fail("never more is counted than was heard");
  }

  /** A cut was told to the provider; the clear has just reached the far end. */
  checkCut(
    farEnd: Pick<FarEndModel, "heardSamples">,
    item: number,
    audioEndMs: number,
    wayMs: number,
  ): void {
    const { samplesPerMs, downJitterMs, reportJitterMs } = this.#tolerance;
    const truthMs = farEnd.heardSamples(item, this.#nowMs()) / samplesPerMs;
    if (audioEndMs - truthMs > downJitterMs) this.fail("never truncated beyond what was heard");
    const isStalled = this.pace.isStalled(this.#nowMs() - wayMs);
    const jitterMs = downJitterMs + reportJitterMs;
    if (isStalled || jitterMs > TRUNCATE_ERROR_MS_MAX) return;
    if (truthMs - audioEndMs > TRUNCATE_ERROR_MS_MAX + jitterMs) {
      this.fail("truncated within 20 ms of what was heard");
    }
  }

  /** voiceStart: first frame of the voice that is going on, -1 when the model erred. */
  checkSpanStart(first: number, voiceStart: number, earliest: number): void {
    if (voiceStart < 0) return;
    const needed = Math.max(earliest, voiceStart - PRE_ROLL_FRAMES + ONSET_SLACK_FRAMES);
    if (first > needed) this.fail("a turn begins with its pre-roll");
  }
}

/** Requests are numbered in their tags; a response of the provider's own has none. */
function numberOf(tag: string): number {
  const text = tag.split(":").at(-1) ?? "";
  return text === "" ? Number.POSITIVE_INFINITY : Number(text);
}
