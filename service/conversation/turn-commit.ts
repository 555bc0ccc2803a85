// A finished utterance of the caller becomes a turn: measured, committed, told, answered.
// Station: behind caller-turns.ts, whoever ended the turn; asks the response sequence for the
// answer. An early commit (speculation.ts) takes the same steps in two halves.
// What the provider's own detection committed of it (hybrid turns) is not committed again.
import type { CallEffects, CaptureFacts } from "../contract/call-effects.ts";
import type { AgentVoice } from "./agent-voice.ts";
import type { BargeInSettings } from "./barge-in-action.ts";
import type { CallerSpan } from "./caller-span.ts";
import type { ProviderParts } from "./provider-parts.ts";
import type { ResponseAsk } from "./response-ask.ts";

const FRAME_MS = 20;

export interface TurnCommitSettings {
  readonly callerRateHz: number;
  readonly callerFrameSamples: number;
  readonly commitMsMin: number;
  /** Longest wait of a turn's response behind another one (S1-29). */
  readonly responseWaitMs: number;
}

/** Caller audio [firstFrame, endFrame). */
export interface FrameSpan {
  readonly firstFrame: number;
  readonly endFrame: number;
}

/** As in a response's request. */
export type AnswerOpening = Pick<ResponseAsk, "instructions" | "openingText">;

/** An interruption may be acknowledged. */
export function openingOf(settings: BargeInSettings, isInterruption: boolean): AnswerOpening {
  const { acknowledgement = "", acknowledgementText = "" } = settings;
  if (!isInterruption) return { instructions: "", openingText: "" };
  return { instructions: acknowledgement, openingText: acknowledgementText };
}

export interface TurnCommitParts {
  readonly effects: CallEffects;
  readonly facts: CaptureFacts;
  readonly voice: AgentVoice;
  readonly span: CallerSpan;
  readonly parts: ProviderParts;
  readonly turnId: () => number;
  /** What the answer to the newest turn is told and begins with; "": nothing of its own. */
  readonly opening: () => AnswerOpening;
}

export class TurnCommit {
  readonly #settings: TurnCommitSettings;
  readonly #effects: CallEffects;
  readonly #facts: CaptureFacts;
  readonly #voice: AgentVoice;
  readonly #span: CallerSpan;
  readonly #parts: ProviderParts;
  readonly #turnId: () => number;
  readonly #opening: () => AnswerOpening;

  constructor(settings: TurnCommitSettings, parts: TurnCommitParts) {
    this.#settings = settings;
    this.#effects = parts.effects;
    this.#facts = parts.facts;
    this.#voice = parts.voice;
    this.#span = parts.span;
    this.#parts = parts.parts;
    this.#turnId = parts.turnId;
    this.#opening = parts.opening;
  }

  /**
   * The span is a turn, or thrown away as too short for one. speechEndFrame: after it there is only
   * silence. -> true when committed.
   */
  commit(span: FrameSpan, speechEndFrame: number): boolean {
    const rest = { ...span, firstFrame: this.#parts.restFrame(span.firstFrame) };
    const isRestLong = this.isLongEnough(rest);
    const hasParts = rest.firstFrame > span.firstFrame;
    if (this.#parts.covers(speechEndFrame) || (hasParts && !isRestLong)) {
      this.#span.forget();
      this.#voice.latency.onCommitted(this.#effects.nowMs());
    } else if (isRestLong) {
      this.#span.commit(this.#turnId(), speechEndFrame);
    } else {
      this.#span.discard();
      this.#effects.count("turn_too_short");
      return false;
    }
    this.#parts.clear();
    this.tell(span);
    return true;
  }

  /** The provider refuses shorter commits. */
  isLongEnough({ firstFrame, endFrame }: FrameSpan): boolean {
    return (endFrame - firstFrame) * FRAME_MS >= this.#settings.commitMsMin;
  }

  /** The frame after the last one in which the local detection heard speech. */
  speechEndFrame(): number {
    return Math.ceil(this.#facts.endPositionSamples() / this.#settings.callerFrameSamples);
  }

  /** The turn's clock starts: its speech truly ended silenceMs before now. */
  decide(silenceMs: number): void {
    this.#voice.onTurnDecided(this.#turnId(), silenceMs);
  }

  /** Where the local detection heard the end. */
  tellSpeechEnded(): void {
    const positionMs = this.positionMs(this.#facts.endPositionSamples());
    this.#effects.notice({ kind: "speech_ended", turnId: this.#turnId(), positionMs });
  }

  tell({ firstFrame, endFrame }: FrameSpan): void {
    const turnId = this.#turnId();
    const startMs = firstFrame * FRAME_MS;
    const endMs = endFrame * FRAME_MS;
    this.#effects.count("turn_committed");
    this.#effects.notice({ kind: "turn_committed", turnId, startMs, endMs });
  }

  /** The newest turn wants its answer. */
  ask(): void {
    const deadlineMs = this.#effects.nowMs() + this.#settings.responseWaitMs;
    const turnId = this.#turnId();
    this.#voice.sequence.ask({ asker: "turn", turnId, ...this.#opening(), deadlineMs });
  }

  /** Silence between the true end of speech and this frame, in captured audio. */
  silenceMs(endFrame: number): number {
    const endMs = this.positionMs(this.#facts.endPositionSamples());
    return Math.max(0, endFrame * FRAME_MS - endMs);
  }

  positionMs(positionSamples: number): number {
    return Math.floor((positionSamples * 1000) / this.#settings.callerRateHz);
  }
}
