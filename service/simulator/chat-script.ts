// What the chat simulator answers, and how it fails. docs/simulator.md describes the file; every
// mistake in it is named with its place. Without a script it claims no understanding at all.
import { z } from "zod";
import { VoxError } from "../errors.ts";
import type { ChatRequest } from "./chat-request-schema.ts";

const when = z.strictObject({
  /** Part of the newest user message, without regard to case. */
  user: z.string().min(1).optional(),
  /** Part of the system messages: which thinker asks. */
  system: z.string().min(1).optional(),
  /** True: a tool has answered last; false: it has not. */
  toolAnswered: z.boolean().optional(),
  /** An answer by schema is asked for; its name. */
  schema: z.string().min(1).optional(),
  /** The n-th request to the simulator, from 1. */
  request: z.int().min(1).optional(),
});

/** Ways to fail on demand. */
const fault = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("status"),
    status: z.int().min(300).max(599),
    code: z.string().default("simulated"),
    retryAfter: z.string().optional(),
  }),
  /** Never answers, not even its headers. */
  z.strictObject({ kind: z.literal("silence") }),
  /** The connection breaks after so many tokens. */
  z.strictObject({ kind: z.literal("break"), afterTokens: z.int().min(0) }),
  /** Nothing more after so many tokens, the connection stays. */
  z.strictObject({ kind: z.literal("stall"), afterTokens: z.int().min(0) }),
  /** Ends politely after so many tokens, without saying that it is done. */
  z.strictObject({ kind: z.literal("cut"), afterTokens: z.int().min(0) }),
  z.strictObject({ kind: z.literal("garbage") }),
  z.strictObject({ kind: z.literal("html") }),
  /** Tokens without end. */
  z.strictObject({ kind: z.literal("endless") }),
  /** One line of so many bytes. */
  z.strictObject({
    kind: z.literal("long_line"),
    bytes: z
      .int()
      .min(1)
      .max(64 * 1024 * 1024),
  }),
]);

export type ChatFault = z.infer<typeof fault>;

const answer = z.strictObject({
  text: z.string().default(""),
  toolCalls: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        /** A text is sent as it is, also when it is not JSON. */
        arguments: z.union([z.record(z.string(), z.unknown()), z.string()]).default({}),
      }),
    )
    .max(32)
    .default([]),
  /** From the request to the first token; tokens a second after it. 0 tokens: all at once. */
  firstTokenMs: z.int().min(0).max(600_000).optional(),
  tokensPerSecond: z.number().min(0).max(100_000).optional(),
  finish: z.enum(["stop", "length", "tool_calls", "content_filter"]).optional(),
  fault: fault.optional(),
});

export type ChatScriptAnswer = z.infer<typeof answer>;

const script = z.strictObject({
  answers: z.array(z.strictObject({ when: when.default({}), answer })).max(1_000),
});

export type ChatScript = z.infer<typeof script>;

/** Reads a script in JSON or YAML. Throws VoxError `config_invalid` that names every mistake. */
export function parseChatScript(text: string): ChatScript {
  let value: unknown;
  try {
    value = Bun.YAML.parse(text);
  } catch (cause) {
    throw invalid("file is neither JSON nor YAML", cause);
  }
  const parsed = script.safeParse(value);
  if (!parsed.success) throw invalid(`\n${z.prettifyError(parsed.error)}`, parsed.error);
  return parsed.data;
}

/** The first entry of the script whose conditions all hold. */
export function scriptedChatAnswer(
  from: ChatScript | undefined,
  request: ChatRequest,
  count: number,
): ChatScriptAnswer | undefined {
  return from?.answers.find(({ when }) => holds(when, request, count))?.answer;
}

function holds(rule: z.infer<typeof when>, request: ChatRequest, count: number): boolean {
  const { user, system, toolAnswered, schema, request: number } = rule;
  if (user !== undefined && !includes(lastUserText(request), user)) return false;
  if (system !== undefined && !includes(systemText(request), system)) return false;
  if (schema !== undefined && schemaName(request) !== schema) return false;
  if (number !== undefined && number !== count) return false;
  return toolAnswered === undefined || toolAnswered === isToolAnswered(request);
}

export function lastUserText({ messages }: ChatRequest): string {
  return messages.findLast(({ role }) => role === "user")?.content ?? "";
}

export function isToolAnswered({ messages }: ChatRequest): boolean {
  return messages.at(-1)?.role === "tool";
}

function systemText({ messages }: ChatRequest): string {
  const texts = messages.filter(({ role }) => role === "system" || role === "developer");
  return texts.map(({ content }) => content ?? "").join("\n");
}

function schemaName({ response_format }: ChatRequest): string | undefined {
  return response_format?.json_schema?.name;
}

function includes(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}

function invalid(what: string, cause: unknown): VoxError {
  const message = `Cannot read the chat simulator's script: ${what}`;
  return new VoxError(message, { code: "config_invalid", isRetryable: false, cause });
}
