// What must hold of thinkers in every simulated call (S1-27..30, RT-09), whatever their temper: each
// tool call gets one output within its time, a wanted answer is asked for once, a line that bridges
// the wait is said only while there is one, and the idle nudge knows of it.

export const NUDGE = "Ask whether the caller is still there.";
export const NUDGE_WAITING = "Say that the answer is being looked for.";
/** Late timers, stalls of the event loop, and a store that is slow. */
const SLACK_MS = 3_000;

export interface ThinkingRulesParts {
  readonly nowMs: () => number;
  readonly fail: (rule: string) => never;
  readonly thinkerMsMax: number;
  readonly progressMax: number;
  /** Nothing of the agent is queued or heard. */
  readonly isAgentQuiet: () => boolean;
}

interface Question {
  readonly turnId: number;
  readonly askedMs: number;
}

export class ThinkingRules {
  readonly #parts: ThinkingRulesParts;
  /** Tool calls of the model without an output, held ones too. */
  readonly #open = new Set<string>();
  readonly #answered = new Set<string>();
  /** Those that were handed to the desk. */
  readonly #questions = new Map<string, Question>();
  readonly #lines = new Map<number, number>();
  #isAnswerNew = false;
  #isNudgeWaiting = false;
  #tagLast = "";

  constructor(parts: ThinkingRulesParts) {
    this.#parts = parts;
  }

  isThinking(): boolean {
    return this.#questions.size > 0;
  }

  /** The model has called a tool. */
  onToolCall(toolCallId: string): void {
    this.#open.add(toolCallId);
  }

  /** The tool call is carried out. */
  onQuestion(toolCallId: string, turnId: number): void {
    this.#questions.set(toolCallId, { turnId, askedMs: this.#parts.nowMs() });
    this.#lines.set(turnId, (this.#lines.get(turnId) ?? 0) + this.#parts.progressMax);
  }

  onOutput(toolCallId: string): void {
    const isFirst = this.#open.delete(toolCallId) && !this.#answered.has(toolCallId);
    if (!isFirst) this.#parts.fail("every tool call is answered exactly once");
    this.#answered.add(toolCallId);
    this.#questions.delete(toolCallId);
  }

  /** isWanted: of the newest turn, so that it is to be spoken. */
  onAnswered(isWanted: boolean): void {
    if (isWanted) this.#isAnswerNew = true;
  }

  onNudge(): void {
    this.#isNudgeWaiting = this.isThinking();
  }

  onRequest(tag: string, instructions: string, turnId: number): void {
    this.#tagLast = tag;
    const [asker, turn] = tag.split(":");
    if (asker === "tool") this.#onAnswerAsked();
    else if (asker === "nudge") {
      const words = this.#isNudgeWaiting ? NUDGE_WAITING : NUDGE;
      if (instructions !== words) this.#parts.fail("the idle nudge knows that work is running");
    } else if (asker === "progress") this.#onLineAsked(Number(turn), turnId);
  }

  /** What was asked last comes again: refused, or its session was lost. */
  onAskedInVain(): void {
    const [asker, turn] = this.#tagLast.split(":");
    if (asker === "tool") this.#isAnswerNew = true;
    if (asker !== "progress") return;
    this.#lines.set(Number(turn), (this.#lines.get(Number(turn)) ?? 0) + 1);
  }

  /** An answer that failed is asked for again: a thinker's, perhaps. */
  onAnswerAgain(): void {
    this.#isAnswerNew = true;
  }

  /** Now and then, while the call lives. */
  check(): void {
    const latestMs = this.#parts.thinkerMsMax + SLACK_MS;
    for (const { askedMs } of this.#questions.values()) {
      if (this.#parts.nowMs() - askedMs > latestMs) {
        this.#parts.fail("a thinker that takes too long is not waited for");
      }
      return;
    }
  }

  /** The call is at rest. */
  checkAllAnswered(): void {
    if (this.#open.size > 0) this.#parts.fail("every tool call is answered exactly once");
  }

  #onAnswerAsked(): void {
    if (!this.#isAnswerNew) this.#parts.fail("a thinker's answer is asked for once");
    this.#isAnswerNew = false;
  }

  #onLineAsked(lineTurnId: number, turnId: number): void {
    const { fail, isAgentQuiet } = this.#parts;
    if (lineTurnId !== turnId) fail("a stale line is not asked for");
    if (!this.isThinking()) fail("a line bridges a wait only while there is one");
    if (!isAgentQuiet()) fail("a line is not said over an answer");
    const left = this.#lines.get(turnId) ?? 0;
    if (left === 0) fail("only so many lines bridge a wait");
    this.#lines.set(turnId, left - 1);
  }
}
