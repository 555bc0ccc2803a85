// What one conversation is told at its start. Station: made of the call's plan (call-plan.ts), read
// by conversation.ts and its parts.
import type { CallerTurnsSettings } from "./caller-turns-settings.ts";
import type { IdleSettings } from "./idle.ts";
import type { Greeting } from "./greeting.ts";

export interface ConversationSettings extends CallerTurnsSettings {
  readonly upstreamRateHz: number;
  readonly greeting: Greeting | null;
  /** What happens when nobody speaks; null: nothing. */
  readonly idle: IdleSettings | null;
}
