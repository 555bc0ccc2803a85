// A request to a language model as an OpenAI-compatible server takes it.
// Source: OpenAI API reference, "Create chat completion" (streaming); the fields that compatible
// servers (vLLM, llama.cpp, Ollama, Groq, …) share with it, and one dialect flag for what differs.
import type { LanguageModelMessage, LanguageModelRequest } from "../contract/language-model.ts";

/** "openai": bounds an answer by max_completion_tokens. "compatible": by the older max_tokens. */
export type ChatDialect = "openai" | "compatible";

/** -> the body as JSON text. */
export function chatRequestBody(
  model: string,
  dialect: ChatDialect,
  request: LanguageModelRequest,
): string {
  const { messages, tools, outputTokensMax, outputSchema } = request;
  const bound = dialect === "openai" ? "max_completion_tokens" : "max_tokens";
  return JSON.stringify({
    model,
    stream: true,
    stream_options: { include_usage: true },
    [bound]: outputTokensMax,
    messages: messages.map(messageOf),
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, parameters }) => ({
        type: "function",
        function: { name, description, parameters },
      })),
    }),
    ...(outputSchema !== undefined && {
      response_format: {
        type: "json_schema",
        json_schema: { name: outputSchema.name, schema: outputSchema.schema, strict: true },
      },
    }),
  });
}

function messageOf(message: LanguageModelMessage): Record<string, unknown> {
  switch (message.role) {
    case "system":
    case "user":
      return { role: message.role, content: message.text };
    case "tool":
      return { role: "tool", tool_call_id: message.toolCallId, content: message.text };
    case "assistant": {
      const calls = message.toolCalls ?? [];
      if (calls.length === 0) return { role: "assistant", content: message.text };
      return {
        role: "assistant",
        // Servers differ in what "" beside tool calls means to them; null means nothing everywhere.
        content: message.text === "" ? null : message.text,
        tool_calls: calls.map(({ id, name, argumentsText }) => ({
          id,
          type: "function",
          function: { name, arguments: argumentsText },
        })),
      };
    }
  }
}
