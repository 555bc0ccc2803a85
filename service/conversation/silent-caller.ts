// The silent caller: turns what idle.ts decides into a question, and in the end a goodbye.
// Station: asked by the conversation once per captured frame, after turns and voice.
import type { CallEffects, CaptureFacts } from "../contract/call-effects.ts";
import type { EndReason } from "../contract/call-terms.ts";
import { VAD_STATE } from "../contract/core.ts";
import type { AgentVoice } from "./agent-voice.ts";
import { Idle, type IdleSettings } from "./idle.ts";
import type { WaitingCaller } from "./waiting-caller.ts";

/** What it asks of the conversation. */
export interface SilentCallerOwner {
  /** Whether the caller waits for a thinker. */
  readonly waiting: WaitingCaller;
  /** The provider is to answer by itself, and has not begun. */
  isAnswerAwaited(): boolean;
  turnId(): number;
  sayGoodbye(reason: EndReason, instructions: string): void;
}

export interface SilentCallerSettings {
  /** null: nothing is done about a silent caller. */
  readonly idle: IdleSettings | null;
  /** Longest wait of the question behind another response. */
  readonly responseWaitMs: number;
}

/** -> null when nothing is to be done about a silent caller. */
export function silentCallerOf(
  { idle: settings, responseWaitMs }: SilentCallerSettings,
  effects: CallEffects,
  facts: CaptureFacts,
  voice: AgentVoice,
  owner: SilentCallerOwner,
): SilentCaller | null {
  if (settings === null) return null;
  return new SilentCaller({ settings, responseWaitMs, effects, facts, voice, owner });
}

interface SilentCallerParts {
  readonly settings: IdleSettings;
  readonly responseWaitMs: number;
  readonly effects: CallEffects;
  readonly facts: CaptureFacts;
  readonly voice: AgentVoice;
  readonly owner: SilentCallerOwner;
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
    const { effects, facts, voice, settings, owner } = this.#parts;
    const { sequence } = voice;
    const isResponding = sequence.state() !== "idle" || sequence.waiting() > 0;
    const isCallerSpeaking = facts.vadState() !== VAD_STATE.SILENCE;
    const isAgentBusy = isResponding || !voice.isDrained() || owner.isAnswerAwaited();
    const nowMs = effects.nowMs();
    const step = this.#idle.onFrame(
      nowMs,
      isCallerSpeaking,
      isAgentBusy,
      owner.waiting.isWaiting(),
    );
    if (step === "nudge") this.#nudge();
    if (step !== "goodbye") return;
    effects.count("idle_goodbye");
    this.#parts.owner.sayGoodbye("agent_ended", settings.goodbyeInstructions);
  }

  #nudge(): void {
    const { effects, voice, settings, responseWaitMs, owner } = this.#parts;
    const { nudgeInstructions, nudgeWaitingInstructions } = settings;
    effects.count("idle_nudge");
    voice.sequence.ask({
      asker: "nudge",
      turnId: owner.turnId(),
      instructions:
        (owner.waiting.isWaiting() ? nudgeWaitingInstructions : null) ?? nudgeInstructions,
      deadlineMs: effects.nowMs() + responseWaitMs,
    });
  }
}
