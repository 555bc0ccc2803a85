// Settings of language models, thinkers and their data sources; part of the schema in
// config-schema.ts.
import { z } from "zod";
import { countProblems, NO_KEY } from "./config-cascade.ts";

const url = (address: string) =>
  z.url({ protocol: /^https?$/, error: "an http:// or https:// URL" }).default(address);
const urlOrNone = z.union([
  z.literal(""),
  z.url({ protocol: /^https?$/, error: "an http:// or https:// URL" }),
]);
const key = z.string().default("");

export const LANGUAGE_MODEL_SETTINGS = z.strictObject({
  url: urlOrNone
    .default("")
    .describe(
      "any OpenAI-compatible chat server, up to its /v1; empty = OpenAI with openai.apiKey, " +
        "or the chat simulator when the simulator answers calls",
    ),
  key: key.describe("key of languageModel.url"),
  model: z.string().min(1).default("gpt-5.4-mini").describe("text model of thinkers and summaries"),
  fallbackUrls: z
    .array(z.url({ protocol: /^https?$/, error: "http:// or https:// URLs" }))
    .max(4)
    .default([])
    .describe("servers that are asked in this order while languageModel.url fails"),
  fallbackKeys: z
    .array(z.string().min(1))
    .default([])
    .describe(
      `their keys in the same order, ${NO_KEY} for a server without, empty = no keys at all`,
    ),
  fallbackModels: z
    .array(z.string().min(1))
    .default([])
    .describe("their models in the same order, or one for all, empty = languageModel.model"),
  dialect: z
    .enum(["openai", "compatible"])
    .default("openai")
    .describe("bound of an answer: openai max_completion_tokens, compatible max_tokens"),
  hasOutputSchema: z
    .boolean()
    .default(true)
    .describe("the server takes response_format json_schema"),
  answerSeconds: z.number().min(1).max(600).default(20).describe("longest wait for first bytes"),
  script: z.string().default("").describe("file that tells the chat simulator what to answer"),
});

/** Who is asked harder things: at OpenAI by the stronger model, which no other server has. */
export const HARD_DOMAINS: ReadonlySet<string> = new Set(["news", "research"]);
export const OPENAI_STRONG_MODEL = "gpt-5.4";

interface ThinkerDefaults {
  readonly timeoutSeconds: number;
  readonly cacheSeconds: number;
}

function thinkerSettings(domain: string, { timeoutSeconds, cacheSeconds }: ThinkerDefaults) {
  const strong = HARD_DOMAINS.has(domain) ? `, at OpenAI ${OPENAI_STRONG_MODEL}` : "";
  return z.strictObject({
    model: z
      .string()
      .default("")
      .describe(`its own text model, empty = languageModel.model${strong}`),
    url: urlOrNone.default("").describe("its own chat server, empty = languageModel.url"),
    key: key.describe("key of its own chat server"),
    timeoutSeconds: z
      .number()
      .min(1)
      .max(600)
      .default(timeoutSeconds)
      .describe("longest wait for its answer"),
    cacheSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(cacheSeconds)
      .describe(
        "how long an answer is given again, 0 = never; only then it hears the newest words",
      ),
  });
}

/** Stands in the lists of own thinkers for what languageModel says. */
export const GENERAL = "general";

const DOMAINS_ALONG = ["weather", "stocks", "news", "knowledge", "research"];

export const THINKER_SETTINGS = z.strictObject({
  domains: z
    .array(z.string().min(1))
    .max(16)
    .default(DOMAINS_ALONG)
    .describe("thinkers: names of those that come along, paths of own modules; empty = none"),
  ownUrls: z
    .array(
      z.union([
        z.literal(GENERAL),
        z.url({ protocol: /^https?$/, error: `http:// or https:// URLs, or ${GENERAL}` }),
      ]),
    )
    .default([])
    .describe(
      "chat servers of own modules in the order of thinkers.domains, or one for all, " +
        `${GENERAL} or empty = languageModel.url`,
    ),
  ownKeys: z
    .array(z.string().min(1))
    .default([])
    .describe(`their keys in the same order, or one for all, ${NO_KEY} for a server without`),
  ownModels: z
    .array(z.string().min(1))
    .default([])
    .describe(
      `their text models in the same order, or one for all, ${GENERAL} or empty = ` +
        "languageModel.model",
    ),
  prompts: z
    .string()
    .default("")
    .describe(
      "folder whose <domain>.md, responder.md and stalling.md go before those that come along",
    ),
  perCallMax: z.int().min(1).max(32).default(4).describe("questions of one call at once"),
  perProcessMax: z.int().min(1).max(10_000).default(200).describe("questions of all calls at once"),
  progressSeconds: z
    .number()
    .min(0)
    .max(120)
    .default(8)
    .describe("a slower thinker is bridged by a line of the voice, again after as long; 0 = never"),
  progressMax: z.int().min(0).max(10).default(3).describe("such lines per question"),
  isClassified: z
    .boolean()
    .default(false)
    .describe("a text model chooses the domain instead of the voice"),
  classifySeconds: z.number().min(0.1).max(30).default(1).describe("longest wait for that choice"),
  researchStepSeconds: z
    .number()
    .min(0)
    .max(60)
    .default(5)
    .describe("shortest step of research, slow on purpose"),
  weather: thinkerSettings("weather", { timeoutSeconds: 20, cacheSeconds: 600 }),
  stocks: thinkerSettings("stocks", { timeoutSeconds: 20, cacheSeconds: 60 }),
  news: thinkerSettings("news", { timeoutSeconds: 30, cacheSeconds: 300 }),
  knowledge: thinkerSettings("knowledge", { timeoutSeconds: 20, cacheSeconds: 0 }),
  research: thinkerSettings("research", { timeoutSeconds: 90, cacheSeconds: 120 }),
});

export const SOURCE_SETTINGS = z.strictObject({
  geocodingUrl: url("https://geocoding-api.open-meteo.com").describe("Open-Meteo's places"),
  weatherUrl: url("https://api.open-meteo.com").describe("Open-Meteo's forecasts"),
  stocksUrl: url("https://finnhub.io/api/v1").describe("Finnhub"),
  stocksKey: key.describe("key of Finnhub, empty = no share prices"),
  newsUrl: url("https://newsapi.org").describe("NewsAPI"),
  newsKey: key.describe("key of NewsAPI, empty = no news"),
});

export const LANGUAGE_MODEL_SECRETS = ["languageModel.fallbackKeys", "thinkers.ownKeys"];

/** Lists that do not fit together. */
export function languageModelProblems(settings: z.infer<typeof LANGUAGE_MODEL_SETTINGS>): string[] {
  const { fallbackUrls, fallbackKeys, fallbackModels } = settings;
  const count = fallbackUrls.length;
  const problems = countProblems("languageModel.fallbackModels", fallbackModels, count);
  if (fallbackKeys.length > 0 && fallbackKeys.length !== count) {
    problems.push(
      `Cannot use languageModel.fallbackKeys: there are ${fallbackKeys.length}, ` +
        `must be ${count}, one for each of languageModel.fallbackUrls ("${NO_KEY}" for none)`,
    );
  }
  return problems;
}

export function thinkerProblems(settings: z.infer<typeof THINKER_SETTINGS>): string[] {
  const { domains, ownUrls, ownKeys, ownModels } = settings;
  const count = domains.filter((name) => !DOMAINS_ALONG.includes(name)).length;
  return [
    ...countProblems("thinkers.ownUrls", ownUrls, count),
    ...countProblems("thinkers.ownKeys", ownKeys, count),
    ...countProblems("thinkers.ownModels", ownModels, count),
  ];
}
