// Thinkers as the configuration says: language models, prompts, data sources, modules of users.
// Station: made once by main-service.ts; calls get the pool.
import { join, resolve } from "node:path";
import { PROMPTS } from "./assets.ts";
import type { ThinkingParts } from "./call-thinking.ts";
import { entryFor, NO_KEY } from "./config-cascade.ts";
import { GENERAL, HARD_DOMAINS } from "./config-thinkers.ts";
import type { ContextStore } from "./contract/caller-context.ts";
import type { LanguageModel } from "./contract/language-model.ts";
import type { CreateThinker, Thinker } from "./contract/thinker.ts";
import { INSTRUCTIONS_BYTES_MAX } from "./limits.ts";
import {
  invalid,
  isSimulated,
  modelFor,
  type OwnModel,
  readText,
  simulatorOf,
  type ThinkersDeps,
} from "./main-models.ts";
import { BREAKER_DEFAULTS, CircuitBreaker } from "./provider/circuit-breaker.ts";
import { createProviderHttp, type ProviderHttp } from "./provider/provider-http.ts";
import { createProviderMetrics } from "./provider/provider-metrics.ts";
import type { ChatSimulator } from "./simulator/chat-simulator.ts";
import { createClassifier } from "./thinker/classifier.ts";
import {
  createDefaultThinker,
  DEFAULT_DOMAINS,
  type DefaultDomain,
  type DefaultThinkerParts,
} from "./thinker/default-thinkers.ts";
import { ThinkerPool } from "./thinker/thinker-pool.ts";

/** Of a data source; forecasts have some 2 KB, articles some 20. */
const SOURCE_BYTES_MAX = 1024 * 1024;
const SOURCE_MS_MAX = 8_000;
const DOMAIN_FORM = /^[a-z][a-z_]{0,31}$/;

export interface RunningThinkers {
  /** store: of results. Its pool is null when none are configured, or none has a language model. */
  thinking(store: ContextStore): ThinkingParts;
  /** The general text model, null without a server or without anybody who needs it. */
  readonly model: LanguageModel | null;
  readonly chatSimulator: ChatSimulator | null;
  stop(): Promise<void>;
}

/** Throws VoxError `config_invalid` that says what is wrong with the thinkers. */
export async function startThinkers(deps: ThinkersDeps): Promise<RunningThinkers> {
  const { config } = deps;
  const { domains } = config.thinkers;
  const chatSimulator = domains.length > 0 && isSimulated(config) ? await simulatorOf(deps) : null;
  const models = new Map<string, LanguageModel>();
  const modelOf = (own: OwnModel) => modelFor(deps, chatSimulator, models, own);
  const model = modelOf({ provider: "language_model", model: "", url: "", key: "", isHard: false });
  const stop = async () => {
    for (const each of models.values()) each.close();
    await chatSimulator?.stop();
  };
  // Notes on callers are worth their requests where somebody will read them.
  const isNeeded = domains.length > 0 || config.context.pepper !== "";
  const running = { model: isNeeded ? model : null, chatSimulator, stop };
  try {
    const thinkers = await thinkersOf(deps, model, modelOf);
    if (thinkers.length === 0) {
      const none = { pool: null, responderPrompt: "", stallingPrompt: "" };
      return { ...running, thinking: (store) => ({ ...none, store }) };
    }
    const responderPrompt = await promptOf("responder", config.thinkers.prompts);
    const stallingPrompt = await promptOf("stalling", config.thinkers.prompts);
    const pool = poolOf(deps, thinkers, model);
    const thinking = (store: ContextStore) => ({ pool, store, responderPrompt, stallingPrompt });
    return { ...running, thinking };
  } catch (error) {
    await stop();
    throw error;
  }
}

function poolOf(deps: ThinkersDeps, thinkers: readonly Thinker[], model: LanguageModel | null) {
  const { config, clock, log, metrics } = deps;
  const { isClassified } = config.thinkers;
  if (isClassified && model === null) {
    log.warn("the voice chooses the domain: there is no general language model", {});
  }
  const { perCallMax, perProcessMax, progressMax } = config.thinkers;
  const timeoutMs = config.thinkers.classifySeconds * 1000;
  return new ThinkerPool({
    settings: {
      perCallMax,
      perProcessMax,
      progressMs: config.thinkers.progressSeconds * 1000,
      progressMax,
    },
    thinkers,
    classify:
      isClassified && model !== null
        ? createClassifier({ clock, model, thinkers, timeoutMs })
        : null,
    clock,
    log,
    metrics,
  });
}

type ModelOf = (own: OwnModel) => LanguageModel | null;

/** general: null when there is no server but those of single thinkers. */
async function thinkersOf(
  deps: ThinkersDeps,
  general: LanguageModel | null,
  modelOf: ModelOf,
): Promise<Thinker[]> {
  const { config, log } = deps;
  const sources = sourcesOf(deps);
  const thinkers: Thinker[] = [];
  const without: string[] = [];
  let ownIndex = 0;
  for (const name of config.thinkers.domains) {
    const known = DEFAULT_DOMAINS.find((domain) => domain === name);
    if (known === undefined) {
      const model = ownModel(deps, ownIndex, modelOf) ?? general ?? NO_MODEL;
      ownIndex += 1;
      const { clock, random, metrics } = deps;
      const create = await moduleOf(name);
      thinkers.push(checked(name, create({ clock, random, metrics, model })));
      continue;
    }
    const { url, key, model: named } = config.thinkers[known];
    const isHard = HARD_DOMAINS.has(known);
    const model = modelOf({ provider: `thinker_${known}`, model: named, url, key, isHard });
    if (model === null) without.push(known);
    else thinkers.push(await thinkerAlong(deps, known, { ...sources, model }));
  }
  if (without.length > 0) {
    log.warn("thinkers are off: there is no language model for them", { domains: without.join() });
  }
  const twice = thinkers.find(
    ({ domain }, index) => thinkers.findIndex((each) => each.domain === domain) !== index,
  );
  if (twice !== undefined) throw invalid(`${twice.domain} is there twice, must be once`);
  return thinkers;
}

/** The model that is configured for the own module at `index`, null: it has the general one. */
function ownModel(deps: ThinkersDeps, index: number, modelOf: ModelOf): LanguageModel | null {
  const { ownUrls, ownKeys, ownModels } = deps.config.thinkers;
  const url = ownEntry(ownUrls, index);
  const model = ownEntry(ownModels, index);
  if (url === "" && model === "") return null;
  const provider = `thinker_own_${index + 1}`;
  const key = ownEntry(ownKeys, index);
  return modelOf({ provider, model, url, key: key === NO_KEY ? "" : key, isHard: false });
}

function ownEntry(list: readonly string[], index: number): string {
  const entry = entryFor(list, index);
  return entry === GENERAL ? "" : entry;
}

async function thinkerAlong(
  { config, clock }: ThinkersDeps,
  domain: DefaultDomain,
  parts: Omit<DefaultThinkerParts, "clock" | "researchStepMsMin">,
): Promise<Thinker> {
  const { timeoutSeconds, cacheSeconds } = config.thinkers[domain];
  const settings = {
    prompt: await promptOf(domain, config.thinkers.prompts),
    timeoutMs: timeoutSeconds * 1000,
    cacheSeconds,
  };
  const researchStepMsMin = config.thinkers.researchStepSeconds * 1000;
  return createDefaultThinker(domain, settings, { ...parts, clock, researchStepMsMin });
}

/** What an own module is made with where there is no server: it may have no need of one. */
const NO_MODEL: LanguageModel = {
  name: "none",
  support: { hasTools: true, isStreaming: true, hasOutputSchema: false },
  // biome-ignore lint/correctness/useYield: it ends before its first piece.
  async *generate() {
    throw invalid("there is no language model, set VOXBRIDGE_LANGUAGE_MODEL_URL");
  },
  close: () => undefined,
};

function sourcesOf(
  deps: ThinkersDeps,
): Omit<DefaultThinkerParts, "clock" | "model" | "researchStepMsMin"> {
  const { sources } = deps.config;
  const source = (provider: string, baseUrl: string, key = "", keyHeader = "authorization") =>
    sourceOf(deps, { provider, baseUrl, key, keyHeader });
  return {
    openMeteo: {
      geocoding: source("geocoding", sources.geocodingUrl),
      forecast: source("forecast", sources.weatherUrl),
    },
    finnhub:
      sources.stocksKey === ""
        ? null
        : source("stocks", sources.stocksUrl, sources.stocksKey, "x-finnhub-token"),
    newsApi:
      sources.newsKey === "" ? null : source("news", sources.newsUrl, sources.newsKey, "x-api-key"),
  };
}

interface Source {
  readonly provider: string;
  readonly baseUrl: string;
  readonly key: string;
  readonly keyHeader: string;
}

function sourceOf({ clock, random, metrics }: ThinkersDeps, source: Source): ProviderHttp {
  const shown = createProviderMetrics(metrics, source.provider);
  const breaker = new CircuitBreaker(BREAKER_DEFAULTS, clock, (state) => shown.showBreaker(state));
  const settings = {
    ...source,
    answerMsMax: SOURCE_MS_MAX / 2,
    silenceMsMax: SOURCE_MS_MAX / 2,
    totalMsMax: SOURCE_MS_MAX,
    answerBytesMax: SOURCE_BYTES_MAX,
    retriesMax: 1,
  };
  return createProviderHttp(settings, { clock, random, metrics, breaker });
}

/** A module of the user's: relative to where the service runs, or a package. */
async function moduleOf(name: string): Promise<CreateThinker> {
  const isPath = /^[./]|\.[jt]s$/.test(name);
  let loaded: { createThinker?: unknown };
  try {
    loaded = (await import(isPath ? resolve(name) : name)) as { createThinker?: unknown };
  } catch (cause) {
    throw invalid(`${name} is no thinker that comes along, nor a module that can be loaded`, cause);
  }
  if (typeof loaded.createThinker !== "function") {
    throw invalid(`${name} exports no function createThinker, must export one`);
  }
  return loaded.createThinker as CreateThinker;
}

function checked(name: string, thinker: Thinker): Thinker {
  const { domain, timeoutMs, cacheSeconds } = thinker;
  if (!DOMAIN_FORM.test(domain)) throw invalid(`the domain of ${name} must be a-z and _`);
  if (!(timeoutMs > 0)) throw invalid(`timeoutMs of ${name} is ${timeoutMs}, must be over 0`);
  if (!(cacheSeconds >= 0)) throw invalid(`cacheSeconds of ${name} must be 0 or more`);
  return thinker;
}

/** The operator's file, else the one that comes along. */
async function promptOf(name: string, folder: string): Promise<string> {
  const own = folder === "" ? null : join(folder, `${name}.md`);
  const text = own !== null && (await Bun.file(own).exists()) ? await readText(own) : PROMPTS[name];
  if (Buffer.byteLength(text ?? "") <= INSTRUCTIONS_BYTES_MAX / 2) return (text ?? "").trim();
  throw invalid(`the prompt ${name}.md is over ${INSTRUCTIONS_BYTES_MAX / 2} bytes`);
}
