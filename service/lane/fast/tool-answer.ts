// One tool call, answered: told to the caller's side, carried out by the call's owner, and its
// answer given to the model. Station: behind held-tool-calls.ts, which decides whether and when.
import type { Upstream } from "../../contract/upstream.ts";
import type { ToolCall } from "./held-tool-calls.ts";
import type { LaneOwner } from "./lane-owner.ts";

export interface ToolAnswerParts {
  readonly owner: LaneOwner;
  readonly upstream: Upstream;
}

/** onAnswered: the model has the answer, at once or later; not after the call's end. */
export function answerToolCall(
  call: ToolCall,
  { owner, upstream }: ToolAnswerParts,
  onAnswered: () => void,
): void {
  const { toolCallId, name, argumentsText, turnId } = call;
  owner.onNotice({ kind: "tool_status", toolCallId, name, state: "started" });
  owner.answerTool({ toolCallId, name, argumentsText, turnId }, ({ output, state }) => {
    upstream.submitToolOutput(toolCallId, output);
    owner.onNotice({ kind: "tool_status", toolCallId, name, state });
    onAnswered();
  });
}
