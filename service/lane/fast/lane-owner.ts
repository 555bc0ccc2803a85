// What the fast lane tells the call that owns it: lane up, never down.
import type { ConversationCount } from "../../contract/call-effects.ts";
import type { EndReason } from "../../contract/call-terms.ts";
import type { SendResult } from "../../contract/send-result.ts";
import type { CallNotice } from "../../contract/transport.ts";
import type { TokenUsage, UpstreamClosure } from "../../contract/upstream.ts";

export interface ToolAnswer {
  /** Goes to the model as it is. */
  readonly output: string;
  readonly state: "done" | "failed";
}

/** A tool call of the model. */
export interface ToolRequest {
  readonly toolCallId: string;
  readonly name: string;
  readonly argumentsText: string;
  /** The turn that it belongs to (S1-28). */
  readonly turnId: number;
}

/** What the lane tells the call that owns it. */
export interface LaneOwner {
  onUpstreamClosed(closure: UpstreamClosure): void;
  /** The session is gone; another is being opened. */
  onUpstreamLost(closure: UpstreamClosure): void;
  onUpstreamRestored(): void;
  /** The first session is there. */
  onUpstreamReady(): void;
  onUsage(usage: TokenUsage): void;
  /** An interruption's own time: from the frame or event that decided to the clear on its way. */
  onBargeIn(reactionMs: number): void;
  onCount(name: ConversationCount): void;
  onNotice(notice: CallNotice): void;
  /** The transport took no more: the caller reads too slowly. */
  onTransportFull(): void;
  onSent(result: SendResult): void;
  /** A throw in a timer's callback. */
  onBug(error: unknown): void;
  /** onAnswer: exactly once per call of a tool, at once or later; not after the call's end. */
  answerTool(request: ToolRequest, onAnswer: (answer: ToolAnswer) => void): void;
  end(reason: EndReason): void;
}

/** A throw in a callback of the lane's is the call's end, and nobody else's. */
export function guard(owner: Pick<LaneOwner, "onBug">, act: () => void): void {
  try {
    act();
  } catch (error) {
    owner.onBug(error);
  }
}
