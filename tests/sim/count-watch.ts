// What the conversation counts, told to the rules that know of it.
import type { ConversationCount } from "../../service/contract/call-effects.ts";
import type { CallWorld } from "./call-world.ts";
import type { ThinkingRules } from "./thinking-rules.ts";

export function watchCount(
  { bargeIn, speculation, rules, switches, service }: CallWorld,
  thinking: ThinkingRules,
  name: ConversationCount,
): void {
  bargeIn.onCount(name);
  if (name === "speculation_off") speculation.onOff();
  else if (name === "response_resync") rules.onResync();
  else if (name === "answer_again") thinking.onAnswerAgain();
  else if (name === "idle_nudge") thinking.onNudge();
  else if (name === "response_expired") thinking.onGivenUp();
  else if (name === "protected_speech_dropped") switches.onDropped(service.core.frames());
}
