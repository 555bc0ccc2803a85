// News from NewsAPI, by key (header X-Api-Key). Without a key the tool says that there is no source;
// it invents nothing. Headlines are other people's words: they go to the model quoted.
// Source: https://newsapi.org/docs/endpoints/everything and /top-headlines; answers parsed by zod.
import { z } from "zod";
import { protocolFailure } from "../provider/http-failure.ts";
import type { ProviderHttp } from "../provider/provider-http.ts";
import { defineTool, type ThinkerTool } from "./thinker-tool.ts";

const ARTICLES_MAX = 5;
const TEXT_CHARACTERS_MAX = 400;
const NO_SOURCE = "There is no source of news here: no key is configured.";

const articlesSchema = z.object({
  status: z.literal("ok"),
  articles: z.array(
    z.object({
      source: z.object({ name: z.string().nullable() }),
      title: z.string().nullable(),
      description: z.string().nullable(),
      publishedAt: z.string(),
    }),
  ),
});

/** newsApi: null without a key. */
export function newsTool(newsApi: ProviderHttp | null): ThinkerTool {
  return defineTool(
    "search_news",
    "The newest articles about something, or the top headlines when nothing is named",
    z.object({ about: z.string().trim().max(200).default("") }),
    ({ about }, signal) => (newsApi === null ? NO_SOURCE : articlesOf(newsApi, about, signal)),
  );
}

async function articlesOf(http: ProviderHttp, about: string, signal: AbortSignal) {
  const pageSize = String(ARTICLES_MAX);
  const isTop = about === "";
  const request = {
    method: "GET",
    path: isTop ? "/v2/top-headlines" : "/v2/everything",
    query: isTop
      ? { language: "en", pageSize }
      : { q: about, language: "en", sortBy: "publishedAt", pageSize },
    // NewsAPI turns requests without one away.
    headers: { "user-agent": "voxbridge" },
    contentTypes: ["application/json"],
  } as const;
  return http.ask(request, signal, async (answer) => {
    const parsed = articlesSchema.safeParse(await answer.json());
    if (!parsed.success) throw protocolFailure(http.provider, "its answer is no list of articles");
    const articles = parsed.data.articles.slice(0, ARTICLES_MAX);
    if (articles.length === 0) return "Nothing was found.";
    return JSON.stringify(
      articles.map(({ source, title, description, publishedAt }) => ({
        outlet: source.name ?? "unknown",
        title: (title ?? "").slice(0, TEXT_CHARACTERS_MAX),
        text: (description ?? "").slice(0, TEXT_CHARACTERS_MAX),
        publishedAt,
      })),
    );
  });
}
