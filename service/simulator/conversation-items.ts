// The conversation of one simulated session: its items in order, and how much audio each has.
// The audio itself is kept for the newest items only; lengths are kept for all of them.
import type { ConversationItem } from "openai/resources/realtime/realtime";

export interface StoredItem {
  readonly id: string;
  readonly item: ConversationItem;
  /** An assistant's spoken message: only these can be truncated. */
  readonly isAgentAudio: boolean;
  /** Length of its audio as generated so far; 0 without audio. */
  audioMs: number;
  /** undefined: none, or forgotten. */
  audio: Uint8Array | undefined;
}

export interface ConversationItems {
  /** Adds at the end, or after `previousItemId` ("root": first). Gives the id it stands after. */
  add(stored: StoredItem, previousItemId?: string | null): string | null;
  find(itemId: string): StoredItem | undefined;
  remove(itemId: string): boolean;
  /** The name of the tool that the call `toolCallId` in this conversation calls. */
  toolName(toolCallId: string): string | undefined;
  count(): number;
  lastId(): string | null;
}

const AUDIO_ITEMS_KEPT = 16;

export function createConversationItems(): ConversationItems {
  const items: StoredItem[] = [];
  return {
    add(stored, previousItemId) {
      const after = items.findIndex((item) => item.id === previousItemId);
      let index = items.length;
      if (previousItemId === "root") index = 0;
      else if (after >= 0) index = after + 1;
      items.splice(index, 0, stored);
      const forgotten = items.at(-1 - AUDIO_ITEMS_KEPT);
      if (forgotten !== undefined) forgotten.audio = undefined;
      return items[index - 1]?.id ?? null;
    },
    find: (itemId) => items.find((item) => item.id === itemId),
    remove(itemId) {
      const index = items.findIndex((item) => item.id === itemId);
      if (index >= 0) items.splice(index, 1);
      return index >= 0;
    },
    toolName(toolCallId) {
      for (const { item } of items) {
        if (item.type === "function_call" && item.call_id === toolCallId) return item.name;
      }
      return undefined;
    },
    count: () => items.length,
    lastId: () => items.at(-1)?.id ?? null,
  };
}
