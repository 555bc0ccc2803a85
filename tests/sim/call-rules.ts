// What must hold in every simulated call, whoever misbehaves. Told of what happens by the world;
// the first broken rule ends the call. docs/conversation.md lists each rule with its reason.
import type { LedgerItem } from "../../service/conversation/playout-ledger.ts";
import { LEAD_MS, TRUNCATE_ERROR_MS_MAX } from "../../service/limits.ts";
import type { RuleTolerance } from "./call-tolerance.ts";
import type { FarEndModel } from "./far-end-model.ts";

const FRAME_MS = 20;
const PRE_ROLL_FRAMES = 15;
/** The onset's window may begin up to two frames after the voice did. */
const ONSET_SLACK_FRAMES = 3;
/** Wait of a response behind another one, and what the provider may need to end that. */
const ANSWER_MS_MAX = 17_000;
/** A refusal so soon after another one is a retry without waiting. */
const REFUSED_AGAIN_MS = 1_000;
/** Longest stall that is injected, and what it delays. */
const STALL_MS_MAX = 1_500;
/** The service's own bound, with the jitter of the frames that it counts. */
const PAUSE_MS_MAX = 2_500;
/** After this the call ends whether its goodbye was heard or not. */
const GOODBYE_MS_MAX = 19_900;

export class BrokenRule extends Error {
  override readonly name = "BrokenRule";
}

export class CallRules {
  readonly #nowMs: () => number;
  #tolerance: RuleTolerance;
  #isTurnOpen = false;
  #isGoodbye = false;
  #openRequest = "";
  readonly #cancelledRequests = new Set<string>();
  #requestLast = 0;
  #stoppedThrough = 0;
  readonly #requestOfItem = new Map<number, number>();
  readonly #tagOfItem = new Map<number, string>();
  #isCommand = false;
  #refusedMs = Number.NEGATIVE_INFINITY;
  #refusals = 0;
  #goodbyeMs = 0;
  #pausedMs = -1;
  #isResumed = false;
  #generation = 0;
  #farEndFreeMs = 0;
  #underruns = 0;
  #starvations = 0;
  #stalledMs = Number.NEGATIVE_INFINITY;
  #unansweredMs = -1;

  constructor(nowMs: () => number, tolerance: RuleTolerance) {
    this.#nowMs = nowMs;
    this.#tolerance = tolerance;
  }

  fail(rule: string): never {
    throw new BrokenRule(rule);
  }

  /** From here on no fault excuses silence. */
  beStrict(): void {
    this.#tolerance = { ...this.#tolerance, isEveryTurnAnswered: true };
    this.#unansweredMs = -1;
  }

  onStall(): void {
    this.#stalledMs = this.#nowMs();
  }

  // ---- responses ----------------------------------------------------------------------------

  onRequest(tag: string, turnId: number): void {
    if (this.#openRequest !== "") this.fail("at most one response is requested or active");
    if (this.#isTurnOpen && !this.#isGoodbye) this.fail("nothing is asked while the caller speaks");
    const isTurnBound = tag.startsWith("turn") || tag.startsWith("tool");
    if (isTurnBound && Number(tag.split(":")[1]) !== turnId) {
      this.fail("a stale answer is not asked for");
    }
    this.#openRequest = tag;
    this.#requestLast = numberOf(tag);
    if (isTurnBound) this.#unansweredMs = -1;
  }

  onCancel(tag: string): void {
    this.#cancelledRequests.add(tag);
  }

  /** The provider told the service that this request's response is over, or refused. */
  onRequestOver(tag: string): void {
    if (tag === this.#openRequest) this.#openRequest = "";
  }

  onNothingToCancel(): void {
    if (this.#cancelledRequests.has(this.#openRequest)) this.#openRequest = "";
  }

  /** The provider says that another response is active: that one must end first. */
  onAlreadyActive(): void {
    this.#openRequest = "";
    this.#refusals = this.#nowMs() - this.#refusedMs < REFUSED_AGAIN_MS ? this.#refusals + 1 : 1;
    this.#refusedMs = this.#nowMs();
    if (this.#refusals > 2) this.fail("a refused request waits for the other response's end");
  }

  /**
   * A response was given up. Had it begun, its last samples may go; else it is not wanted any more.
   */
  onResync(): void {
    this.#openRequest = "";
    const hasBegun = [...this.#requestOfItem.values()].includes(this.#requestLast);
    if (!hasBegun) this.#stoppedThrough = this.#requestLast;
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
    this.#unansweredMs = -1;
  }

  /** The caller or its application took the floor: all that was asked for before is stopped. */
  onStopped(isTurn: boolean): void {
    this.#stoppedThrough = this.#requestLast;
    this.#isTurnOpen ||= isTurn;
    this.#unansweredMs = -1;
  }

  onTurnOver(): void {
    this.#isTurnOpen = false;
  }

  isTurnOpen(): boolean {
    return this.#isTurnOpen;
  }

  /** Somebody must be answered from here on. */
  onAnswerOwed(): void {
    if (!this.#isGoodbye && this.#unansweredMs < 0) this.#unansweredMs = this.#nowMs();
  }

  checkAnswerOwed(): void {
    if (this.#unansweredMs < 0 || !this.#tolerance.isEveryTurnAnswered || this.#isGoodbye) return;
    if (this.#openRequest !== "" || this.#isTurnOpen) this.#unansweredMs = this.#nowMs();
    else if (this.#nowMs() - this.#unansweredMs > ANSWER_MS_MAX)
      this.fail("every turn is answered");
  }

  // ---- playout ------------------------------------------------------------------------------

  onItemAudio(item: number, tag: string): void {
    this.#requestOfItem.set(item, numberOf(tag));
    this.#tagOfItem.set(item, tag);
    if (numberOf(tag) <= this.#stoppedThrough)
      this.fail("late audio of a stopped response is dropped");
  }

  onFrameSent(item: number, positionSamples: number): void {
    const nowMs = this.#nowMs();
    if (this.#pausedMs >= 0) this.fail("a paused agent is silent");
    this.#checkPace(nowMs, positionSamples);
    this.#isResumed = false;
    if (item === 0) return;
    if (this.#isTurnOpen && !this.#isGoodbye) this.fail("the agent does not talk over the caller");
    if ((this.#requestOfItem.get(item) ?? 0) <= this.#stoppedThrough) {
      this.fail("nothing of a stopped response is sent");
    }
  }

  onUnderrun(isStarved: boolean): void {
    this.#underruns += 1;
    const isStalled = this.#nowMs() - this.#stalledMs < STALL_MS_MAX;
    if (!isStarved && !isStalled) this.fail("the pacer keeps the beat");
  }

  onPause(): void {
    this.#pausedMs = this.#nowMs();
  }

  /** What follows a pause finds the far end dry, and nobody is to blame. */
  onResume(): void {
    this.#pausedMs = -1;
    this.#isResumed = true;
  }

  /** A pause waits for a decision, which is never far. */
  checkPause(): void {
    if (this.#pausedMs >= 0 && this.#nowMs() - this.#pausedMs > PAUSE_MS_MAX) {
      this.fail("a pause comes to its end");
    }
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
    if (queuedSamples > 0 || this.#farEndFreeMs > this.#nowMs()) {
      this.fail("a goodbye is heard to its end");
    }
  }

  onClear(generation: number): void {
    if (generation <= this.#generation) this.fail("every clear begins a new generation");
    this.#generation = generation;
    this.#pausedMs = -1;
    this.#farEndFreeMs = this.#nowMs();
  }

  /** Decision 9: never more than the lead ahead, never dry without an underrun counted. */
  #checkPace(nowMs: number, positionSamples: number): void {
    const isDry = positionSamples > 0 && this.#farEndFreeMs < nowMs && !this.#isResumed;
    if (isDry) this.#starvations += 1;
    if (this.#starvations > this.#underruns) this.fail("the far end runs dry only when counted");
    this.#farEndFreeMs = Math.max(this.#farEndFreeMs, nowMs) + FRAME_MS;
    if (this.#farEndFreeMs - nowMs > LEAD_MS) this.fail("at most the lead is sent ahead");
  }

  checkCounts(item: LedgerItem, heardSamples: number): void {
    if (item.sentSamples > item.generatedSamples) this.fail("sent is at most generated");
    if (heardSamples > item.sentSamples) this.fail("heard is at most sent");
  }

  /**
   * What the ledger said was heard, against the ear when a clear sent at that moment would arrive.
   */
  checkHeard(heardSamples: number, truthSamples: number): void {
    const overMs = (heardSamples - truthSamples) / this.#tolerance.samplesPerMs;
    if (overMs > this.#tolerance.downJitterMs) this.fail("never more is counted than was heard");
  }

  /** A cut was told to the provider; the clear has just reached the far end. */
  checkCut(farEnd: FarEndModel, item: number, audioEndMs: number, wayMs: number): void {
    const { samplesPerMs, downJitterMs, reportJitterMs } = this.#tolerance;
    const truthMs = farEnd.heardSamples(item, this.#nowMs()) / samplesPerMs;
    if (audioEndMs - truthMs > downJitterMs) this.fail("never truncated beyond what was heard");
    const isStalled = this.#nowMs() - wayMs - this.#stalledMs < STALL_MS_MAX;
    const jitterMs = downJitterMs + reportJitterMs;
    if (isStalled || jitterMs > TRUNCATE_ERROR_MS_MAX) return;
    if (truthMs - audioEndMs > TRUNCATE_ERROR_MS_MAX + jitterMs) {
      this.fail("truncated within 20 ms of what was heard");
    }
  }

  // ---- the caller's audio -------------------------------------------------------------------

  /**
   * A span was opened; voiceStart: first frame of the voice that is going on, -1 when the model
   * erred.
   */
  checkSpanStart(first: number, voiceStart: number, earliest: number): void {
    if (voiceStart < 0) return;
    const needed = Math.max(earliest, voiceStart - PRE_ROLL_FRAMES + ONSET_SLACK_FRAMES);
    if (first > needed) this.fail("a turn begins with its pre-roll");
  }

  checkSpan(first: number, end: number, arrived: { first: number; end: number } | undefined): void {
    if (arrived === undefined || arrived.first !== first || arrived.end !== end) {
      this.fail("what was captured of a turn is what is committed");
    }
  }
}

/** Requests are numbered in their tags; a response of the provider's own has none. */
function numberOf(tag: string): number {
  const text = tag.split(":").at(-1) ?? "";
  return text === "" ? Number.POSITIVE_INFINITY : Number(text);
}
