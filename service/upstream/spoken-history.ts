// What was said in a call, as text, for the next upstream session when one is lost or rotated.
// Station: fed by the steady upstream with transcripts, typed texts and truncations; read when a
// new session opens. The agent's words are kept as far as the caller heard them: a truncated item
// keeps the share of its text that its audio was heard of, cut at a word.
// Limits: ENTRIES_MAX entries and TEXT_CHARACTERS_MAX characters; the oldest go first.
import { quotedData } from "../conversation/context-prompt.ts";
import { heardText } from "../conversation/heard-text.ts";

const ENTRIES_MAX = 200;
const TEXT_CHARACTERS_MAX = 24 * 1024;
const TOOL_OUTPUT_CHARACTERS_MAX = 8 * 1024;

export type Role = "user" | "assistant" | "system";

export interface SpokenText {
  readonly role: Role;
  readonly text: string;
}

interface Entry {
  readonly role: Role;
  /** "" for a typed text, which has no item of ours. */
  readonly itemId: string;
  text: string;
  /** Audio of it that came, and that was heard: -1 while it was not cut. */
  audioMs: number;
  heardMs: number;
}

export class SpokenHistory {
  readonly #entries: Entry[] = [];
  #characters = 0;

  /** The oldest first; entries without words are left out. */
  texts(): SpokenText[] {
    return this.#entries
      .map(({ role, text, audioMs, heardMs }) => ({
        role,
        text: heardMs < 0 ? text : heardText(text, audioMs, heardMs),
      }))
      .filter(({ text }) => text !== "");
  }

  addText(role: Role, text: string): void {
    this.#push({ role, itemId: "", text, audioMs: 0, heardMs: -1 });
  }

  /** The item's place in the order of things; its words come later. */
  addItem(role: Role, itemId: string): void {
    if (this.#find(itemId) !== undefined) return;
    this.#push({ role, itemId, text: "", audioMs: 0, heardMs: -1 });
  }

  /** The item's whole text. */
  setText(role: Role, itemId: string, text: string): void {
    this.addItem(role, itemId);
    const entry = this.#find(itemId);
    if (entry === undefined) return;
    this.#characters += text.length - entry.text.length;
    entry.text = text;
    this.#trim();
  }

  /** More words of the item. */
  addWords(role: Role, itemId: string, words: string): void {
    const before = this.#find(itemId)?.text ?? "";
    this.setText(role, itemId, before + words);
  }

  addAudio(itemId: string, audioMs: number): void {
    this.addItem("assistant", itemId);
    const entry = this.#find(itemId);
    if (entry !== undefined) entry.audioMs += audioMs;
  }

  /** The caller heard only so much of the item; 0: nothing. */
  cut(itemId: string, heardMs: number): void {
    const entry = this.#find(itemId);
    if (entry !== undefined) entry.heardMs = heardMs;
  }

  #find(itemId: string): Entry | undefined {
    return this.#entries.findLast((entry) => entry.itemId === itemId);
  }

  #push(entry: Entry): void {
    this.#entries.push(entry);
    this.#characters += entry.text.length;
    this.#trim();
  }

  #trim(): void {
    while (this.#entries.length > ENTRIES_MAX || this.#characters > TEXT_CHARACTERS_MAX) {
      const oldest = this.#entries.shift();
      if (oldest === undefined) return;
      this.#characters -= oldest.text.length;
    }
  }
}

/**
 * The answer of a tool that was called in a session which is gone: quoted data, bounded, never with
 * the system's authority.
 */
export function lateToolOutput(output: string): string {
  const quoted = quotedData(output.slice(0, TOOL_OUTPUT_CHARACTERS_MAX));
  return `[data: a tool called before answered ${quoted}]`;
}
