// A chat completion request as the simulator takes it: strict where the real server is, so that a
// client which sends a wrong field learns it here.
// Source: OpenAI API reference, "Create chat completion".
import { z } from "zod";

const toolCall = z.strictObject({
  id: z.string().min(1),
  type: z.literal("function"),
  function: z.strictObject({ name: z.string().min(1), arguments: z.string() }),
});

const message = z.discriminatedUnion("role", [
  z.strictObject({ role: z.literal("system"), content: z.string() }),
  z.strictObject({ role: z.literal("developer"), content: z.string() }),
  z.strictObject({ role: z.literal("user"), content: z.string() }),
  z.strictObject({ role: z.literal("tool"), content: z.string(), tool_call_id: z.string().min(1) }),
  z.strictObject({
    role: z.literal("assistant"),
    content: z.string().nullish(),
    tool_calls: z.array(toolCall).min(1).optional(),
  }),
]);

const tool = z.strictObject({
  type: z.literal("function"),
  function: z.strictObject({
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    strict: z.boolean().nullish(),
  }),
});

export const chatRequestSchema = z
  .strictObject({
    model: z.string().min(1),
    messages: z.array(message).min(1),
    stream: z.boolean().default(false),
    stream_options: z.strictObject({ include_usage: z.boolean() }).nullish(),
    max_tokens: z.int().min(1).nullish(),
    max_completion_tokens: z.int().min(1).nullish(),
    temperature: z.number().min(0).max(2).nullish(),
    tools: z.array(tool).min(1).max(128).optional(),
    tool_choice: z.unknown().optional(),
    response_format: z
      .strictObject({
        type: z.enum(["text", "json_object", "json_schema"]),
        json_schema: z
          .strictObject({
            name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
            schema: z.record(z.string(), z.unknown()),
            strict: z.boolean().nullish(),
          })
          .optional(),
      })
      .optional(),
  })
  .refine(({ messages }) => areToolsAnswered(messages), {
    path: ["messages"],
    message: "every tool call must be followed by the tool message that answers it",
  });

export type ChatRequest = z.infer<typeof chatRequestSchema>;

/** The real server refuses a conversation that leaves one of its tool calls unanswered. */
function areToolsAnswered(messages: readonly z.infer<typeof message>[]): boolean {
  let open = new Set<string>();
  for (const each of messages) {
    if (each.role === "tool") {
      if (!open.delete(each.tool_call_id)) return false;
      continue;
    }
    if (open.size > 0) return false;
    if (each.role === "assistant") open = new Set((each.tool_calls ?? []).map(({ id }) => id));
  }
  return open.size === 0;
}
