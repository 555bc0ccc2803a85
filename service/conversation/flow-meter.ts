// How the talk flows: overlapping speech, interruptions, gaps before answers (S4-C21).
// Station: held by the agent's voice; one comparison a frame, sums otherwise.
import type { ConversationFlow, Floor } from "../contract/conversation-state.ts";

const FRAME_MS = 20;

export class FlowMeter {
  #turns = 0;
  #interruptions = 0;
  #overlapFrames = 0;
  #gaps = 0;
  #gapMsSum = 0;
  #gapMsLast = -1;

  /** A frame passed. */
  onFrame(floor: Floor): void {
    if (floor === "both") this.#overlapFrames += 1;
  }

  onTurn(): void {
    this.#turns += 1;
  }

  onInterruption(): void {
    this.#interruptions += 1;
  }

  onResponse(gapMs: number): void {
    this.#gaps += 1;
    this.#gapMsSum += gapMs;
    this.#gapMsLast = gapMs;
  }

  flow(): ConversationFlow {
    return {
      turns: this.#turns,
      interruptions: this.#interruptions,
      overlapMs: this.#overlapFrames * FRAME_MS,
      responseGapMsLast: this.#gapMsLast,
      responseGapMsMean: this.#gaps === 0 ? -1 : Math.round(this.#gapMsSum / this.#gaps),
    };
  }
}
