// One spoken entry as text and back, with its bounds: what every store keeps of a call's words.
// Station: inside the stores; the words come from the call's transcript as they were heard.
import { z } from "zod";
import type { HistoryEntry } from "../contract/caller-context.ts";
import { HISTORY_TEXT_CHARACTERS_MAX } from "../limits.ts";

const HISTORY_ENTRY = z.object({
  callId: z.string().max(64),
  sequence: z.int().min(0),
  turnId: z.int(),
  speaker: z.enum(["caller", "agent", "system"]),
  text: z.string(),
  wallMs: z.number(),
});

/** -> null when it is not one. */
export function parseHistoryEntry(text: string): HistoryEntry | null {
  try {
    const parsed = HISTORY_ENTRY.safeParse(JSON.parse(text));
    return parsed.success ? boundedEntry(parsed.data) : null;
  } catch {
    // Not JSON: not ours.
    return null;
  }
}

export function boundedEntry(entry: HistoryEntry): HistoryEntry {
  const text = entry.text.toWellFormed().slice(0, HISTORY_TEXT_CHARACTERS_MAX);
  return { ...entry, text: text.toWellFormed(), wallMs: Math.floor(entry.wallMs) };
}

/** By time, then by place in the call. */
export function inOrder(entries: readonly HistoryEntry[]): HistoryEntry[] {
  return [...entries].sort((a, b) => a.wallMs - b.wallMs || a.sequence - b.sequence);
}
