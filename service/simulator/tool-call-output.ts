// One tool call of a simulated response, told at once: its arguments need no time to be made up.
import type { ConversationItem } from "openai/resources/realtime/realtime";
import { silentItem } from "./conversation-items.ts";
import type { SessionContext } from "./session-context.ts";

export interface ToolCallPlan {
  readonly context: SessionContext;
  readonly responseId: string;
  readonly outputIndex: number;
  readonly name: string;
  readonly argumentsText: string;
  readonly isInConversation: boolean;
}

/** Sends all events of the call and gives its item. */
export function sendToolCall(plan: ToolCallPlan): ConversationItem {
  const { context, name, argumentsText } = plan;
  const id = `item_${context.random.hex(8)}`;
  const call_id = `call_${context.random.hex(8)}`;
  const head = { response_id: plan.responseId, output_index: plan.outputIndex };
  const spot = { ...head, item_id: id, call_id };
  const item: ConversationItem = {
    id,
    object: "realtime.item",
    type: "function_call",
    status: "completed",
    call_id,
    name,
    arguments: argumentsText,
  };
  const stored = silentItem(id, { ...item, status: "in_progress", arguments: "" });
  context.send({ type: "response.output_item.added", ...head, item: stored.item });
  if (plan.isInConversation) context.addItem(stored);
  const type = "response.function_call_arguments";
  context.send({ type: `${type}.delta`, ...spot, delta: argumentsText });
  context.send({ type: `${type}.done`, ...spot, name, arguments: argumentsText });
  stored.item = item;
  context.send({ type: "response.output_item.done", ...head, item });
  if (plan.isInConversation) context.finishItem(stored);
  return item;
}
