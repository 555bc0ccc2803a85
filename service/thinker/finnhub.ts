// Share prices from Finnhub, by key (header X-Finnhub-Token). Without a key the tools say that there
// is no source; they invent nothing.
// Source: https://finnhub.io/docs/api/symbol-search and /docs/api/quote; answers parsed by zod.
import { z } from "zod";
import { protocolFailure } from "../provider/http-failure.ts";
import type { ProviderHttp } from "../provider/provider-http.ts";
import { defineTool, type ThinkerTool } from "./thinker-tool.ts";

const JSON_TYPES = ["application/json"];
const SYMBOLS_MAX = 5;
const NO_SOURCE = "There is no source of share prices here: no key is configured.";

const symbolsSchema = z.object({
  result: z.array(z.object({ description: z.string(), symbol: z.string(), type: z.string() })),
});

const quoteSchema = z.object({
  c: z.number(),
  d: z.number().nullable(),
  dp: z.number().nullable(),
  h: z.number(),
  l: z.number(),
  o: z.number(),
  pc: z.number(),
});

/** finnhub: null without a key. */
export function stockTools(finnhub: ProviderHttp | null): readonly ThinkerTool[] {
  const find = defineTool(
    "find_symbol",
    "Symbols of a company's shares",
    z.object({ company: z.string().trim().min(1).max(100) }),
    ({ company }, signal) => (finnhub === null ? NO_SOURCE : symbolsOf(finnhub, company, signal)),
  );
  const quote = defineTool(
    "quote",
    "The newest price of a share",
    z.object({ symbol: z.string().regex(/^[A-Za-z0-9.:-]{1,20}$/) }),
    ({ symbol }, signal) => (finnhub === null ? NO_SOURCE : quoteOf(finnhub, symbol, signal)),
  );
  return [find, quote];
}

async function symbolsOf(http: ProviderHttp, company: string, signal: AbortSignal) {
  const query = { q: company };
  const request = { method: "GET", path: "/search", query, contentTypes: JSON_TYPES } as const;
  return http.ask(request, signal, async (answer) => {
    const parsed = symbolsSchema.safeParse(await answer.json());
    if (!parsed.success) throw protocolFailure(http.provider, "its answer is no list of symbols");
    const found = parsed.data.result.slice(0, SYMBOLS_MAX);
    return found.length === 0 ? "No company of that name was found." : JSON.stringify(found);
  });
}

async function quoteOf(http: ProviderHttp, symbol: string, signal: AbortSignal) {
  const query = { symbol: symbol.toUpperCase() };
  const request = { method: "GET", path: "/quote", query, contentTypes: JSON_TYPES } as const;
  return http.ask(request, signal, async (answer) => {
    const parsed = quoteSchema.safeParse(await answer.json());
    if (!parsed.success) throw protocolFailure(http.provider, "its answer is no quote");
    const { c: price, d: change, dp: changePercent, h: high, l: low, pc: before } = parsed.data;
    // Finnhub answers zeros for a symbol it does not know.
    if (price === 0) return `There is no price of ${query.symbol}.`;
    return JSON.stringify({
      symbol: query.symbol,
      price,
      change,
      changePercent,
      high,
      low,
      before,
    });
  });
}
