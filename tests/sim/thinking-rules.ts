// What must hold of thinkers in every simulated call (S1-27..30, RT-09), whatever their temper: each
// tool call gets one output within its time and its size, a wanted answer is asked for once, a line
// that bridges the wait is said only while there is one, and the idle nudge knows of it.
import type { ThinkRequest } from "../../service/contract/thinker.ts";
import type { CircuitBreaker } from "../../service/provider/circuit-breaker.ts";

export const NUDGE = "Ask whether the caller is still there.";
export const NUDGE_WAITING = "Say that the answer is being looked for.";
/** Late timers, stalls of the event loop, a store that is slow, an upstream without room. */
const SLACK_MS = 3_000;
/** The desk's bound, and what JSON adds to it. */
const OUTPUT_CHARACTERS_MAX = 8_100;

export interface ThinkingRulesParts {
  readonly nowMs: () => number;
  readonly fail: (rule: string) => never;
  readonly thinkerMsMax: number;
  readonly thinkersPerCall: number;
  /** A thinker's wait is bridged so often, each time after so long. */
  readonly progressMax: number;
  readonly progressMs: number;
  /** Nothing of the agent is queued or heard. */
  readonly isAgentQuiet: () => boolean;
}

interface Thought {
  readonly turnId: number;
  readonly breaker: CircuitBreaker;
  /** Its provider had rested, and is tried by this one. */
  readonly isProbe: boolean;
  readonly beganMs: number;
  /** -1: at work. */
  overMs: number;
}

export class ThinkingRules {
  readonly #parts: ThinkingRulesParts;
  /** Tool calls of the model without an output, held ones too. */
  readonly #open = new Set<string>();
  /** Those that were handed to the desk, and when the model must have their output. */
  readonly #dueMs = new Map<string, number>();
  /** Those that the desk has not answered. */
  readonly #atDesk = new Set<string>();
  readonly #thoughts: Thought[] = [];
  #atWork = 0;
  /** Lines asked for, by turn. */
  readonly #lines = new Map<number, number>();
  #isAnswerNew = false;
  /** The turn whose answer is to be asked for; -1: none. */
  #wantedTurnId = -1;
  /** What a nudge may say. */
  #nudges: readonly string[] = [];
  #isRestoring = false;
  #isEnding = false;
  #isOver = false;
  #tagLast = "";

  constructor(parts: ThinkingRulesParts) {
    this.#parts = parts;
  }

  /** The model has called a tool. */
  onToolCall(toolCallId: string): void {
    this.#open.add(toolCallId);
  }

  /** The tool call is carried out. isThere: somebody has to think about it. */
  onQuestion(toolCallId: string, isThere: boolean): void {
    const { nowMs, thinkerMsMax } = this.#parts;
    this.#dueMs.set(toolCallId, nowMs() + SLACK_MS + (isThere ? thinkerMsMax : 0));
    this.#atDesk.add(toolCallId);
  }

  /** The desk has answered it. */
  onFound(toolCallId: string): void {
    this.#atDesk.delete(toolCallId);
  }

  /** A thinker begins, with what it is told. -> to be called when nobody waits for it any more. */
  onThought({ turnId, said }: ThinkRequest, isKept: boolean, breaker: CircuitBreaker) {
    const { fail, nowMs, thinkersPerCall } = this.#parts;
    if (this.#isOver) fail("nobody is asked after the end");
    if (this.#atWork >= thinkersPerCall) fail("no more thinkers work at once than may");
    if (isKept && said.length > 0) fail("an answer that is kept knows no words of the call");
    const isProbe = breaker.state() === "probing";
    const isTried = (other: Thought) =>
      other.isProbe && other.breaker === breaker && other.overMs < 0;
    if (isProbe && this.#thoughts.some(isTried)) fail("a provider that rested is tried by one");
    const thought = { turnId, breaker, isProbe, beganMs: nowMs(), overMs: -1 };
    this.#thoughts.push(thought);
    this.#atWork += 1;
    return () => {
      thought.overMs = nowMs();
      this.#atWork -= 1;
    };
  }

  onOutput(toolCallId: string, output: string): void {
    const { fail } = this.#parts;
    if (this.#isOver) fail("nothing is handed over after the end");
    if (!this.#open.delete(toolCallId)) fail("every tool call is answered exactly once");
    if (output.length > OUTPUT_CHARACTERS_MAX) fail("what goes to the model is bounded");
    this.#dueMs.delete(toolCallId);
  }

  /** isWanted: of the newest turn, so that it is to be spoken. */
  onAnswered(turnId: number, isWanted: boolean): void {
    if (!isWanted || this.#isEnding) return;
    this.#isAnswerNew = true;
    this.#wantedTurnId = turnId;
  }

  /** It waited too long for the end of another response. */
  onGivenUp(): void {
    this.#wantedTurnId = -1;
  }

  /** Nothing but the goodbye is said any more. */
  onGoodbye(): void {
    this.#isEnding = true;
    this.#wantedTurnId = -1;
  }

  onNudge(): void {
    if (this.#atWork > 0) this.#nudges = [NUDGE_WAITING];
    // Between the two the desk asks its store, or writes down what it heard.
    else this.#nudges = this.#atDesk.size > 0 ? [NUDGE, NUDGE_WAITING] : [NUDGE];
  }

  onRequest(tag: string, instructions: string, turnId: number): void {
    this.#tagLast = tag;
    const [asker, turn] = tag.split(":");
    if (asker === "tool") this.#onAnswerAsked();
    else if (asker === "nudge") {
      const isRight = this.#nudges.includes(instructions);
      if (!isRight) this.#parts.fail("the idle nudge knows that work is running");
    } else if (asker === "progress") this.#onLineAsked(Number(turn), turnId);
  }

  /** What was asked last is refused, and comes again. */
  onRefused(): void {
    const [asker, turn] = this.#tagLast.split(":");
    if (asker === "tool") this.#isAnswerNew = true;
    if (asker === "progress") this.#countLine(Number(turn), -1);
  }

  /** An answer that failed is asked for again: a thinker's, perhaps. */
  onAnswerAgain(): void {
    this.#isAnswerNew = true;
  }

  /** The session is gone; an answer that was being asked for or spoken comes again, no line does. */
  onLost(): void {
    if (this.#tagLast.startsWith("tool:")) this.#isAnswerNew = true;
  }

  /** Another session is there, and is asked at once what waited for it. */
  onRestored(act: () => void): void {
    this.#isRestoring = true;
    act();
    this.#isRestoring = false;
  }

  /** With every frame, while the call lives. isAtRest: nothing is asked for, nor waits to be. */
  check(turnId: number, isAtRest: () => boolean): void {
    const { fail, nowMs } = this.#parts;
    if (this.#wantedTurnId === turnId && isAtRest()) fail("a wanted answer is asked for");
    if (this.#dueMs.size === 0) return;
    for (const dueMs of this.#dueMs.values()) {
      if (nowMs() > dueMs) fail("a thinker that takes too long is not waited for");
    }
  }

  /** The call is at rest. */
  checkAllAnswered(): void {
    if (this.#open.size > 0) this.#parts.fail("every tool call is answered exactly once");
  }

  /** The call is over. */
  onEnd(): void {
    this.#isOver = true;
  }

  checkEnded(): void {
    if (this.#atWork > 0) this.#parts.fail("a hang-up ends whatever is thought about");
  }

  #onAnswerAsked(): void {
    if (!this.#isAnswerNew) this.#parts.fail("a thinker's answer is asked for once");
    this.#isAnswerNew = false;
    this.#wantedTurnId = -1;
  }

  #onLineAsked(lineTurnId: number, turnId: number): void {
    const { fail, isAgentQuiet } = this.#parts;
    if (lineTurnId !== turnId) fail("a stale line is not asked for");
    if (this.#isRestoring) fail("a line waits for no session");
    if (this.#atDesk.size === 0) fail("a line bridges a wait only while there is one");
    if (!isAgentQuiet()) fail("a line is not said over an answer");
    this.#countLine(turnId, 1);
    if ((this.#lines.get(turnId) ?? 0) > this.#linesDue(turnId)) {
      fail("only so many lines bridge a wait");
    }
  }

  /** What the turn's thinkers can have been slow at, to this moment. */
  #linesDue(turnId: number): number {
    const { nowMs, progressMs, progressMax } = this.#parts;
    let due = 0;
    for (const thought of this.#thoughts) {
      if (thought.turnId !== turnId) continue;
      const workedMs = (thought.overMs < 0 ? nowMs() : thought.overMs) - thought.beganMs;
      due += Math.min(progressMax, Math.floor(workedMs / progressMs));
    }
    return due;
  }

  #countLine(turnId: number, change: 1 | -1): void {
    this.#lines.set(turnId, (this.#lines.get(turnId) ?? 0) + change);
  }
}
