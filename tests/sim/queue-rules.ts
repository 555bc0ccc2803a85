// Every queue of the conversation stays within its bound, whatever happens in a call. What the tape,
// the held tool calls and the pacer may hold is bounded by their own tests.
import type { Conversation } from "../../service/conversation/conversation.ts";
import type { CallRules } from "./call-rules.ts";

/** One a kind of asker. */
const ASKS_MAX = 6;
const LEDGER_ITEMS_MAX = 64;

export function checkQueues(conversation: Conversation, rules: CallRules): void {
  const isBounded =
    conversation.sequence().waiting() <= ASKS_MAX &&
    conversation.ledger().items().length <= LEDGER_ITEMS_MAX;
  if (!isBounded) rules.fail("every queue stays within its bound");
}
