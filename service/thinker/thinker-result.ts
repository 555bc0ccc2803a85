// What a thinker returned, parsed and cut to what may go on. A thinker may be a module of a user's:
// its answer stands whatever else it says, and what is not as the contract says is left out.
// Station: in the desk (thinker-desk.ts), before anything learns, caches or speaks.
// Limits: the bounds below; of an update's lists and texts those of limits.ts, where it is applied.
import { z } from "zod";
import type { ContextUpdate } from "../contract/caller-context.ts";
import type { ThinkResult, ThinkSource } from "../contract/thinker.ts";
import { VoxError } from "../errors.ts";
import { CONTEXT_UPDATE_ITEMS_MAX } from "../limits.ts";

/** Of an answer that goes to the voice; a thinker that says more is cut. */
const RESPONSE_CHARACTERS_MAX = 8_000;
const SOURCES_MAX = 5;
const TITLE_CHARACTERS_MAX = 200;
/** A longer address is left out with its source: cut, it leads nowhere. */
const URL_CHARACTERS_MAX = 2_000;
/** Of all of it, where an answer of unseen characters takes six for each. */
const OUTPUT_CHARACTERS_MAX = 20_000;
/** More than any field of a context keeps (conversation/caller-context.ts cuts each to its own). */
const UPDATE_CHARACTERS_MAX = 4_000;

const text = z.string().transform((given) => given.slice(0, UPDATE_CHARACTERS_MAX));
const texts = z
  .array(z.unknown())
  .transform((given) => given.slice(0, CONTEXT_UPDATE_ITEMS_MAX))
  .pipe(z.array(text));

/** A ContextUpdate of a thinker's; whose topic it is, and that a call began, others say. */
const updateSchema = z.object({
  id: z.string().min(1).max(64).optional(),
  preferences: z
    .object({
      name: text.optional(),
      location: text.optional(),
      temperatureUnit: z.enum(["", "celsius", "fahrenheit"]).optional(),
    })
    .optional(),
  tickersAdd: texts.optional(),
  tickersRemove: texts.optional(),
  factsAdd: texts.optional(),
  factsRemove: texts.optional(),
  summary: text.optional(),
});

const sourceSchema = z.object({
  title: z.string().transform((given) => given.slice(0, TITLE_CHARACTERS_MAX)),
  url: z.string().max(URL_CHARACTERS_MAX),
});

/** What is not as the contract says, and is left out. */
export type ResultFlaw = "bad_update" | "bad_sources";

/** -> what may go on. Throws when there is no answer in it. onFlaw: for each field left out. */
export function parsedResult(
  domain: string,
  result: ThinkResult | undefined,
  onFlaw: (flaw: ResultFlaw) => void,
): ThinkResult {
  const response = typeof result?.response === "string" ? result.response.trim() : "";
  if (result === undefined || response === "") {
    const message = `Cannot use thinker ${domain}: it returned nothing, must return a response`;
    throw new VoxError(message, { code: "engine_protocol", isRetryable: false, provider: domain });
  }
  const sources = sourcesOf(result.sources, onFlaw);
  const contextUpdate = updateOf(result.contextUpdate, onFlaw);
  const isCut = response.length > RESPONSE_CHARACTERS_MAX;
  return {
    response: isCut ? `${response.slice(0, RESPONSE_CHARACTERS_MAX)} [cut]` : response,
    ...(contextUpdate !== null && { contextUpdate }),
    ...(sources !== null && { sources }),
  };
}

function sourcesOf(given: unknown, onFlaw: (flaw: ResultFlaw) => void): ThinkSource[] | null {
  if (given === undefined) return null;
  const first = Array.isArray(given) ? given.slice(0, SOURCES_MAX) : [null];
  const parsed = first.map((source) => sourceSchema.safeParse(source));
  const kept = parsed.flatMap(({ success, data }) => (success ? [data] : []));
  if (kept.length < first.length) onFlaw("bad_sources");
  return kept;
}

/** All of it or nothing: half of what was meant may say the opposite. */
function updateOf(given: unknown, onFlaw: (flaw: ResultFlaw) => void): ContextUpdate | null {
  if (given === undefined) return null;
  const parsed = updateSchema.safeParse(given);
  if (!parsed.success) {
    onFlaw("bad_update");
    return null;
  }
  // Zod's "may be undefined" is our "may be absent": who applies it treats both alike.
  return parsed.data as ContextUpdate;
}

/** What goes to the voice's model; its sources stay away when they would make it too long. */
export function outputOf({ response, sources }: ThinkResult): string {
  const whole = JSON.stringify({ answer: response, ...(sources !== undefined && { sources }) });
  return whole.length <= OUTPUT_CHARACTERS_MAX ? whole : JSON.stringify({ answer: response });
}
