// What is kept of a thinker's answer, and under which key. The scope (everybody's, or one caller's)
// is the memory's; here an answer also carries everything that it depended on, so that a caller who
// has moved does not hear the old place's weather, nor one call's unit in another (RT-10, S1-43).
// The newest words are in no key, so thinkers whose answers are kept are not told them.
import { z } from "zod";
import type { CallerContext } from "../contract/caller-context.ts";
import type { ThinkResult } from "../contract/thinker.ts";

const cachedSchema = z.object({
  response: z.string().min(1),
  sources: z.array(z.object({ title: z.string(), url: z.string() })).optional(),
});

/** What a thinker is told besides the question; nothing of both where everybody shares an answer. */
export interface Known {
  readonly context: CallerContext;
  /** What the operator's side knows of the call (S1-43): another call's may be another's. */
  readonly business: ReadonlyMap<string, string>;
}

/** Letter case and spaces of a query do not matter. Topics count questions: nothing depends on it. */
export function cacheKeyOf(domain: string, query: string, { context, business }: Known): string {
  const plain = query.toLowerCase().replace(/\s+/g, " ").trim();
  const { preferences, facts, summary, signals } = context;
  const caller = [preferences, facts, summary, signals.callCount];
  const depends = JSON.stringify([caller, [...business].sort()]);
  const hash = Bun.SHA256.hash(`${plain}\n${depends}`, "hex");
  return `${domain}:${hash}`;
}

/** What a result taught was applied when it came; only what is said is kept. */
export function writeCached({ response, sources }: ThinkResult): string {
  return JSON.stringify({ response, ...(sources !== undefined && { sources }) });
}

/** null for nothing, or for something that another version wrote. */
export function readCached(text: string | null): ThinkResult | null {
  if (text === null) return null;
  try {
    const { response, sources } = cachedSchema.parse(JSON.parse(text));
    return { response, ...(sources !== undefined && { sources }) };
  } catch {
    return null;
  }
}
