// A text model: thinkers ask it, the cascade speaks with it, the rolling summary is written by it.
// Order: generate() as often as wanted, at once if need be; close() last. Each generate() is one
// answer; `signal` stops it, and then nothing more is yielded.
// Errors: the iterable throws VoxError with a ProviderFailureCode; it never ends without an "end" part or
// a throw.
import type { ToolDefinition } from "./upstream.ts";

export interface LanguageModelToolCall {
  readonly id: string;
  readonly name: string;
  /** As the model wrote it: JSON if it behaved. */
  readonly argumentsText: string;
}

export type LanguageModelMessage =
  | { readonly role: "system" | "user"; readonly text: string }
  | {
      readonly role: "assistant";
      readonly text: string;
      readonly toolCalls?: readonly LanguageModelToolCall[];
    }
  | { readonly role: "tool"; readonly toolCallId: string; readonly text: string };

export interface LanguageModelRequest {
  readonly messages: readonly LanguageModelMessage[];
  /** Empty: none may be called. */
  readonly tools: readonly ToolDefinition[];
  readonly outputTokensMax: number;
  /** A JSON Schema that the answer must follow, for extraction; undefined: plain text. */
  readonly outputSchema?: { readonly name: string; readonly schema: Record<string, unknown> };
}

export type LanguageModelPart =
  /** The next piece of text, as it was written. */
  | { readonly kind: "text"; readonly text: string }
  /** A whole tool call. */
  | { readonly kind: "tool_call"; readonly call: LanguageModelToolCall }
  /** Last, once. */
  | {
      readonly kind: "end";
      readonly reason: "stop" | "length" | "tool_calls" | "filtered";
      readonly inputTokens: number;
      readonly outputTokens: number;
    };

export interface LanguageModelSupport {
  readonly hasTools: boolean;
  readonly isStreaming: boolean;
  readonly hasOutputSchema: boolean;
}

export interface LanguageModel {
  /** For metrics and logs, e.g. "chat:gpt-5.4-mini". */
  readonly name: string;
  readonly support: LanguageModelSupport;
  generate(request: LanguageModelRequest, signal: AbortSignal): AsyncIterable<LanguageModelPart>;
  /** Frees connections. Idempotent; a running generate() ends as cancelled. */
  close(): void;
}
