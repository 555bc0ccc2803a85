// From a turn's words to a language model at work: text stages, passages, the request.
// Station: between the caller's ears and the answer being spoken. In the silence that may end a
// turn it may begin before anybody knows (D-28): that draft is taken when the words that were meant
// are the words that were said, else thrown away.
// Limits: one draft at a time; TOOL_ROUNDS_MAX rounds of tools, then the model has to speak.
import type { Clock } from "../contract/clock.ts";
import type {
  LanguageModel,
  LanguageModelMessage,
  LanguageModelRequest,
} from "../contract/language-model.ts";
import type { UpstreamSession } from "../contract/upstream.ts";
import type { HeardText } from "./caller-ears.ts";
import type { CascadeCount } from "./cascade-metrics.ts";
import type { Dialogue } from "./dialogue.ts";
import { passagesText, type Retrieval, wordsOf } from "./retrieval.ts";
import type { TextLine } from "./text-line.ts";
import { Writing } from "./writing.ts";

const TOOL_ROUNDS_MAX = 5;
/** Chat templates want a user's message last; this one says that there is none. */
const NOBODY_SPOKE = "[The caller has said nothing new.]";

/** What was done for an answer before its first word. */
export interface WritingBegun {
  readonly writing: Writing;
  readonly textProcessingMs: number;
  readonly ragRetrievalMs: number;
}

export interface AnswerWriterDeps {
  readonly languageModel: LanguageModel;
  readonly outputTokensMax: number;
  readonly dialogue: Dialogue;
  readonly line: TextLine;
  readonly retrieval: Retrieval;
  readonly clock: Clock;
  readonly session: () => UpstreamSession;
  readonly onCount: (what: CascadeCount) => void;
  readonly onBug: (error: unknown) => void;
}

interface Draft {
  readonly words: string;
  /** Resolves to null when it was thrown away before the model was asked. */
  readonly begun: Promise<(WritingBegun & { readonly key: string }) | null>;
  isDropped: boolean;
}

interface PassedText {
  readonly words: string;
  readonly text: Promise<string>;
  ms: number;
}

export class AnswerWriter {
  readonly #deps: AnswerWriterDeps;
  #draft: Draft | null = null;
  /** The newest words that went through the text stages: the same words cost nothing again. */
  #passed: PassedText | null = null;

  constructor(deps: AnswerWriterDeps) {
    this.#deps = deps;
  }

  /** The caller's words as the model is to read them. */
  passText({ text, language }: HeardText): Promise<string> {
    const words = keyOfWords(text);
    if (this.#passed?.words === words) return this.#passed.text;
    const { clock, line } = this.#deps;
    const begunMs = clock.nowMs();
    const passed: PassedText = {
      words,
      ms: 0,
      text: line.pass(text, { language }).then((result) => {
        passed.ms = clock.nowMs() - begunMs;
        return result;
      }),
    };
    this.#passed = passed;
    return passed.text;
  }

  /** The turn may be over with these words: begin, so that it can be thrown away. */
  draft(heard: HeardText): void {
    const words = keyOfWords(heard.text);
    if (words === "" || this.#draft?.words === words) return;
    this.dropDraft();
    const draft: Draft = { words, isDropped: false, begun: this.#beginDraft(heard, () => draft) };
    this.#draft = draft;
    this.#deps.onCount("draft_begun");
    draft.begun.catch(this.#deps.onBug);
  }

  /** The caller goes on, or something else came between. */
  dropDraft(): void {
    const draft = this.#draft;
    if (draft === null) return;
    this.#draft = null;
    draft.isDropped = true;
    this.#deps.onCount("draft_dropped");
    draft.begun.then((begun) => begun?.writing.abort()).catch(this.#deps.onBug);
  }

  /** The model at work on the dialogue as it is now. */
  async write(instructions: string): Promise<WritingBegun> {
    const draft = this.#draft;
    const messages = this.#deps.dialogue.messages();
    if (draft !== null && instructions === "") {
      const begun = await draft.begun;
      if (begun !== null && !draft.isDropped && begun.key === keyOf(messages)) {
        this.#draft = null;
        this.#deps.onCount("draft_used");
        return begun;
      }
    }
    this.dropDraft();
    return this.#begin(messages, instructions);
  }

  close(): void {
    this.dropDraft();
    this.#deps.retrieval.close();
  }

  async #beginDraft(heard: HeardText, self: () => Draft) {
    const text = await this.passText(heard);
    if (self().isDropped) return null;
    const user: LanguageModelMessage = { role: "user", text };
    const messages = [...this.#deps.dialogue.messages(), user];
    const begun = await this.#begin(messages, "", () => self().isDropped);
    return begun === null ? null : { ...begun, key: keyOf(messages) };
  }

  async #begin(messages: LanguageModelMessage[], instructions: string): Promise<WritingBegun>;
  async #begin(
    messages: LanguageModelMessage[],
    instructions: string,
    isDropped: () => boolean,
  ): Promise<WritingBegun | null>;
  async #begin(
    messages: LanguageModelMessage[],
    instructions: string,
    isDropped: () => boolean = () => false,
  ): Promise<WritingBegun | null> {
    const { clock, retrieval, languageModel, onBug } = this.#deps;
    const begunMs = clock.nowMs();
    const last = messages.at(-1);
    const query = instructions === "" && last?.role === "user" ? last.text : "";
    const passages = await retrieval.passagesFor(query);
    if (isDropped()) return null;
    const ragRetrievalMs = clock.nowMs() - begunMs;
    const textProcessingMs = this.#passed?.ms ?? 0;
    const request = this.#request(messages, instructions, passagesText(passages));
    const writing = new Writing(languageModel, request, clock, onBug);
    return { writing, textProcessingMs, ragRetrievalMs };
  }

  #request(
    history: LanguageModelMessage[],
    instructions: string,
    passages: string,
  ): LanguageModelRequest {
    const { session, dialogue, languageModel, outputTokensMax } = this.#deps;
    const { instructions: standing, tools } = session();
    const system = [standing, instructions && `For this answer only: ${instructions}`]
      .filter((text) => text !== "")
      .join("\n\n");
    const messages: LanguageModelMessage[] = [...history];
    const last = messages.at(-1);
    if (last?.role === "user") {
      messages[messages.length - 1] = { role: "user", text: last.text + passages };
    } else if (last?.role !== "tool") {
      messages.push({ role: "user", text: NOBODY_SPOKE });
    }
    if (system !== "") messages.unshift({ role: "system", text: system });
    const mayCall = languageModel.support.hasTools && dialogue.toolRounds() < TOOL_ROUNDS_MAX;
    return { messages, tools: mayCall ? tools : [], outputTokensMax };
  }
}

function keyOfWords(text: string): string {
  return wordsOf(text).join(" ");
}

/** Equal for dialogues that say the same: a caller's marks and capitals make no difference. */
function keyOf(messages: readonly LanguageModelMessage[]): string {
  return JSON.stringify(
    messages.map((message) =>
      message.role === "user" ? { ...message, text: keyOfWords(message.text) } : message,
    ),
  );
}
