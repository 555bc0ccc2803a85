// The one tool the voice has: route_to_thinker(domain, query) (S1-22..24), and what becomes of its
// arguments. Nothing a model writes here is an error of the call: an unknown domain and arguments
// that are no JSON go to the general thinker (S1-26, RT-09).
import { z } from "zod";
import type { Thinker } from "../contract/thinker.ts";
import type { ToolDefinition } from "../contract/upstream.ts";

export const ROUTING_TOOL = "route_to_thinker";
/** Of a question; more is cut. */
const QUERY_CHARACTERS_MAX = 2_000;

const routeSchema = z.object({ domain: z.string(), query: z.string().trim().min(1) });

export interface Route {
  readonly domain: string;
  readonly query: string;
  readonly flaw: "none" | "unknown_domain" | "bad_arguments";
}

/** The tool as the session is told of it; the domains are a closed list. */
export function routingTool(thinkers: readonly Thinker[]): ToolDefinition {
  const lines = thinkers.map(({ domain, description }) => `- ${domain}: ${description}`);
  return {
    name: ROUTING_TOOL,
    description: `Asks a specialist, who answers later. Domains:\n${lines.join("\n")}`,
    parameters: {
      type: "object",
      properties: {
        domain: { type: "string", enum: thinkers.map(({ domain }) => domain) },
        query: {
          type: "string",
          description: "The caller's question, rephrased for the specialist, complete in itself",
        },
      },
      required: ["domain", "query"],
      additionalProperties: false,
    },
  };
}

/** fallback: the domain that takes what nobody else can. */
export function routeOf(
  argumentsText: string,
  domains: ReadonlySet<string>,
  fallback: string,
): Route {
  const parsed = routeSchema.safeParse(jsonOf(argumentsText));
  if (!parsed.success) {
    const query = argumentsText.slice(0, QUERY_CHARACTERS_MAX);
    return { domain: fallback, query, flaw: "bad_arguments" };
  }
  const domain = parsed.data.domain.trim().toLowerCase();
  const query = parsed.data.query.slice(0, QUERY_CHARACTERS_MAX);
  if (domains.has(domain)) return { domain, query, flaw: "none" };
  return { domain: fallback, query, flaw: "unknown_domain" };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
