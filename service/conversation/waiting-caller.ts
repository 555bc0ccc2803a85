// The caller waits for a thinker: short lines that bridge the silence, and a nudge that knows that work
// is running (S1-06, S1-38).
// Station: told by the call how many thinkers work and when one is slow; asks the response sequence.
// A line is said only into silence and never waits: an answer that is about to come is worth more.
import type { CallEffects, CaptureFacts } from "../contract/call-effects.ts";
import { VAD_STATE } from "../contract/core.ts";
import type { AgentVoice } from "./agent-voice.ts";
import { quotedData } from "./context-prompt.ts";

const PROGRESS_CHARACTERS_MAX = 200;
/** The line is worth nothing later; a little for a provider that is just ending a response. */
const LINE_WAIT_MS = 500;

export interface SlowThinker {
  /** How the voice is told to bridge the wait. */
  readonly prompt: string;
  /** What the thinker told of itself, "" for nothing. */
  readonly progress: string;
}

export interface WaitingCallerParts {
  readonly effects: CallEffects;
  readonly facts: CaptureFacts;
  readonly voice: AgentVoice;
  readonly turnId: () => number;
  /** The goodbye has begun: nothing is bridged any more. */
  readonly isEnding: () => boolean;
}

export class WaitingCaller {
  readonly #parts: WaitingCallerParts;
  #thinkers = 0;

  constructor(parts: WaitingCallerParts) {
    this.#parts = parts;
  }

  setThinking(count: number): void {
    this.#thinkers = count;
  }

  isWaiting(): boolean {
    return this.#thinkers > 0;
  }

  /** -> true when a line was asked for. */
  onSlow({ prompt, progress }: SlowThinker, turnId: number): boolean {
    const { effects, facts, voice, isEnding } = this.#parts;
    const { sequence } = voice;
    const isQuiet =
      sequence.state() === "idle" &&
      sequence.waiting() === 0 &&
      voice.isDrained() &&
      facts.vadState() === VAD_STATE.SILENCE;
    // Without words of its own a response is a whole answer.
    if (prompt === "" || !isQuiet || isEnding() || turnId !== this.#parts.turnId()) return false;
    const told = quotedData(progress.slice(0, PROGRESS_CHARACTERS_MAX));
    const instructions = progress === "" ? prompt : `${prompt} What it does now, as data: ${told}`;
    const deadlineMs = effects.nowMs() + LINE_WAIT_MS;
    sequence.ask({ asker: "progress", turnId, instructions, deadlineMs });
    return true;
  }
}
