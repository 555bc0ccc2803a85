// What is kept of a thinker's answer, and under which key. The scope (everybody's, or one caller's)
// is the memory's; here personal answers also carry what they depended on, so that a caller who has
// moved does not hear the old place's weather (RT-10).
import { z } from "zod";
import type { CallerContext } from "../contract/caller-context.ts";
import type { ThinkResult } from "../contract/thinker.ts";

const cachedSchema = z.object({
  response: z.string().min(1),
  sources: z.array(z.object({ title: z.string(), url: z.string() })).optional(),
});

/** context: null for answers everybody shares. Letter case and spaces of a query do not matter. */
export function cacheKeyOf(domain: string, query: string, context: CallerContext | null): string {
  const plain = query.toLowerCase().replace(/\s+/g, " ").trim();
  const depends = context === null ? "" : JSON.stringify([context.preferences, context.facts]);
  const hash = new Bun.CryptoHasher("sha256").update(`${plain}\n${depends}`).digest("hex");
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
