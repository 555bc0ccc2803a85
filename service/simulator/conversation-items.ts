// The conversation of one simulated session: its items in order, and how much audio each has.
// The audio itself is kept for the newest items only; lengths are kept for all of them.
import type { ConversationItem } from "openai/resources/realtime/realtime";

export interface StoredItem {
  readonly id: string;
  item: ConversationItem;
  /** An assistant's spoken message: only these can be truncated. */
  readonly isAgentAudio: boolean;
  readonly bytesPerMs: number;
  /** Length of its audio: as generated so far, or as truncated; 0 without audio. */
  audioMs: number;
  isTruncated: boolean;
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
  /** The id before `itemId`; null for the first. */
  previousId(itemId: string): string | null;
}

const AUDIO_ITEMS_KEPT = 16;

export function createConversationItems(): ConversationItems {
  const items: StoredItem[] = [];
  const indexOf = (itemId: string) => items.findIndex((item) => item.id === itemId);
  return {
    add(stored, previousItemId) {
      const after = typeof previousItemId === "string" ? indexOf(previousItemId) : -1;
      let index = items.length;
      if (previousItemId === "root") index = 0;
      else if (after >= 0) index = after + 1;
      items.splice(index, 0, stored);
      const forgotten = items.at(-1 - AUDIO_ITEMS_KEPT);
      if (forgotten !== undefined) forgotten.audio = undefined;
      return items[index - 1]?.id ?? null;
    },
    find: (itemId) => items[indexOf(itemId)],
    remove(itemId) {
      const index = indexOf(itemId);
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
    previousId: (itemId) => items[indexOf(itemId) - 1]?.id ?? null,
  };
}

/** An item without audio. */
export function silentItem(id: string, item: ConversationItem): StoredItem {
  return {
    id,
    item,
    isAgentAudio: false,
    bytesPerMs: 1,
    audioMs: 0,
    isTruncated: false,
    audio: undefined,
  };
}
