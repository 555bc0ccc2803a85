// What a thinker learns of its caller, by the model's own structured output: it calls `remember` with
// fields that a schema checks. Nothing is guessed from capital letters or phrases (RT-12).
import { z } from "zod";
import type { ContextUpdate } from "../contract/caller-context.ts";
import { defineTool, type ThinkerTool } from "./thinker-tool.ts";

const short = z.string().trim().min(1).max(200);

const rememberSchema = z.strictObject({
  name: short.optional().describe("The caller's own name, if they said it"),
  location: short.optional().describe("Where the caller lives or wants answers for"),
  temperatureUnit: z.enum(["celsius", "fahrenheit"]).optional(),
  tickersAdd: z
    .array(z.string().regex(/^[A-Z0-9.-]{1,12}$/))
    .max(5)
    .optional()
    .describe("Symbols of shares the caller follows"),
  factsAdd: z.array(short).max(5).optional().describe("Other lasting facts the caller stated"),
});

export interface Notebook {
  readonly tool: ThinkerTool;
  /** Everything remembered, undefined when nothing was. */
  update(): ContextUpdate | undefined;
}

/** One question's notebook. */
export function createNotebook(): Notebook {
  const taken: z.infer<typeof rememberSchema>[] = [];
  const tool = defineTool(
    "remember",
    "Keeps something lasting that the caller said about themselves, for later calls",
    rememberSchema,
    (fields) => {
      taken.push(fields);
      return "Noted.";
    },
  );
  return { tool, update: () => (taken.length === 0 ? undefined : updateOf(taken)) };
}

function updateOf(taken: readonly z.infer<typeof rememberSchema>[]): ContextUpdate {
  const tickersAdd = taken.flatMap((each) => each.tickersAdd ?? []);
  const factsAdd = taken.flatMap((each) => each.factsAdd ?? []);
  const preferences = Object.assign(
    {},
    ...taken.map(({ name, location, temperatureUnit }) => ({
      ...(name !== undefined && { name }),
      ...(location !== undefined && { location }),
      ...(temperatureUnit !== undefined && { temperatureUnit }),
    })),
  ) as ContextUpdate["preferences"];
  return {
    ...(preferences !== undefined && Object.keys(preferences).length > 0 && { preferences }),
    ...(tickersAdd.length > 0 && { tickersAdd }),
    ...(factsAdd.length > 0 && { factsAdd }),
  };
}
