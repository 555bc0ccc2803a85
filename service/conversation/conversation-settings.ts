// What one conversation is told at its start. Station: made of the call's plan (call-plan.ts), read
// by conversation.ts and its parts.
import type { CallerTurnsSettings } from "./caller-turns-settings.ts";
import type { IdleSettings } from "./idle.ts";

export interface Greeting {
  /** What the model is told to say. */
  readonly instructions: string;
  /** True: it may not be interrupted. */
  readonly isProtected: boolean;
  /** The words themselves where they are known; as in ResponseRequest. */
  readonly openingText?: string;
}

export interface ConversationSettings extends CallerTurnsSettings {
  readonly upstreamRateHz: number;
  readonly greeting: Greeting | null;
  /** What happens when nobody speaks; null: nothing. */
  readonly idle: IdleSettings | null;
}
