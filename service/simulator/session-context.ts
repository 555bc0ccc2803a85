// What the parts of one simulated session share: its settings, its conversation, its way out.
import type { Clock, Random } from "../contract/clock.ts";
import type { RealtimeCommand } from "../wire/realtime-command-schema.ts";
import type { ConversationItems, StoredItem } from "./conversation-items.ts";
import type { SendEvent } from "./server-events.ts";
import type { SessionSettings } from "./session-settings.ts";
import type { SimulatorLimits } from "./simulator-options.ts";
import type { SessionRecorder } from "./simulator-record.ts";
import type { UnansweredList } from "./unanswered.ts";

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly param?: string;
}

export interface SessionContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: SimulatorLimits;
  readonly recorder: SessionRecorder | undefined;
  readonly items: ConversationItems;
  readonly unanswered: UnansweredList;
  readonly isSecondResponseIgnored: boolean;
  readonly send: SendEvent;
  settings(): SessionSettings;
  /** Answers a command with an error; the session goes on. */
  refuse(command: RealtimeCommand, refusal: Refusal): void;
  /** As clock.setTimer, forgotten when the session ends. */
  after(delayMs: number, act: () => void): void;
  /** Puts an item into the conversation and says so. */
  addItem(stored: StoredItem, previousItemId?: string | null): void;
  /** Says that an item will not change any more. */
  finishItem(stored: StoredItem): void;
  close(code: number, reason: string): void;
}
