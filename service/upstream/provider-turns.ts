// What the provider is told about turns and keys: the conversation's words in the provider's; and
// which of its troubles the caller's side is told of.
import type { TurnDetection } from "../contract/call-terms.ts";
import { type ProviderTurnDetection, STAGE_FAILURES } from "../contract/upstream.ts";

/** Which of the provider's detections is the second opinion of hybrid turns. */
export type HybridDetector = "server_vad" | "semantic_vad";

/**
 * What the provider's own detection is told for each owner of the turns (decision 6). isAnsweredHere:
 * it neither answers nor interrupts, though the turns are its own.
 */
export function providerTurns(
  turnDetection: TurnDetection,
  hybridDetector: HybridDetector,
  isAnsweredHere: boolean,
): ProviderTurnDetection {
  switch (turnDetection) {
    case "local":
    case "none":
      return null;
    case "hybrid":
      return `${hybridDetector}_signal`;
    default:
      return isAnsweredHere ? `${turnDetection}_signal` : turnDetection;
  }
}

/** The provider's own detection listens, so every frame is sent as it comes. */
export function isProviderListening(turnDetection: TurnDetection): boolean {
  return turnDetection !== "local" && turnDetection !== "none";
}

/** How the model is told of keys: as a message of the caller. */
export function dtmfText(digits: string): string {
  return `DTMF: ${digits}`;
}

/** One engine of several is gone for an answer: what comes of it differs from what was expected. */
export function isStageFailure(code: string): boolean {
  return STAGE_FAILURES.some((failure) => failure === code);
}
