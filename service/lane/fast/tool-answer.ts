// Tool calls, answered: told to the caller's side, carried out by the call's owner, and the answer
// given to the model, which waits for one to each of its calls.
// Station: behind held-tool-calls.ts, which decides whether and when.
//
//   output -> upstream --dropped--> short failure -> upstream --dropped--> kept, tried every RETRY_MS
//
// The caller's side is told how a call ended when the model has its answer, not before.
// Limits: KEPT_MAX answers are kept, each for KEPT_MS; what is over is counted as lost.
import type { Clock, TimerHandle } from "../../contract/clock.ts";
import { SEND } from "../../contract/send-result.ts";
import type { Upstream } from "../../contract/upstream.ts";
import type { ToolCall } from "./held-tool-calls.ts";
import { guard, type LaneOwner, type ToolAnswer } from "./lane-owner.ts";

const RETRY_MS = 100;
const KEPT_MS = 60_000;
/** More than are held (held-tool-calls.ts) and thought about (thinkers.perCallMax) at once. */
const KEPT_MAX = 64;

/** Instead of an answer that found no room: short enough for what is always left to commands. */
const NO_ROOM = JSON.stringify({
  error: "The answer could not be handed over. Tell the caller so plainly; invent nothing.",
});

export interface ToolAnswersParts {
  readonly clock: Clock;
  readonly owner: Pick<LaneOwner, "onNotice" | "answerTool" | "onCount" | "onBug">;
  readonly upstream: Pick<Upstream, "submitToolOutput">;
  /** The model has the answer, at once or later; not after the call's end. */
  readonly onAnswered: (turnId: number) => void;
}

interface Kept {
  readonly toolCallId: string;
  readonly untilMs: number;
  readonly onGiven: (state: ToolAnswer["state"]) => void;
}

export class ToolAnswers {
  readonly #parts: ToolAnswersParts;
  #kept: Kept[] = [];
  #timer: TimerHandle | null = null;
  #isOver = false;

  constructor(parts: ToolAnswersParts) {
    this.#parts = parts;
  }

  carryOut({ toolCallId, name, argumentsText, turnId }: ToolCall): void {
    const { owner, onAnswered } = this.#parts;
    owner.onNotice({ kind: "tool_status", toolCallId, name, state: "started" });
    owner.answerTool({ toolCallId, name, argumentsText, turnId }, (answer) =>
      this.#give(toolCallId, answer, (state) => {
        owner.onNotice({ kind: "tool_status", toolCallId, name, state });
        onAnswered(turnId);
      }),
    );
  }

  /** The call is not carried out, and nobody but the model is told. */
  refuse({ toolCallId }: ToolCall, output: string): void {
    this.#give(toolCallId, { output, state: "failed" }, () => undefined);
  }

  close(): void {
    this.#isOver = true;
    this.#kept = [];
    if (this.#timer !== null) this.#parts.clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  /** onGiven: the state that the model knows. */
  #give(toolCallId: string, { output, state }: ToolAnswer, onGiven: Kept["onGiven"]): void {
    const { upstream, owner, clock } = this.#parts;
    if (this.#isOver) return;
    if (upstream.submitToolOutput(toolCallId, output) !== SEND.DROPPED) return onGiven(state);
    if (upstream.submitToolOutput(toolCallId, NO_ROOM) !== SEND.DROPPED) {
      owner.onCount("tool_output_cut");
      return onGiven("failed");
    }
    if (this.#kept.length >= KEPT_MAX) return owner.onCount("tool_output_lost");
    owner.onCount("tool_output_kept");
    this.#kept.push({ toolCallId, untilMs: clock.nowMs() + KEPT_MS, onGiven });
    this.#arm();
  }

  #arm(): void {
    const { clock, owner } = this.#parts;
    this.#timer ??= clock.setTimer(RETRY_MS, () => {
      this.#timer = null;
      guard(owner, () => this.#tryAgain());
    });
  }

  #tryAgain(): void {
    const { clock, owner, upstream } = this.#parts;
    const nowMs = clock.nowMs();
    const waiting = this.#kept;
    this.#kept = [];
    for (const kept of waiting) {
      if (upstream.submitToolOutput(kept.toolCallId, NO_ROOM) !== SEND.DROPPED) {
        kept.onGiven("failed");
      } else if (nowMs >= kept.untilMs) {
        owner.onCount("tool_output_lost");
      } else {
        this.#kept.push(kept);
      }
    }
    if (this.#kept.length > 0) this.#arm();
  }
}
