// One response of a simulated session, from response.created to response.done, its audio cut into
// uneven deltas that come faster than real time. Order of events: protocols.md 1.6.
//
//   created -> (start delay) -> item added -> part added -> delta* -> ...done events -> done
//                  cancel at any point: deltas already "in flight" still come, then done, cancelled
import type {
  ConversationItem,
  RealtimeConversationItemAssistantMessage,
  RealtimeResponse,
  RealtimeResponseStatus,
  ResponseContentPartAddedEvent,
} from "openai/resources/realtime/realtime";
import type { TimerHandle } from "../contract/clock.ts";
import type { Answer } from "./answer.ts";
import type { AudioForm } from "./audio-forms.ts";
import { silentItem, type StoredItem } from "./conversation-items.ts";
import type { SessionContext } from "./session-context.ts";

export interface ResponsePlan {
  readonly context: SessionContext;
  readonly responseId: string;
  /** null for a response outside the conversation: its items are not kept. */
  readonly conversationId: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly modality: "audio" | "text";
  readonly form: AudioForm;
  readonly answer: Answer;
  readonly startDelayMs: number;
  /** The response fails with this instead of answering. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
  readonly inputTokens: number;
  onDone(run: ResponseRun): void;
}

type CancelReason = "client_cancelled" | "turn_detected";
type Status = "completed" | "cancelled" | "failed";
type ResponseStatus = Status | "in_progress";

/** 20 tokens a second of audio, as the real price list counts an agent's speech. */
const OUTPUT_TOKENS_PER_SECOND = 20;
const WORDS_PER_DELTA = 2;

/** Order: start, then maybe cancel; onDone comes once, unless drop was called. */
export class ResponseRun {
  readonly responseId: string;
  readonly #plan: ResponsePlan;
  readonly #context: SessionContext;
  readonly #itemId: string;
  readonly #words: readonly string[];
  readonly #output: ConversationItem[] = [];
  #stored: StoredItem | undefined;
  #sentBytes = 0;
  #sentWords = 0;
  #timer: TimerHandle | undefined;
  #cancelReason: CancelReason | undefined;
  #isOver = false;

  constructor(plan: ResponsePlan) {
    this.responseId = plan.responseId;
    this.#plan = plan;
    this.#context = plan.context;
    this.#itemId = `item_${plan.context.random.hex(8)}`;
    this.#words = plan.answer.transcript.split(/(?<= )/);
  }

  get isSpoken(): boolean {
    return this.#plan.modality === "audio" && this.#plan.answer.audio.length > 0;
  }

  start(): void {
    this.#context.send({ type: "response.created", response: this.#response("in_progress") });
    this.#after(this.#plan.startDelayMs, () => this.#begin());
  }

  cancel(reason: CancelReason): void {
    if (this.#cancelReason !== undefined || this.#isOver) return;
    this.#cancelReason = reason;
    // Nothing was on its way yet: it ends at once. Else what is in flight still arrives.
    const lateMs = this.#context.limits.lateDeltasMs;
    if (this.#stored === undefined) this.#finish("cancelled");
    else this.#context.after(lateMs, () => this.#finish("cancelled"));
  }

  /** The connection is gone: nothing more is sent, not even the end. */
  drop(): void {
    this.#isOver = true;
    this.#stopTimer();
  }

  #begin() {
    const { error, answer, modality, form } = this.#plan;
    if (error !== undefined) return this.#finish("failed");
    if (answer.toolCalls.length > 0) return this.#callTools();
    this.#stored = {
      ...silentItem(this.#itemId, this.#message("in_progress")),
      isAgentAudio: modality === "audio",
      bytesPerMs: form.bytesPerMs,
    };
    this.#addItem(this.#stored, 0);
    const spot = this.#spot();
    this.#context.send({ type: "response.content_part.added", ...spot, part: this.#part() });
    this.#step();
  }

  /** Sends a word or two and the next piece of audio, then waits as long as the speed asks. */
  #step() {
    const { answer, modality, form } = this.#plan;
    const isLast = modality === "text" || this.#sentBytes >= answer.audio.length;
    this.#sendWords(isLast ? this.#words.length : this.#sentWords + WORDS_PER_DELTA);
    if (isLast) return this.#finish("completed");
    const bytes = answer.audio.subarray(this.#sentBytes, this.#sentBytes + this.#pieceBytes());
    this.#sentBytes += bytes.length;
    const stored = this.#stored;
    if (stored !== undefined && !stored.isTruncated) {
      stored.audioMs = this.#sentBytes / form.bytesPerMs;
      stored.audio = answer.audio.subarray(0, this.#sentBytes);
    }
    const delta = Buffer.from(bytes).toString("base64");
    this.#context.send({ type: "response.output_audio.delta", ...this.#spot(), delta });
    const { speed } = this.#context.limits;
    this.#after(bytes.length / form.bytesPerMs / speed, () => this.#step());
  }

  /** A length between the bounds, any number of samples: no peer may count on 20 ms frames. */
  #pieceBytes(): number {
    const { limits, random } = this.#context;
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
    this.#context.send({ type, ...this.#spot(), delta });
  }

  #callTools(): void {
    const { random, send } = this.#context;
    for (const [index, call] of this.#plan.answer.toolCalls.entries()) {
      const item: ConversationItem = {
        id: `item_${random.hex(8)}`,
        object: "realtime.item",
        type: "function_call",
        status: "completed",
        call_id: `call_${random.hex(8)}`,
        name: call.name,
        arguments: call.argumentsText,
      };
      const { id = "", call_id = "" } = item;
      const stored = silentItem(id, { ...item, status: "in_progress", arguments: "" });
      this.#addItem(stored, index);
      const head = { response_id: this.responseId, output_index: index };
      const spot = { ...head, item_id: id, call_id };
      const text = call.argumentsText;
      send({ type: "response.function_call_arguments.delta", ...spot, delta: text });
      const done = { name: call.name, arguments: text };
      send({ type: "response.function_call_arguments.done", ...spot, ...done });
      this.#finishItem(stored, item, index);
    }
    this.#finish("completed");
  }

  #addItem(stored: StoredItem, index: number): void {
    const head = { response_id: this.responseId, output_index: index };
    this.#context.send({ type: "response.output_item.added", ...head, item: stored.item });
    if (this.#plan.conversationId !== null) this.#context.addItem(stored);
  }

  #finishItem(stored: StoredItem, item: ConversationItem, index: number): void {
    const head = { response_id: this.responseId, output_index: index };
    if (!stored.isTruncated) stored.item = item;
    this.#output.push(stored.item);
    this.#context.send({ type: "response.output_item.done", ...head, item: stored.item });
    if (this.#plan.conversationId !== null) this.#context.finishItem(stored);
  }

  #finish(outcome: Status): void {
    this.#stopTimer();
    if (this.#isOver) return;
    this.#isOver = true;
    // A cancelled response is cancelled, even when all its audio was on its way already.
    const status = this.#cancelReason === undefined ? outcome : "cancelled";
    this.#finishMessage(status);
    this.#context.send({ type: "response.done", response: this.#response(status) });
    this.#plan.onDone(this);
  }

  #finishMessage(status: Status): void {
    if (this.#stored === undefined) return;
    const { send } = this.#context;
    const spot = this.#spot();
    if (this.#plan.modality === "audio") {
      send({ type: "response.output_audio.done", ...spot });
      const transcript = this.#said();
      send({ type: "response.output_audio_transcript.done", ...spot, transcript });
    } else send({ type: "response.output_text.done", ...spot, text: this.#said() });
    send({ type: "response.content_part.done", ...spot, part: this.#part() });
    const item = this.#message(status === "completed" ? "completed" : "incomplete");
    this.#finishItem(this.#stored, item, 0);
  }

  #said(): string {
    return this.#words.slice(0, this.#sentWords).join("");
  }

  #spot() {
    return {
      response_id: this.responseId,
      item_id: this.#itemId,
      output_index: 0,
      content_index: 0,
    };
  }

  #message(status: "in_progress" | "completed" | "incomplete"): ConversationItem {
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

  #response(status: ResponseStatus): RealtimeResponse {
    const { conversationId, metadata, modality } = this.#plan;
    const details = this.#statusDetails(status);
    return {
      id: this.responseId,
      object: "realtime.response",
      status,
      output: [...this.#output],
      output_modalities: [modality],
      metadata,
      ...(conversationId === null ? {} : { conversation_id: conversationId }),
      ...(details === undefined ? {} : { status_details: details }),
      ...(status === "in_progress" ? {} : { usage: this.#usage() }),
    };
  }

  #statusDetails(status: ResponseStatus): RealtimeResponseStatus | undefined {
    const { error } = this.#plan;
    if (status === "cancelled" && this.#cancelReason !== undefined) {
      return { type: "cancelled", reason: this.#cancelReason };
    }
    if (status !== "failed" || error === undefined) return undefined;
    return { type: "failed", error: { type: "server_error", ...error } };
  }

  #usage() {
    const audioSeconds = this.#sentBytes / this.#plan.form.bytesPerMs / 1000;
    const audioTokens = Math.ceil(audioSeconds * OUTPUT_TOKENS_PER_SECOND);
    const outputTokens = audioTokens + this.#sentWords;
    return {
      total_tokens: this.#plan.inputTokens + outputTokens,
      input_tokens: this.#plan.inputTokens,
      output_tokens: outputTokens,
      output_token_details: { audio_tokens: audioTokens, text_tokens: this.#sentWords },
    };
  }

  #after(delayMs: number, act: () => void): void {
    this.#timer = this.#context.clock.setTimer(delayMs, act);
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#context.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}
