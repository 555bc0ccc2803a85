// The thinkers that come with the service: weather, stocks, news, knowledge, research.
// Station: made by main with their models, prompts and data sources.
import type { Clock } from "../contract/clock.ts";
import type { LanguageModel } from "../contract/language-model.ts";
import type { Thinker } from "../contract/thinker.ts";
import type { ProviderHttp } from "../provider/provider-http.ts";
import { stockTools } from "./finnhub.ts";
import { createModelThinker } from "./model-thinker.ts";
import { newsTool } from "./news-api.ts";
import { forecastTool, type OpenMeteo } from "./open-meteo.ts";
import { createResearchThinker } from "./research-thinker.ts";

export const DEFAULT_DOMAINS = ["weather", "stocks", "news", "knowledge", "research"] as const;

export type DefaultDomain = (typeof DEFAULT_DOMAINS)[number];

/** What the voice is told to send where. */
const DESCRIPTIONS: Readonly<Record<DefaultDomain, string>> = {
  weather: "weather and forecasts of any place",
  stocks: "share prices and how companies' shares do",
  news: "what is in the news, about anything",
  knowledge: "everything else, and questions about the caller or this call",
  research: "harder questions that need several steps; takes up to a minute",
};

/** Whose answers depend on who asks: all but the news (RT-10). */
const SHARED: ReadonlySet<DefaultDomain> = new Set(["news"]);

export interface DefaultThinkerSettings {
  readonly prompt: string;
  readonly timeoutMs: number;
  readonly cacheSeconds: number;
}

export interface DefaultThinkerParts {
  readonly clock: Clock;
  readonly model: LanguageModel;
  readonly openMeteo: OpenMeteo;
  /** null without a key. */
  readonly finnhub: ProviderHttp | null;
  readonly newsApi: ProviderHttp | null;
  readonly researchStepMsMin: number;
}

export function createDefaultThinker(
  domain: DefaultDomain,
  own: DefaultThinkerSettings,
  parts: DefaultThinkerParts,
): Thinker {
  const { model, openMeteo, finnhub, newsApi, clock } = parts;
  const isPersonal = !SHARED.has(domain);
  const settings = { ...own, domain, description: DESCRIPTIONS[domain], isPersonal };
  switch (domain) {
    case "weather":
      return createModelThinker(settings, model, (request) => [forecastTool(openMeteo, request)]);
    case "stocks":
      return createModelThinker(settings, model, () => stockTools(finnhub));
    case "news":
      return createModelThinker(settings, model, () => [newsTool(newsApi)]);
    case "knowledge":
      return createModelThinker(settings, model);
    case "research": {
      const tools = newsApi === null ? [] : [newsTool(newsApi)];
      return createResearchThinker(settings, {
        clock,
        model,
        tools,
        stepMsMin: parts.researchStepMsMin,
      });
    }
  }
}
