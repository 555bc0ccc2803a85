// What a store keeps of one caller, as text and back (S1-33, RT-11).
// Station: inside every store's atomic step: read, parse, update, print, write.
// What does not parse (another program's, a broken disk's) is counted by the store and treated as
// nothing: a caller without memory is better than a call that fails. What parses but breaks a bound
// (an older version's) is cut to it.
// Limits: UPDATE_IDS_MAX ids of updates, so that one which comes again is applied once.
import { z } from "zod";
import {
  type CallerContext,
  type ContextUpdate,
  EMPTY_CALLER_CONTEXT,
} from "../contract/caller-context.ts";
import { applyContextUpdate, boundedContext } from "../conversation/caller-context.ts";
import { UPDATE_IDS_MAX } from "../limits.ts";

export interface StoredCaller {
  readonly context: CallerContext;
  /** Ids of the newest updates, oldest first. */
  readonly updateIds: readonly string[];
}

export const EMPTY_STORED_CALLER: StoredCaller = { context: EMPTY_CALLER_CONTEXT, updateIds: [] };

const STORED_CALLER = z.object({
  version: z.literal(1),
  context: z.object({
    preferences: z.object({
      name: z.string(),
      location: z.string(),
      temperatureUnit: z.enum(["", "celsius", "fahrenheit"]),
      tickers: z.array(z.string()),
    }),
    facts: z.array(z.string()),
    summary: z.string(),
    signals: z.object({
      topics: z.record(z.string(), z.number()),
      callCount: z.number(),
      lastActiveMs: z.number(),
    }),
  }),
  updateIds: z.array(z.string()),
});

/** -> null when it is not what printStoredCaller wrote. */
export function parseStoredCaller(text: string): StoredCaller | null {
  const parsed = STORED_CALLER.safeParse(jsonOf(text));
  if (!parsed.success) return null;
  const { context, updateIds } = parsed.data;
  return { context: boundedContext(context), updateIds: updateIds.slice(-UPDATE_IDS_MAX) };
}

export function printStoredCaller({ context, updateIds }: StoredCaller): string {
  return JSON.stringify({ version: 1, context, updateIds });
}

/** -> the caller after the update; the same object when that update was applied before. */
export function updatedCaller(
  stored: StoredCaller,
  update: ContextUpdate,
  wallMs: number,
): StoredCaller {
  const { id } = update;
  if (id !== undefined && stored.updateIds.includes(id)) return stored;
  const updateIds = id === undefined ? stored.updateIds : [...stored.updateIds, id];
  return {
    context: applyContextUpdate(stored.context, update, wallMs),
    updateIds: updateIds.slice(-UPDATE_IDS_MAX),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not ours: the schema refuses null.
    return null;
  }
}
