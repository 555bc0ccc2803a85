// The agent speaks first: the greeting is asked once, before any turn, and may be protected.
// Station: asked by the conversation whenever speech might cut something.
import type { CallEffects } from "../contract/call-effects.ts";
import type { AgentVoice } from "./agent-voice.ts";

export interface Greeting {
  /** What the model is told to say. */
  readonly instructions: string;
  /** True: it may not be interrupted. */
  readonly isProtected: boolean;
  /** The words themselves where they are known; as in ResponseRequest. */
  readonly openingText?: string;
}

/** The upstream is ready and nobody spoke yet. responseWaitMs: longest wait behind another one. */
export function askGreeting(
  greeting: Greeting | null,
  voice: AgentVoice,
  effects: CallEffects,
  responseWaitMs: number,
): void {
  if (greeting === null) return;
  const { instructions, openingText = "" } = greeting;
  const deadlineMs = effects.nowMs() + responseWaitMs;
  voice.sequence.ask({ asker: "greeting", turnId: 0, instructions, openingText, deadlineMs });
}

/** True from the greeting's request until its last sample was heard. */
export function isGreetingProtected(greeting: Greeting | null, voice: AgentVoice): boolean {
  if (greeting?.isProtected !== true) return false;
  return voice.sequence.isWanted("greeting") || !voice.isDrained();
}
