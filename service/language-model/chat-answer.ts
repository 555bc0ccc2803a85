// Puts a streamed chat completion together: pieces of text go on as they come, tool calls when they
// are whole.
// Station: between the events of one HTTP answer and whoever asked the model.
// Source: OpenAI API reference, "The chat completion chunk object"; every event is parsed by zod.
// Limits: CALLS_MAX tool calls; the bytes are bounded below (provider/http-answer.ts).
import { z } from "zod";
import type { LanguageModelPart, LanguageModelToolCall } from "../contract/language-model.ts";
import { VoxError } from "../errors.ts";
import { protocolFailure } from "../provider/http-failure.ts";

const CALLS_MAX = 32;
const CODE_FORM = /^[a-z][a-z0-9_.-]{0,63}$/;

const toolCallDelta = z.object({
  index: z
    .int()
    .min(0)
    .max(CALLS_MAX - 1)
    .nullish(),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});

const chunkSchema = z.object({
  choices: z
    .array(
      z.object({
        delta: z
          .object({ content: z.string().nullish(), tool_calls: z.array(toolCallDelta).nullish() })
          .nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: z
    .object({ prompt_tokens: z.number().min(0), completion_tokens: z.number().min(0) })
    .nullish(),
  error: z.unknown().optional(),
});

type ToolCallDelta = z.infer<typeof toolCallDelta>;
type EndPart = Extract<LanguageModelPart, { kind: "end" }>;

export class ChatAnswer {
  readonly #provider: string;
  readonly #calls: { id: string; name: string; argumentsText: string }[] = [];
  #finish = "";
  #isDone = false;
  #inputTokens = 0;
  #outputTokens = 0;

  constructor(provider: string) {
    this.#provider = provider;
  }

  /** The server said that nothing more comes. */
  isDone(): boolean {
    return this.#isDone;
  }

  /** One event's data. -> the text in it, "" for none. Throws VoxError. */
  take(data: string): string {
    if (data === "[DONE]") {
      this.#isDone = true;
      return "";
    }
    const chunk = this.#parse(data);
    if (chunk.error !== undefined && chunk.error !== null) throw this.#failed(chunk.error);
    if (chunk.usage) {
      this.#inputTokens = chunk.usage.prompt_tokens;
      this.#outputTokens = chunk.usage.completion_tokens;
    }
    const choice = chunk.choices?.[0];
    if (choice === undefined) return "";
    if (choice.finish_reason) this.#finish = choice.finish_reason;
    for (const delta of choice.delta?.tool_calls ?? []) this.#takeCall(delta);
    return choice.delta?.content ?? "";
  }

  /** The stream is over. -> its tool calls. Throws VoxError when it was cut off. */
  calls(): readonly LanguageModelToolCall[] {
    if (this.#finish === "" && !this.#isDone) {
      const message = `Cannot use ${this.#provider}: its answer ended in the middle`;
      const provider = this.#provider;
      throw new VoxError(message, { code: "engine_unavailable", isRetryable: true, provider });
    }
    return this.#calls.map(({ id, name, argumentsText }, index) => {
      if (name === "") throw protocolFailure(this.#provider, "a tool call has no name");
      return { id: id === "" ? `call_${index}` : id, name, argumentsText };
    });
  }

  end(): EndPart {
    return {
      kind: "end",
      reason: this.#reason(),
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
    };
  }

  #parse(data: string): z.infer<typeof chunkSchema> {
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch {
      throw protocolFailure(this.#provider, "an event of its answer is not JSON");
    }
    const parsed = chunkSchema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw protocolFailure(this.#provider, "an event of its answer is no chat completion chunk");
  }

  /** An error in the middle of the stream; its words stay out of ours. */
  #failed(error: unknown): VoxError {
    const code = z.object({ code: z.string().regex(CODE_FORM) }).safeParse(error);
    const detail = code.success ? ` (${code.data.code})` : "";
    const isLimited = code.success && code.data.code === "rate_limit_exceeded";
    return new VoxError(`Cannot use ${this.#provider}: it failed within its answer${detail}`, {
      code: isLimited ? "engine_rate_limited" : "engine_unavailable",
      isRetryable: true,
      provider: this.#provider,
    });
  }

  /** Servers that leave the index out send a call whole, with its id. */
  #takeCall(delta: ToolCallDelta): void {
    const isNew = delta.id !== undefined && delta.id !== null && delta.id !== "";
    const index = delta.index ?? Math.max(0, this.#calls.length - (isNew ? 0 : 1));
    if (index >= CALLS_MAX) {
      throw protocolFailure(this.#provider, `it calls tools over ${CALLS_MAX} times at once`);
    }
    while (this.#calls.length <= index) this.#calls.push({ id: "", name: "", argumentsText: "" });
    const call = this.#calls[index];
    if (call === undefined) return;
    if (call.id === "") call.id = delta.id ?? "";
    if (call.name === "") call.name = delta.function?.name ?? "";
    call.argumentsText += delta.function?.arguments ?? "";
  }

  #reason(): EndPart["reason"] {
    // Some servers end a call of tools with "stop".
    if (this.#calls.length > 0) return "tool_calls";
    if (this.#finish === "length") return "length";
    if (this.#finish === "content_filter") return "filtered";
    return "stop";
  }
}
