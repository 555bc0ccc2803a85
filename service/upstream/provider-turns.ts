// What the provider is told about turns and keys: the conversation's words in the provider's.
import type { TurnDetection } from "../contract/call-terms.ts";
import type { ProviderTurnDetection } from "../contract/upstream.ts";

/** What the provider's own detection is told for each owner of the turns (decision 6). */
export function providerTurns(turnDetection: TurnDetection): ProviderTurnDetection {
  switch (turnDetection) {
    case "local":
    case "none":
      return null;
    case "hybrid":
      return "signal_only";
    default:
      return turnDetection;
  }
}

/** How the model is told of keys: as a message of the caller. */
export function dtmfText(digits: string): string {
  return `DTMF: ${digits}`;
}
