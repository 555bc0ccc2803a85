// The language models of thinkers as the configuration says, and the chat simulator that stands in for
// them when there is no key. Station: beside main-thinkers.ts.
import { readFile } from "node:fs/promises";
import type { Config } from "./config.ts";
import { entryFor, keyFor } from "./config-cascade.ts";
import { OPENAI_STRONG_MODEL } from "./config-thinkers.ts";
import type { Clock, Random } from "./contract/clock.ts";
import type { LanguageModel } from "./contract/language-model.ts";
import type { Log } from "./contract/log.ts";
import type { Metrics } from "./contract/metrics.ts";
import type { Tracing } from "./contract/tracing.ts";
import { VoxError } from "./errors.ts";
import { createChatModel } from "./language-model/chat-model.ts";
import { createFallbackModel } from "./language-model/fallback-model.ts";
import { createWatchedModel } from "./language-model/watched-model.ts";
import { BREAKER_DEFAULTS, CircuitBreaker } from "./provider/circuit-breaker.ts";
import { createProviderMetrics } from "./provider/provider-metrics.ts";
import { parseChatScript } from "./simulator/chat-script.ts";
import {
  type ChatSimulator,
  type ChatSimulatorOptions,
  createChatSimulator,
} from "./simulator/chat-simulator.ts";

const OPENAI_URL = "https://api.openai.com/v1";
const SIMULATED_MODEL = "simulator";
/** So long the one that worked is asked first, then the first of the list again. */
const FALLBACK_MS = 60_000;

export type ChatSimulatorBehaviour = Pick<ChatSimulatorOptions, "script" | "limits" | "isRecorded">;

export interface ThinkersDeps {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** For tests: how the chat simulator behaves. */
  readonly chatSimulator?: ChatSimulatorBehaviour | undefined;
}

/** Without any key the chat simulator answers, as the simulated Realtime API does. */
export function isSimulated({ languageModel, upstream }: Config): boolean {
  return languageModel.url === "" && upstream === "simulator";
}

export async function simulatorOf(deps: ThinkersDeps): Promise<ChatSimulator> {
  const { clock, random, config, chatSimulator = {} } = deps;
  const path = config.languageModel.script;
  const script = path === "" ? {} : { script: parseChatScript(await readText(path)) };
  return createChatSimulator({
    clock,
    random,
    host: "127.0.0.1",
    port: 0,
    ...script,
    ...chatSimulator,
  });
}

export interface OwnModel {
  /** In metrics and errors. */
  readonly provider: string;
  readonly model: string;
  readonly url: string;
  readonly key: string;
  /** Asked harder things: without a model of its own it has the stronger one at OpenAI. */
  readonly isHard: boolean;
}

/** The model of one use; "" means the general one's. null: there is no server for it. */
export function modelFor(
  deps: ThinkersDeps,
  simulator: ChatSimulator | null,
  models: Map<string, LanguageModel>,
  own: OwnModel,
): LanguageModel | null {
  const { languageModel, openai, upstream } = deps.config;
  const isOpenai = languageModel.url === "" && upstream !== "simulator" && openai.apiKey !== "";
  const general = simulator?.url ?? (isOpenai ? OPENAI_URL : languageModel.url);
  const baseUrl = own.url === "" ? general : own.url;
  if (baseUrl === "") return null;
  const generalKey = isOpenai ? openai.apiKey : languageModel.key;
  const made = models.get(own.provider);
  if (made !== undefined) return made;
  const isOfSimulator = simulator !== null && own.url === "";
  const first = chatModel(deps, {
    provider: own.provider,
    url: baseUrl,
    key: own.url === "" ? generalKey : own.key,
    model: isOfSimulator ? SIMULATED_MODEL : own.model || defaultOf(own, baseUrl, languageModel),
  });
  const others = own.url === "" ? fallbacksOf(deps, own.provider) : [];
  const chain = { purpose: own.provider, rememberMs: FALLBACK_MS };
  const model = others.length === 0 ? first : createFallbackModel([first, ...others], chain, deps);
  models.set(own.provider, model);
  return model;
}

/** A server that is not OpenAI's knows the general model, as it was named for it, and no other. */
function defaultOf({ isHard }: OwnModel, url: string, general: { readonly model: string }): string {
  const isAtOpenai = new URL(url).hostname === new URL(OPENAI_URL).hostname;
  return isHard && isAtOpenai ? OPENAI_STRONG_MODEL : general.model;
}

/** Those who answer while the general server fails: language_model_2, language_model_3, … */
function fallbacksOf(deps: ThinkersDeps, provider: string): LanguageModel[] {
  const { languageModel } = deps.config;
  const { fallbackUrls, fallbackKeys, fallbackModels } = languageModel;
  return fallbackUrls.map((url, index) =>
    chatModel(deps, {
      provider: `${provider}_${index + 2}`,
      url,
      key: keyFor(fallbackKeys, index),
      model: entryFor(fallbackModels, index) || languageModel.model,
    }),
  );
}

function chatModel(
  deps: ThinkersDeps,
  { provider, url, key, model }: Omit<OwnModel, "isHard">,
): LanguageModel {
  const { config, clock, random, metrics, tracing } = deps;
  const { dialect, hasOutputSchema, answerSeconds } = config.languageModel;
  const shown = createProviderMetrics(metrics, provider);
  const breaker = new CircuitBreaker(BREAKER_DEFAULTS, clock, (state) => shown.showBreaker(state));
  const answerMsMax = answerSeconds * 1000;
  const times = { answerMsMax, silenceMsMax: answerMsMax, totalMsMax: 10 * answerMsMax };
  const asked = createChatModel(
    { provider, baseUrl: url, key, model, dialect, hasOutputSchema, ...times, retriesMax: 2 },
    { clock, random, metrics, breaker },
  );
  return createWatchedModel(asked, { provider, url, model }, { clock, tracing });
}

export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw invalid(`${path} must be a readable file`, cause);
  }
}

export function invalid(what: string, cause?: unknown): VoxError {
  const message = `Cannot set up the thinkers: ${what}`;
  return new VoxError(message, { code: "config_invalid", isRetryable: false, cause });
}
