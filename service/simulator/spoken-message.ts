// One message of a simulated response: its item, its words, its audio in uneven pieces. The
// response (response-run.ts) says when.
import type {
  ConversationItem,
  RealtimeConversationItemAssistantMessage,
  ResponseContentPartAddedEvent,
} from "openai/resources/realtime/realtime";
import type { AudioForm } from "./audio-forms.ts";
import { silentItem, type StoredItem } from "./conversation-items.ts";
import type { SessionContext } from "./session-context.ts";

export interface MessagePlan {
  readonly context: SessionContext;
  readonly responseId: string;
  readonly outputIndex: number;
  readonly modality: "audio" | "text";
  readonly form: AudioForm;
  readonly transcript: string;
  readonly audio: Uint8Array;
  /** False for a response outside the conversation: its items are not kept. */
  readonly isInConversation: boolean;
}

type MessageStatus = "in_progress" | "completed" | "incomplete";

const WORDS_PER_DELTA = 2;

/** Order: begin, step until it gives undefined or the response is cancelled, finish. */
export class SpokenMessage {
  readonly #plan: MessagePlan;
  readonly #itemId: string;
  readonly #words: readonly string[];
  readonly #stored: StoredItem;
  #sentBytes = 0;
  #sentWords = 0;

  constructor(plan: MessagePlan) {
    this.#plan = plan;
    this.#itemId = `item_${plan.context.random.hex(8)}`;
    this.#words = plan.transcript.split(/(?<= )/);
    this.#stored = {
      ...silentItem(this.#itemId, this.#message("in_progress")),
      isAgentAudio: plan.modality === "audio",
      bytesPerMs: plan.form.bytesPerMs,
    };
  }

  audioMs(): number {
    return this.#sentBytes / this.#plan.form.bytesPerMs;
  }

  wordCount(): number {
    return this.#sentWords;
  }

  begin(): void {
    const { context, isInConversation } = this.#plan;
    const item = this.#stored.item;
    context.send({ type: "response.output_item.added", ...this.#head(), item });
    if (isInConversation) context.addItem(this.#stored);
    context.send({ type: "response.content_part.added", ...this.#spot(), part: this.#part() });
  }

  /**
   * Sends a word or two and the next piece of audio: its length in ms, undefined when all is said.
   */
  step(): number | undefined {
    const { context, audio, modality, form } = this.#plan;
    const isLast = modality === "text" || this.#sentBytes >= audio.length;
    this.#sendWords(isLast ? this.#words.length : this.#sentWords + WORDS_PER_DELTA);
    if (isLast) return undefined;
    const piece = audio.subarray(this.#sentBytes, this.#sentBytes + this.#pieceBytes());
    this.#sentBytes += piece.length;
    if (!this.#stored.isTruncated) {
      this.#stored.audioMs = this.audioMs();
      this.#stored.audio = audio.subarray(0, this.#sentBytes);
    }
    const delta = Buffer.from(piece).toString("base64");
    context.send({ type: "response.output_audio.delta", ...this.#spot(), delta });
    return piece.length / form.bytesPerMs;
  }

  /** Says that the message is over and gives its item. */
  finish(status: "completed" | "incomplete"): ConversationItem {
    const { context, modality, isInConversation } = this.#plan;
    const spot = this.#spot();
    const text = this.#said();
    if (modality === "audio") {
      context.send({ type: "response.output_audio.done", ...spot });
      const type = "response.output_audio_transcript.done";
      context.send({ type, ...spot, transcript: text });
    } else context.send({ type: "response.output_text.done", ...spot, text });
    context.send({ type: "response.content_part.done", ...spot, part: this.#part() });
    if (!this.#stored.isTruncated) this.#stored.item = this.#message(status);
    const { item } = this.#stored;
    context.send({ type: "response.output_item.done", ...this.#head(), item });
    if (isInConversation) context.finishItem(this.#stored);
    return item;
  }

  /** A length between the bounds, any number of samples: no peer may count on 20 ms frames. */
  #pieceBytes(): number {
    const { limits, random } = this.#plan.context;
    const { rateHz, sampleBytes } = this.#plan.form;
    const samplesMin = Math.max(1, Math.floor((limits.deltaMsMin * rateHz) / 1000));
    const samplesMax = Math.max(samplesMin, Math.floor((limits.deltaMsMax * rateHz) / 1000));
    return (samplesMin + (random.uint32() % (samplesMax - samplesMin + 1))) * sampleBytes;
  }

  #sendWords(count: number): void {
    const delta = this.#words.slice(this.#sentWords, count).join("");
    this.#sentWords = Math.min(count, this.#words.length);
    if (delta === "") return;
    const type =
      this.#plan.modality === "text"
        ? "response.output_text.delta"
        : "response.output_audio_transcript.delta";
    this.#plan.context.send({ type, ...this.#spot(), delta });
  }

  #said(): string {
    return this.#words.slice(0, this.#sentWords).join("");
  }

  #head() {
    return { response_id: this.#plan.responseId, output_index: this.#plan.outputIndex };
  }

  #spot() {
    return { ...this.#head(), item_id: this.#itemId, content_index: 0 };
  }

  #message(status: MessageStatus): ConversationItem {
    const content: RealtimeConversationItemAssistantMessage.Content =
      this.#plan.modality === "audio"
        ? { type: "output_audio", transcript: this.#said() }
        : { type: "output_text", text: this.#said() };
    return {
      id: this.#itemId,
      object: "realtime.item",
      type: "message",
      role: "assistant",
      status,
      content: status === "in_progress" ? [] : [content],
    };
  }

  /** The part events keep the old names of the two types. */
  #part(): ResponseContentPartAddedEvent.Part {
    return this.#plan.modality === "audio"
      ? { type: "audio", transcript: this.#said() }
      : { type: "text", text: this.#said() };
  }
}
