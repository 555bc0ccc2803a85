// Where the time of one turn went, measured from the TRUE end of speech (S1-57..62): the end that
// the local voice activity detection observed, not the moment somebody reported it.
// Station: told of decision, commit acknowledgement, first delta and first frame by the
// conversation.
import type { CallNotice } from "../contract/transport.ts";
import type { StageLatency } from "../contract/upstream.ts";

const UNSET = -1;

export class TurnLatency {
  #turnId = 0;
  #speechEndMs = UNSET;
  #decisionMs = UNSET;
  #committedMs = UNSET;
  #firstAudioMs = UNSET;
  #firstSentMs = UNSET;
  /** For so long an answer was there before its turn was known to be over. */
  #heldMs = 0;
  #speechEndSamples = 0;
  #stages: StageLatency | null = null;

  /**
   * The local voice activity detection, listening passively, holds this as the last end of speech.
   * -> false: it has heard none since it was asked last, so what it holds is an older turn's, and
   * no figure is better than that one (S1-58).
   */
  noteSpeechEnd(positionSamples: number): boolean {
    const isNew = positionSamples !== this.#speechEndSamples;
    this.#speechEndSamples = positionSamples;
    return isNew;
  }

  /**
   * The turn was decided now; its speech truly ended silenceMs before. silenceMs is audio time, so
   * what the transport delayed is part of the decision.
   */
  onTurnDecided(turnId: number, nowMs: number, silenceMs: number): void {
    this.#turnId = turnId;
    this.#speechEndMs = nowMs - silenceMs;
    this.#decisionMs = nowMs;
    this.#committedMs = UNSET;
    this.#firstAudioMs = UNSET;
    this.#firstSentMs = UNSET;
    this.#heldMs = 0;
    this.#stages = null;
  }

  /** Where the upstream's share went; before the first audio, for the answer that follows. */
  noteStages(stages: StageLatency): void {
    this.#stages = stages;
  }

  onCommitted(nowMs: number): void {
    if (this.#turnId !== 0 && this.#committedMs === UNSET) this.#committedMs = nowMs;
  }

  onFirstAudio(turnId: number, nowMs: number): void {
    if (turnId === this.#turnId && this.#firstAudioMs === UNSET) this.#firstAudioMs = nowMs;
  }

  /** A turn that was committed early is sure now: what its answer waited for was the caller. */
  onConfirmed(nowMs: number): void {
    if (this.#firstAudioMs !== UNSET) this.#heldMs = nowMs - this.#firstAudioMs;
  }

  /** -> the finished record, once per turn, else null. */
  onFirstSent(turnId: number, nowMs: number): CallNotice | null {
    if (turnId === 0 || turnId !== this.#turnId || this.#firstSentMs !== UNSET) return null;
    this.#firstSentMs = nowMs;
    const committedMs = this.#committedMs === UNSET ? this.#decisionMs : this.#committedMs;
    const firstAudioMs = this.#firstAudioMs === UNSET ? nowMs : this.#firstAudioMs;
    return {
      kind: "turn_latency",
      turnId,
      endpointMs: Math.round(this.#decisionMs - this.#speechEndMs),
      commitMs: Math.round(committedMs - this.#decisionMs),
      modelMs: Math.round(firstAudioMs - committedMs),
      perceivedMs: Math.round(nowMs - this.#speechEndMs),
      ...(this.#heldMs > 0 && { heldMs: Math.round(this.#heldMs) }),
      ...(this.#stages !== null && { stages: this.#stages }),
    };
  }
}
