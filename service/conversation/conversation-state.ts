// The conversation as it is now, put together from its parts for whoever asks (S4-C21, S4-C24).
import type { CaptureFacts } from "../contract/call-effects.ts";
import type { ConversationState, Floor } from "../contract/conversation-state.ts";
import { VAD_STATE } from "../contract/core.ts";
import type { AgentVoice } from "./agent-voice.ts";
import type { CallerTurns } from "./caller-turns.ts";

export function stateOf(
  turns: CallerTurns,
  voice: AgentVoice,
  facts: CaptureFacts,
): ConversationState {
  return {
    floor: floorOf(facts, voice.isAudible()),
    turnId: turns.turnId(),
    turnDetection: turns.turnDetection(),
    speech: turns.speech.phase(),
    turnEnd: turns.turnEnd?.state() ?? null,
    flow: voice.flow.flow(),
  };
}

/** Who is heard. */
export function floorOf(facts: CaptureFacts, isAgentHeard: boolean): Floor {
  if (facts.vadState() === VAD_STATE.SILENCE) return isAgentHeard ? "agent" : "nobody";
  return isAgentHeard ? "both" : "caller";
}
