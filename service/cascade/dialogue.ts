// What was said in a call, as the language model is told it: the caller's words in the order of
// their turns, the agent's as far as they were heard, tool calls with their answers.
// Station: written by the cascade's commands and by the answer being spoken; read when the model is
// asked. Heard is counted in ms of the item's audio: word by word where the voice gives word times,
// else by the share of the sentence's audio (S1-31, D-22).
// Limits: ENTRIES_MAX entries, CHARACTERS_MAX characters; the oldest go first.
import { assert } from "../assert.ts";
import type { LanguageModelMessage, LanguageModelToolCall } from "../contract/language-model.ts";
import type { SpokenWord } from "../contract/text-to-speech.ts";

const ENTRIES_MAX = 200;
const CHARACTERS_MAX = 24 * 1024;
/** Sentences of one answer that are kept apart; a longer answer's are joined to the last one. */
const SENTENCES_MAX = 256;
/** What the model reads when a tool has not answered yet: the protocol wants an answer to each. */
const TOOL_PENDING = '{"status":"still running"}';

type Role = "user" | "system" | "assistant";

interface TextEntry {
  readonly kind: "text";
  readonly role: Role;
  /** "" for a typed text. */
  readonly itemId: string;
  text: string;
}

interface SpokenSentence {
  readonly sentence: number;
  readonly text: string;
  readonly words: SpokenWord[];
  audioMs: number;
}

interface AnswerEntry {
  readonly kind: "answer";
  readonly itemId: string;
  readonly sentences: SpokenSentence[];
  readonly toolCalls: { readonly call: LanguageModelToolCall; output: string | null }[];
  /** Audio that the caller heard of it; -1 while it was not cut. */
  heardMs: number;
}

type Entry = TextEntry | AnswerEntry;

export class Dialogue {
  readonly #entries: Entry[] = [];

  addText(role: Role, text: string): void {
    this.#push({ kind: "text", role, itemId: "", text });
  }

  /** The turn's place in the order of things; its words come when they are written down. */
  addTurn(itemId: string): void {
    this.#push({ kind: "text", role: "user", itemId, text: "" });
  }

  setTurnText(itemId: string, text: string): void {
    const entry = this.#entries.findLast((each) => each.itemId === itemId);
    if (entry?.kind === "text") entry.text = text;
    this.#trim();
  }

  addAnswer(itemId: string): void {
    this.#push({ kind: "answer", itemId, sentences: [], toolCalls: [], heardMs: -1 });
  }

  addSentence(itemId: string, sentence: number, text: string): void {
    const answer = this.#answer(itemId);
    if (answer === undefined || answer.sentences.length >= SENTENCES_MAX) return;
    answer.sentences.push({ sentence, text, words: [], audioMs: 0 });
    this.#trim();
  }

  /** Audio of the newest sentence went to the caller's side. */
  addAudio(itemId: string, audioMs: number, words: readonly SpokenWord[]): void {
    assert(audioMs >= 0, "dialogue: audio has a length");
    const sentence = this.#answer(itemId)?.sentences.at(-1);
    if (sentence === undefined) return;
    sentence.audioMs += audioMs;
    sentence.words.push(...words);
  }

  addToolCall(itemId: string, call: LanguageModelToolCall): void {
    this.#answer(itemId)?.toolCalls.push({ call, output: null });
  }

  /** -> false: no answer asked that. */
  setToolOutput(toolCallId: string, output: string): boolean {
    for (const entry of this.#entries) {
      if (entry.kind !== "answer") continue;
      const asked = entry.toolCalls.find(({ call }) => call.id === toolCallId);
      if (asked === undefined) continue;
      asked.output = output;
      return true;
    }
    return false;
  }

  /** The caller heard only so much of the answer. -> false: no such item. */
  cut(itemId: string, heardMs: number): boolean {
    const answer = this.#answer(itemId);
    if (answer === undefined) return false;
    answer.heardMs = heardMs;
    return true;
  }

  /** -> false: no such item. */
  delete(itemId: string): boolean {
    const index = this.#entries.findLastIndex((entry) => entry.itemId === itemId);
    if (index < 0) return false;
    this.#entries.splice(index, 1);
    return true;
  }

  /** Somebody said or typed something, or a tool answered, since the agent last spoke. */
  isUnanswered(): boolean {
    for (let index = this.#entries.length - 1; index >= 0; index -= 1) {
      const entry = this.#entries[index];
      if (entry === undefined) break;
      if (entry.kind === "answer") {
        if (entry.toolCalls.some(({ output }) => output !== null)) return true;
        if (heardText(entry) !== "") return false;
      } else if (entry.text !== "") return entry.role !== "assistant";
    }
    return false;
  }

  /** Rounds of tool calls in a row, with nobody else speaking in between. */
  toolRounds(): number {
    let rounds = 0;
    for (let index = this.#entries.length - 1; index >= 0; index -= 1) {
      const entry = this.#entries[index];
      if (entry?.kind !== "answer") break;
      if (entry.toolCalls.length > 0) rounds += 1;
      // The one being written has nothing in it yet.
      else if (entry.sentences.length > 0) break;
    }
    return rounds;
  }

  /** The newest words of the caller, "" when there are none. */
  callerText(): string {
    const entry = this.#entries.findLast(
      (each) => each.kind === "text" && each.role === "user" && each.text !== "",
    );
    return entry?.kind === "text" ? entry.text : "";
  }

  /** The oldest first; what has no words is left out. */
  messages(): LanguageModelMessage[] {
    return this.#entries.flatMap((entry) => {
      if (entry.kind === "answer") return answerMessages(entry);
      return entry.text === "" ? [] : [{ role: entry.role, text: entry.text }];
    });
  }

  #answer(itemId: string): AnswerEntry | undefined {
    const entry = this.#entries.findLast((each) => each.itemId === itemId);
    return entry?.kind === "answer" ? entry : undefined;
  }

  #push(entry: Entry): void {
    this.#entries.push(entry);
    this.#trim();
  }

  #trim(): void {
    let characters = this.#entries.reduce((sum, entry) => sum + lengthOf(entry), 0);
    // The newest entry stays whatever its length: its own bound is the model's or the wire's.
    while (
      this.#entries.length > 1 &&
      (this.#entries.length > ENTRIES_MAX || characters > CHARACTERS_MAX)
    ) {
      const oldest = this.#entries.shift();
      if (oldest === undefined) return;
      characters -= lengthOf(oldest);
    }
  }
}

function lengthOf(entry: Entry): number {
  if (entry.kind === "text") return entry.text.length;
  const said = entry.sentences.reduce((sum, { text }) => sum + text.length, 0);
  return entry.toolCalls.reduce((sum, { output }) => sum + (output?.length ?? 0), said);
}

function answerMessages(entry: AnswerEntry): LanguageModelMessage[] {
  const text = heardText(entry);
  const { toolCalls } = entry;
  if (toolCalls.length === 0) return text === "" ? [] : [{ role: "assistant", text }];
  return [
    { role: "assistant", text, toolCalls: toolCalls.map(({ call }) => call) },
    ...toolCalls.map(
      ({ call, output }) =>
        ({ role: "tool", toolCallId: call.id, text: output ?? TOOL_PENDING }) as const,
    ),
  ];
}

/** What the caller heard of the answer; " …" where it was cut. */
function heardText({ sentences, heardMs }: AnswerEntry): string {
  const heard: string[] = [];
  let leftMs = heardMs < 0 ? Number.POSITIVE_INFINITY : heardMs;
  for (const sentence of sentences) {
    if (leftMs >= sentence.audioMs) {
      heard.push(sentence.text);
      leftMs -= sentence.audioMs;
      continue;
    }
    const words = heardWords(sentence, leftMs);
    if (words !== "") heard.push(`${words} …`);
    break;
  }
  return heard.join(" ");
}

/** The words of one sentence that were heard in the first `heardMs` of its audio. */
function heardWords({ text, words, audioMs }: SpokenSentence, heardMs: number): string {
  if (words.length > 0) {
    return words
      .filter(({ endMs }) => endMs <= heardMs)
      .map(({ word }) => word)
      .join(" ");
  }
  // Speech runs about evenly through its text.
  const share = Math.floor((text.length * heardMs) / audioMs);
  const end = text[share] === " " ? share : text.lastIndexOf(" ", share);
  return end <= 0 ? "" : text.slice(0, end).trimEnd();
}
