// A tool of a thinker: its arguments by a zod schema, its work, its answer as text for the model.
// A tool that fails tells the model so in words; only a call's end ends a tool by throwing.
import { z } from "zod";
import type { ToolDefinition } from "../contract/upstream.ts";
import { VoxError } from "../errors.ts";

/** Of a tool's answer; more is cut, so that no data source fills the model's context. */
const ANSWER_CHARACTERS_MAX = 8_000;

export interface ThinkerTool {
  readonly definition: ToolDefinition;
  /** -> text for the model. Rejects only when `signal` was aborted. */
  run(argumentsText: string, signal: AbortSignal): Promise<string>;
}

/** `run` gets arguments that fit the schema; what it throws becomes an answer in words. */
export function defineTool<Schema extends z.ZodType>(
  name: string,
  description: string,
  schema: Schema,
  run: (args: z.infer<Schema>, signal: AbortSignal) => string | Promise<string>,
): ThinkerTool {
  const { $schema: _, ...parameters } = z.toJSONSchema(schema);
  return {
    definition: { name, description, parameters },
    async run(argumentsText, signal) {
      const parsed = schema.safeParse(jsonOf(argumentsText));
      if (!parsed.success) return `Wrong arguments: ${z.prettifyError(parsed.error)}`;
      try {
        return bounded(await run(parsed.data, signal));
      } catch (error) {
        if (signal.aborted) throw error;
        return failureText(error);
      }
    },
  };
}

function bounded(text: string): string {
  if (text.length <= ANSWER_CHARACTERS_MAX) return text;
  return `${text.slice(0, ANSWER_CHARACTERS_MAX)} [cut]`;
}

/** Our own words for a failure; those of an unknown error stay inside. */
function failureText(error: unknown): string {
  const reason = error instanceof VoxError ? error.message : "the tool failed";
  return `No data: ${reason}. Say plainly that it cannot be looked up now.`;
}

function jsonOf(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
