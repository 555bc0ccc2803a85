// The service in one piece: core, voice activity, engine, upstream, calls, listener (decision 19).
// Station: made by main.ts from the configuration, and by tests from a literal with their own
// clock. Nothing here reads the environment, a clock or randomness.
import { readCoreWasm } from "./assets.ts";
import { createCallMeters } from "./call-meters.ts";
import type { CallPlan } from "./call-plan.ts";
import { LANES_OFFERED } from "./call-plan.ts";
import { CallService, type CallServiceDeps, type CallServiceSettings } from "./call-service.ts";
import type { CascadeEngines } from "./cascade/cascade-settings.ts";
import { isHeardByRealtime } from "./config-cascade.ts";
import type { Config } from "./config.ts";
import type { AudioEngine, EngineListener } from "./contract/audio-engine.ts";
import type { Clock, Random } from "./contract/clock.ts";
import type { LanguageModel } from "./contract/language-model.ts";
import type { Log } from "./contract/log.ts";
import { loadCore } from "./core/core.ts";
import { warmUpCalls } from "./core/warm-up.ts";
import { createAudioEngine } from "./engine/audio-engine.ts";
import { type AudioShared, createAudioShared } from "./engine/audio-shared.ts";
import { VoxError } from "./errors.ts";
import { upstreamOf } from "./main-upstream.ts";
import type { Simulator } from "./simulator/simulator.ts";
import type { ChatSimulator } from "./simulator/chat-simulator.ts";
import type { SimulatorOptions } from "./simulator/simulator-options.ts";
import { createServiceMemory } from "./main-memory.ts";
import { TRANSCRIPTION_RATE_HZ } from "./speech-to-text/transcription-session.ts";
import { createMetricsRegistry, type MetricsRegistry } from "./telemetry/metrics-registry.ts";
import { loadRecordings } from "./main-recording.ts";
import type { ChatSimulatorBehaviour } from "./main-models.ts";
import { startThinkers } from "./main-thinkers.ts";
import { createTracing } from "./main-tracing.ts";
import { createServiceMetrics } from "./telemetry/service-metrics.ts";
import { type Listener, startListener } from "./transport/listener.ts";
import { createVadModels } from "./vad/vad-models.ts";

export interface ServiceDeps {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Frames each common format runs through the core before the first call; tests leave it out. */
  readonly warmUpFrames?: number;
  /** Instead of the configured engines of the cascade: for tests and for who embeds the service. */
  readonly cascade?: CascadeEngines;
  /** Writes the rolling summaries of calls; left out: the general text model, if there is one. */
  readonly summaryModel?: LanguageModel;
  /** For tests: how the chat simulator behaves, beyond the configuration. */
  readonly chatSimulator?: ChatSimulatorBehaviour;
  /** For tests: how the simulator behaves, beyond the configuration. */
  readonly simulator?: Pick<SimulatorOptions, "script" | "limits" | "isRecorded">;
  /** For programs that embed the service: what they add to its calls. */
  readonly embedding?: Embedding;
}

/** Stages and events of the big lane, open calls, a voter on turns' ends, what others know of a call. */
export type Embedding = Pick<
  CallServiceDeps,
  "stages" | "onEvents" | "onCall" | "turnEndVoter" | "lookUp"
>;

export interface RunningService {
  readonly port: number;
  /** Of the simulator that answers, null when a real upstream does. */
  readonly simulator: Simulator | null;
  /** Of the chat simulator that answers thinkers, null when a real model does. */
  readonly chatSimulator: ChatSimulator | null;
  readonly calls: CallService;
  readonly listener: Listener;
  readonly metrics: MetricsRegistry;
  /** Takes no new calls, waits for the open ones (at most drainMs), then stops. */
  drain(drainMs: number): Promise<void>;
  /** Stops now: sockets close with 1001. */
  stop(): Promise<void>;
}

/** Starts everything. Errors: VoxError, with what to do. */
export async function startService(deps: ServiceDeps): Promise<RunningService> {
  const { config, clock, random, log } = deps;
  const metrics = createMetricsRegistry();
  const service = createServiceMetrics(metrics);
  const core = loadCore(await readCoreWasm(), { slotsMax: config.callsMax });
  const models = await createVadModels({
    core,
    settings: config.vad,
    log,
    metrics,
  });
  if (deps.warmUpFrames !== undefined) warmUpCalls(core, deps.warmUpFrames);
  const poolBytes = config.audioPoolMegabytes * 1024 * 1024;
  const shared = createAudioShared({ core, clock, metrics, poolBytes });
  const chosen = await upstreamOf({ ...deps, metrics, kernels: core.kernels });
  const tracing = await createTracing(config.tracing, log);
  const thinkers = await startThinkers({ ...deps, metrics, tracing });
  const upstream = config.upstream;
  const meters = {
    stream: createCallMeters({ service, metrics, route: "stream", upstream }),
    twilio: createCallMeters({ service, metrics, route: "twilio", upstream }),
  };
  const memory = await createServiceMemory({
    ...{ config, clock, random, log, metrics },
    summaryModel: deps.summaryModel ?? thinkers.model,
  });
  const calls = new CallService({
    settings: callSettings(config),
    clock,
    random,
    log,
    models,
    thinking: thinkers.thinking(memory.store),
    upstreamName: upstream,
    upstreamFactory: chosen.factory,
    openEngine: (plan, listener) => openEngine(shared, plan, listener),
    metersFor: (plan) => meters[plan.route],
    tracing,
    memories: memory.memories,
    recordings: await loadRecordings(config.agent, core.kernels),
    ...deps.embedding,
  });
  const listener = startListener({
    settings: {
      ...config,
      lanes: LANES_OFFERED,
      twilioAuthTokens: config.twilio.authToken === "" ? [] : [config.twilio.authToken],
    },
    opener: calls,
    identities: memory.identities,
    callers: memory.isKept ? memory.memories : null,
    clock,
    random,
    metrics,
    metricsText: () => metrics.print(),
    log,
  });

  const stop = async () => {
    await listener.stop();
    await chosen.stop();
    await thinkers.stop();
    await memory.close();
    await models.close();
    await tracing.close();
  };
  return {
    port: listener.port,
    simulator: chosen.simulator,
    chatSimulator: thinkers.chatSimulator,
    calls,
    listener,
    metrics,
    async drain(drainMs) {
      listener.drain();
      await calls.drain(drainMs);
      // Last words and summaries; each has its own deadline.
      await memory.memories.settled();
      await stop();
    },
    stop,
  };
}

/** What calls are told of the configuration. */
export function callSettings(config: Config): CallServiceSettings {
  return {
    ...config,
    transcriptionModel: config.openai.transcriptionModel,
    cascadeRateHz: isHeardByRealtime(config.cascade.stt.urls) ? TRANSCRIPTION_RATE_HZ : null,
    latencyBudgets: {
      onset_to_upstream: config.latency.onsetToUpstreamMs,
      frame_to_upstream: config.latency.frameToUpstreamMs,
      reaction: config.latency.reactionMs,
      end_to_commit: config.latency.endToCommitMs,
      audio_to_caller: config.latency.audioToCallerMs,
    },
    goodbye: config.agent.goodbye,
  };
}

/** -> null when the core has no slot left. */
function openEngine(
  shared: AudioShared,
  plan: CallPlan,
  listener: EngineListener,
): AudioEngine | null {
  const { format, vad, vadModel } = plan;
  const beside = vadModel.source === "beside" ? { vadModel } : {};
  const config = { format, vad, mode: "latency" as const, ...beside };
  const engine = createAudioEngine(shared, config, listener);
  try {
    engine.initialize();
    return engine;
  } catch (error) {
    if (error instanceof VoxError && error.code === "slots_exhausted") return null;
    throw error;
  }
}
