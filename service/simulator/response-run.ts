// One response of a simulated session, from response.created to response.done: messages one after
// the other, faster than real time, then tool calls. Order of events: protocols.md 1.6.
//
//   created -> (start delay) -> message: item, part, delta*, done events -> ... -> calls -> done
//                  cancel at any point: deltas already "in flight" still come, then done, cancelled
import type {
  ConversationItem,
  RealtimeResponse,
  RealtimeResponseStatus,
} from "openai/resources/realtime/realtime";
import type { TimerHandle } from "../contract/clock.ts";
import type { Answer } from "./answer.ts";
import type { AudioForm } from "./audio-forms.ts";
import type { SessionContext } from "./session-context.ts";
import { SpokenMessage } from "./spoken-message.ts";
import { sendToolCall } from "./tool-call-output.ts";

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

/** Order: start, then maybe cancel; onDone comes once, unless drop was called. */
export class ResponseRun {
  readonly responseId: string;
  readonly #plan: ResponsePlan;
  readonly #context: SessionContext;
  readonly #output: ConversationItem[] = [];
  readonly #messages: SpokenMessage[] = [];
  /** The message being spoken now. */
  #current: SpokenMessage | undefined;
  #timer: TimerHandle | undefined;
  #cancelReason: CancelReason | undefined;
  #isOver = false;

  constructor(plan: ResponsePlan) {
    this.responseId = plan.responseId;
    this.#plan = plan;
    this.#context = plan.context;
  }

  get isSpoken(): boolean {
    const { modality, answer } = this.#plan;
    return modality === "audio" && answer.messages.length > 0;
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
    if (this.#current === undefined) this.#finish("cancelled");
    else this.#context.after(lateMs, () => this.#finish("cancelled"));
  }

  /** The connection is gone: nothing more is sent, not even the end. */
  drop(): void {
    this.#isOver = true;
    this.#stopTimer();
  }

  #begin(): void {
    if (this.#plan.error === undefined) this.#nextMessage();
    else this.#finish("failed");
  }

  #nextMessage(): void {
    const { form, modality, answer } = this.#plan;
    const next = answer.messages[this.#messages.length];
    // What was cancelled while it spoke calls no tools and begins nothing new.
    if (next === undefined || this.#cancelReason !== undefined) {
      if (this.#cancelReason === undefined) this.#callTools();
      this.#finish("completed");
      return;
    }
    this.#current = new SpokenMessage({
      ...this.#place(),
      form,
      modality,
      transcript: next.transcript,
      audio: next.audio,
    });
    this.#messages.push(this.#current);
    this.#current.begin();
    this.#step();
  }

  #step(): void {
    const pieceMs = this.#current?.step();
    if (pieceMs !== undefined) {
      this.#after(pieceMs / this.#context.limits.speed, () => this.#step());
      return;
    }
    this.#finishMessage("completed");
    this.#nextMessage();
  }

  #finishMessage(status: "completed" | "incomplete"): void {
    if (this.#current === undefined) return;
    this.#output.push(this.#current.finish(status));
    this.#current = undefined;
  }

  #callTools(): void {
    for (const call of this.#plan.answer.toolCalls) {
      this.#output.push(sendToolCall({ ...this.#place(), ...call }));
    }
  }

  #place() {
    return {
      context: this.#context,
      responseId: this.responseId,
      outputIndex: this.#output.length,
      isInConversation: this.#plan.conversationId !== null,
    };
  }

  #finish(outcome: Status): void {
    this.#stopTimer();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#finishMessage("incomplete");
    // A cancelled response is cancelled, even when all its audio was on its way already.
    const status = this.#cancelReason === undefined ? outcome : "cancelled";
    this.#context.send({ type: "response.done", response: this.#response(status) });
    this.#plan.onDone(this);
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
    const audioMs = this.#messages.reduce((sum, message) => sum + message.audioMs(), 0);
    const textTokens = this.#messages.reduce((sum, message) => sum + message.wordCount(), 0);
    const audioTokens = Math.ceil((audioMs / 1000) * OUTPUT_TOKENS_PER_SECOND);
    const { inputTokens } = this.#plan;
    return {
      total_tokens: inputTokens + audioTokens + textTokens,
      input_tokens: inputTokens,
      output_tokens: audioTokens + textTokens,
      output_token_details: { audio_tokens: audioTokens, text_tokens: textTokens },
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
