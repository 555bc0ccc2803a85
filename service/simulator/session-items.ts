// The conversation's items as a client may change them: create, retrieve, truncate, delete.
import type { RealtimeCommand, RealtimeCommandOf } from "../wire/realtime-command-schema.ts";
import { silentItem, type StoredItem } from "./conversation-items.ts";
import type { SessionContext } from "./session-context.ts";

export interface SessionItems {
  create(command: RealtimeCommandOf<"conversation.item.create">): void;
  retrieve(command: RealtimeCommandOf<"conversation.item.retrieve">): void;
  truncate(command: RealtimeCommandOf<"conversation.item.truncate">): void;
  remove(command: RealtimeCommandOf<"conversation.item.delete">): void;
}

export function createSessionItems(context: SessionContext): SessionItems {
  const { items, send, refuse } = context;

  const refuseUnknown = (command: RealtimeCommand, verb: string, itemId: string) => {
    const message = `Error ${verb.slice(0, -1)}ing item: the item with id '${itemId}' does not exist.`;
    refuse(command, { code: `item_${verb}_invalid_item_id`, message, param: "item_id" });
  };

  const noteUnanswered = (created: RealtimeCommandOf<"conversation.item.create">["item"]) => {
    if (created.type === "function_call_output") {
      context.unanswered.addToolOutput(items.toolName(created.call_id) ?? "", created.output);
      return;
    }
    if (created.type !== "message" || created.role !== "user") return;
    const texts = created.content.map((part) => (part.type === "input_text" ? part.text : ""));
    context.unanswered.addText(texts.join("\n").trim());
  };

  return {
    create(command) {
      const refusal = refusalOfItem(context, command);
      if (refusal !== undefined) return refuse(command, refusal);
      const id = command.item.id ?? `item_${context.random.hex(8)}`;
      const head = { id, object: "realtime.item", status: "completed" };
      const stored = silentItem(id, { ...command.item, ...head } as StoredItem["item"]);
      context.addItem(stored, command.previous_item_id);
      context.finishItem(stored);
      noteUnanswered(command.item);
    },
    retrieve(command) {
      const stored = items.find(command.item_id);
      if (stored === undefined) return refuseUnknown(command, "retrieve", command.item_id);
      send({ type: "conversation.item.retrieved", item: withAudio(stored) });
    },
    truncate(command) {
      const stored = items.find(command.item_id);
      if (stored === undefined) return refuseUnknown(command, "truncate", command.item_id);
      const refusal = refusalOfTruncate(stored, command);
      if (refusal !== undefined) return refuse(command, refusal);
      truncateStored(stored, command.audio_end_ms);
      send({
        type: "conversation.item.truncated",
        item_id: command.item_id,
        content_index: command.content_index,
        audio_end_ms: command.audio_end_ms,
      });
    },
    remove(command) {
      if (!items.remove(command.item_id)) {
        return refuseUnknown(command, "delete", command.item_id);
      }
      send({ type: "conversation.item.deleted", item_id: command.item_id });
    },
  };
}

function refusalOfItem(
  context: SessionContext,
  command: RealtimeCommandOf<"conversation.item.create">,
) {
  const { items, limits } = context;
  const { item, previous_item_id: previousId } = command;
  if (items.count() >= limits.itemsMax) {
    return { code: "invalid_value", message: "The conversation is full.", param: "item" };
  }
  if (item.id !== undefined && items.find(item.id) !== undefined) {
    const message = `Error adding item: an item with id '${item.id}' already exists.`;
    return { code: "item_create_duplicate_item_id", message, param: "item.id" };
  }
  if (item.type === "function_call_output" && items.toolName(item.call_id) === undefined) {
    const message = `Tool call ID '${item.call_id}' not found in conversation.`;
    return { code: "invalid_tool_call_id", message, param: "item.call_id" };
  }
  const hasPrevious = previousId !== undefined && previousId !== null && previousId !== "root";
  if (hasPrevious && items.find(previousId) === undefined) {
    const message = `Error adding item: the previous item with id '${previousId}' does not exist.`;
    return { code: "item_create_invalid_previous_item_id", message, param: "previous_item_id" };
  }
  return undefined;
}

function refusalOfTruncate(
  stored: StoredItem,
  command: RealtimeCommandOf<"conversation.item.truncate">,
) {
  const code = "invalid_value";
  if (!stored.isAgentAudio) {
    const message = "Only model output audio messages can be truncated";
    return { code, message, param: "item_id" };
  }
  if (command.content_index !== 0) {
    const message = `Invalid content index ${command.content_index}: the item has one part.`;
    return { code, message, param: "content_index" };
  }
  const audioMs = Math.floor(stored.audioMs);
  // Nothing heard means that the item is deleted, not cut to nothing.
  if (command.audio_end_ms > 0 && command.audio_end_ms <= audioMs) return undefined;
  const message = `Audio content of ${audioMs}ms is already shorter than ${command.audio_end_ms}ms`;
  return { code, message, param: "audio_end_ms" };
}

/** The words of a cut item go too: nobody knows how many of them were heard. */
function truncateStored(stored: StoredItem, audioEndMs: number): void {
  stored.audioMs = audioEndMs;
  stored.isTruncated = true;
  stored.audio = stored.audio?.subarray(0, audioEndMs * stored.bytesPerMs);
  if (stored.item.type !== "message" || stored.item.role !== "assistant") return;
  stored.item = { ...stored.item, content: [{ type: "output_audio" }] };
}

function withAudio(stored: StoredItem): StoredItem["item"] {
  const { item, audio } = stored;
  if (item.type !== "message" || audio === undefined) return item;
  const base64 = Buffer.from(audio).toString("base64");
  const content = item.content.map((part) => ({ ...part, audio: base64 }));
  return { ...item, content } as StoredItem["item"];
}
