// The silent caller: turns what idle.ts decides into a question, and in the end a goodbye.
// Station: asked by the conversation once per captured frame, after turns and voice.
import type { CallEffects, CaptureFacts } from "../contract/call-effects.ts";
import { VAD_STATE } from "../contract/core.ts";
import type { AgentVoice } from "./agent-voice.ts";
import { Idle, type IdleSettings } from "./idle.ts";

export interface SilentCallerParts {
  readonly settings: IdleSettings;
  /** Longest wait of the question behind another response. */
  readonly responseWaitMs: number;
  readonly effects: CallEffects;
  readonly facts: CaptureFacts;
  readonly voice: AgentVoice;
  readonly turnId: () => number;
  readonly sayGoodbye: (instructions: string) => void;
}

export class SilentCaller {
  readonly #parts: SilentCallerParts;
  readonly #idle: Idle;

  constructor(parts: SilentCallerParts) {
    this.#parts = parts;
    this.#idle = new Idle(parts.settings);
  }

  /** One frame has passed, with the upstream there and no goodbye begun. */
  onFrame(): void {
    const { effects, facts, voice, settings } = this.#parts;
    const { sequence } = voice;
    const isResponding = sequence.state() !== "idle" || sequence.waiting() > 0;
    const isCallerSpeaking = facts.vadState() !== VAD_STATE.SILENCE;
    const isAgentBusy = isResponding || !voice.isDrained();
    const step = this.#idle.onFrame(effects.nowMs(), isCallerSpeaking, isAgentBusy);
    if (step === "nudge") this.#nudge();
    if (step !== "goodbye") return;
    effects.count("idle_goodbye");
    this.#parts.sayGoodbye(settings.goodbyeInstructions);
  }

  #nudge(): void {
    const { effects, voice, settings, responseWaitMs, turnId } = this.#parts;
    effects.count("idle_nudge");
    voice.sequence.ask({
      asker: "nudge",
      turnId: turnId(),
      instructions: settings.nudgeInstructions,
      deadlineMs: effects.nowMs() + responseWaitMs,
    });
  }
}
