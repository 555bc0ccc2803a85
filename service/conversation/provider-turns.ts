// Turns that the provider's own detection owns (server_vad, semantic_vad): it commits and responds
// by itself; here a turn begins and ends with its events.
// Station: between the provider's speech events and the agent's voice. The reaction to
// speech_started is one direct call to the far end's clear (S0-07, S0-10).
import type { CallEffects, CaptureFacts } from "../contract/call-effects.ts";
import type { AgentVoice } from "./agent-voice.ts";
import type { CallerSpan } from "./caller-span.ts";
import type { Interrupted } from "./interruption.ts";
import type { TurnCommit } from "./turn-commit.ts";

const FRAME_MS = 20;

export interface ProviderTurnsParts {
  readonly effects: CallEffects;
  readonly facts: CaptureFacts;
  readonly voice: AgentVoice;
  readonly turn: TurnCommit;
  /** A turn begins, and cuts the agent off. */
  readonly takeFloor: () => Interrupted;
  readonly turnId: () => number;
  readonly span: CallerSpan;
}

export class ProviderTurns {
  readonly #parts: ProviderTurnsParts;
  /** The provider has heard the caller begin and not yet end. */
  #isHearing = false;

  constructor(parts: ProviderTurnsParts, isOwner: boolean) {
    this.#parts = parts;
    parts.voice.sequence.setProviderOwned(isOwner);
  }

  isHearing(): boolean {
    return this.#isHearing;
  }

  onSpeechStarted(positionMs: number): void {
    const { voice, effects, takeFloor, turnId } = this.#parts;
    this.#isHearing = true;
    const cut = takeFloor();
    voice.sequence.setHeld(true);
    effects.notice({ kind: "speech_started", turnId: turnId(), positionMs });
    voice.tellBargeIn(cut, turnId());
  }

  /** The turn's clock starts where the local detection, listening passively, heard its end. */
  onSpeechStopped(positionMs: number): void {
    const { voice, effects, facts, turn, span } = this.#parts;
    span.moveTo(span.framesCaptured());
    // The provider's answer is to everything said so far, typed words too.
    voice.sequence.forget("turn");
    this.#end(positionMs);
    if (voice.latency.noteSpeechEnd(facts.endPositionSamples())) {
      turn.decide(turn.silenceMs(span.framesCaptured()));
    } else {
      effects.count("turn_end_unheard");
    }
  }

  /** What the provider was hearing is gone with its session; the next one starts anew. */
  onLost(): void {
    if (this.#isHearing) this.#end(this.#parts.span.framesCaptured() * FRAME_MS);
  }

  /** Somebody else owns the turns. */
  onSwitched(isOwner: boolean): void {
    this.#isHearing = false;
    this.#parts.voice.sequence.setProviderOwned(isOwner);
  }

  #end(positionMs: number): void {
    const { voice, effects, turnId } = this.#parts;
    this.#isHearing = false;
    effects.notice({ kind: "speech_ended", turnId: turnId(), positionMs });
    voice.sequence.setHeld(false);
  }
}
