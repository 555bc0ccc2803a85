// What one conversation is told at its start. Station: made of the call's plan (call-plan.ts), read
// by conversation.ts and its parts.
import { isCutting } from "./barge-in-action.ts";
import type { CallerTurnsSettings } from "./caller-turns-settings.ts";
import type { IdleSettings } from "./idle.ts";
import type { Greeting } from "./greeting.ts";

/**
 * The provider's own turns are answered by our requests, as an answer of its own would be cut by any
 * speech: something may not be interrupted, or an interruption is acknowledged.
 */
export function isAnsweredHere({
  bargeInAction = "interrupt",
  isBargeInEnabled = true,
  greeting,
}: Pick<ConversationSettings, "bargeInAction" | "isBargeInEnabled" | "greeting">): boolean {
  if (!isBargeInEnabled || !isCutting(bargeInAction)) return true;
  return bargeInAction === "acknowledge" || greeting?.isProtected === true;
}

export interface ConversationSettings extends CallerTurnsSettings {
  readonly upstreamRateHz: number;
  /** Longest silence of the provider before or within an answer; default 15 s. */
  readonly answerSilentMs?: number;
  readonly greeting: Greeting | null;
  /** What happens when nobody speaks; null: nothing. */
  readonly idle: IdleSettings | null;
}
