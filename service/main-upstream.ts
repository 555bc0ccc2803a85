// Who answers: a realtime API, the simulator, or the cascade of three engines (decision 19).
// Station: a part of main-service.ts; made once, gives every call an upstream of its own.
import { readFile } from "node:fs/promises";
import type { CascadeEngines } from "./cascade/cascade-settings.ts";
import { createCascadeFactory } from "./cascade/cascade-upstream.ts";
import type { Config } from "./config.ts";
import type { Clock, Random } from "./contract/clock.ts";
import type { Log } from "./contract/log.ts";
import type { Metrics } from "./contract/metrics.ts";
import type { UpstreamFactory } from "./contract/upstream.ts";
import type { Kernels } from "./core/kernels.ts";
import { VoxError } from "./errors.ts";
import { createCascadeEngines } from "./main-cascade.ts";
import { parseScript, type SimulatorScript } from "./simulator/script.ts";
import { createRealtimeSimulator, type Simulator } from "./simulator/simulator.ts";
import type { SimulatorOptions } from "./simulator/simulator-options.ts";
import { createOpenAiRealtimeFactory } from "./upstream/openai-realtime.ts";
import { createSteadyFactory } from "./upstream/steady-upstream.ts";

const SIMULATOR_MODEL = "simulator";
/** A partial less sure than this is not looked up (S2-31). */
const PREFETCH_CONFIDENCE_MIN = 0.7;

export interface UpstreamDeps {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly kernels: Kernels;
  readonly cascade?: CascadeEngines;
  readonly simulator?: Pick<SimulatorOptions, "script" | "limits" | "isRecorded">;
}

export interface ChosenUpstream {
  /** The one that answers, null when something real does. */
  readonly simulator: Simulator | null;
  readonly factory: UpstreamFactory;
  stop(): Promise<void>;
}

/** Errors: VoxError, with what to do. */
export async function upstreamOf(deps: UpstreamDeps): Promise<ChosenUpstream> {
  const { config, clock, random, log, metrics } = deps;
  if (config.upstream === "cascade") return cascadeOf(deps);
  const common = { clock, random, log, metrics };
  if (config.upstream === "openai") {
    const { realtimeUrl: url, realtimeModel: model } = config.openai;
    const factory = createOpenAiRealtimeFactory({ ...common, ...config.openai, url, model });
    return { simulator: null, factory: steady(deps, factory), stop: () => Promise.resolve() };
  }
  const script = await scriptOf(config.simulator.script);
  const address = { host: "127.0.0.1", port: 0 };
  const options = { ...(script && { script }), ...deps.simulator };
  const simulator = createRealtimeSimulator({ clock, random, ...address, ...options });
  const factory = createOpenAiRealtimeFactory({
    ...common,
    kind: "simulator",
    url: simulator.url,
    apiKey: "",
    model: SIMULATOR_MODEL,
  });
  return { simulator, factory: steady(deps, factory), stop: () => simulator.stop() };
}

/** Sessions with one socket each become one upstream for the call. */
function steady(deps: UpstreamDeps, factory: UpstreamFactory): UpstreamFactory {
  const { config, clock, random, log } = deps;
  const settings = {
    giveUpMs: config.openai.giveUpSeconds * 1000,
    rotateMs: config.openai.rotateMinutes * 60_000,
  };
  return createSteadyFactory({ factory, clock, random, log, settings });
}

/** Its engines connect by themselves, so nothing has to be kept steady. */
function cascadeOf(deps: UpstreamDeps): ChosenUpstream {
  const { config, clock, random, log, metrics } = deps;
  const { cascade } = config;
  const engines = deps.cascade ?? createCascadeEngines(cascade, deps);
  const factory = createCascadeFactory({
    engines,
    settings: {
      language: cascade.language,
      outputTokensMax: cascade.llm.outputTokensMax,
      transcriptMsMax: cascade.stt.transcriptSeconds * 1000,
      isOverlapped: cascade.isOverlapped,
      isPrefetched: true,
      confidenceMin: PREFETCH_CONFIDENCE_MIN,
      apology: cascade.apology,
      unheard: cascade.unheard,
    },
    clock,
    random,
    log,
    metrics,
  });
  const stop = () => {
    engines.speechToText.close();
    engines.languageModel.close();
    engines.speech.close();
    return Promise.resolve();
  };
  return { simulator: null, factory, stop };
}

async function scriptOf(path: string): Promise<SimulatorScript | undefined> {
  if (path === "") return undefined;
  try {
    return parseScript(await readFile(path, "utf8"));
  } catch (cause) {
    if (cause instanceof VoxError) throw cause;
    throw new VoxError(`Cannot read the simulator's script: ${path} must be a readable file`, {
      code: "config_invalid",
      isRetryable: false,
      cause,
    });
  }
}
