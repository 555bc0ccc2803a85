// Opens one real call for the audio simulator, composed as main composes it.
import { CallService } from "../../../service/call-service.ts";
import type { CallMeters } from "../../../service/call-meters.ts";
import type { Log } from "../../../service/contract/log.ts";
import { type Metrics, NO_METRICS } from "../../../service/contract/metrics.ts";
import { NO_TRACING } from "../../../service/contract/tracing.ts";
import type { CallPort, CallRequest } from "../../../service/contract/transport.ts";
import { createAudioEngine } from "../../../service/engine/audio-engine.ts";
import { type AudioShared, createAudioShared } from "../../../service/engine/audio-shared.ts";
import { callSettings } from "../../../service/main-service.ts";
import { createSeededRandom } from "../../support/seeded-random.ts";
import { AudioUpstream } from "./audio-upstream.ts";
import type { AudioWorld } from "./audio-world.ts";
import { CaptureWatch } from "./capture-watch.ts";
import type { ServiceParts } from "./service-parts.ts";

export interface OpenedService {
  readonly service: CallService;
  readonly shared: AudioShared;
  readonly capture: CaptureWatch;
  readonly port: CallPort;
}

export function openService(world: AudioWorld, parts: ServiceParts): OpenedService {
  const { core, models, config } = parts;
  const { clock, knobs, dice } = world;
  const shared = createAudioShared({ core, clock, metrics: watchedMetrics(world) });
  let capture: CaptureWatch | null = null;
  const settings = callSettings(config);
  const routes = {
    ...settings.routes,
    stream: {
      ...settings.routes.stream,
      greeting: knobs.hasGreeting ? "Say hello." : "",
      isGreetingProtected: knobs.isGreetingProtected,
    },
  };
  const service = new CallService({
    settings: {
      ...settings,
      routes,
      bargeIn: { ...settings.bargeIn, action: knobs.bargeInAction },
    },
    clock,
    random: createSeededRandom(dice.between(1, 1_000_000)),
    log: watchedLog(world),
    models,
    upstreamName: "simulator",
    upstreamFactory: (session, listener) => {
      world.upstream = new AudioUpstream(world, session, listener);
      return world.upstream;
    },
    openEngine: ({ format, vad }, listener) => {
      const { fail } = world.rules;
      capture = new CaptureWatch(
        core,
        format,
        () => clock.nowMs(),
        (rule) => fail.call(world.rules, rule),
      );
      const engine = createAudioEngine(
        shared,
        { format, vad, mode: "latency" },
        world.engineWatch.listener(listener),
      );
      engine.initialize();
      return world.engineWatch.engine(engine);
    },
    metersFor: () => watchedMeters(world),
    tracing: NO_TRACING,
    recordings: {
      wait: () => new Uint8Array(),
      lost: () => new Uint8Array(),
      failed: () => new Uint8Array(),
    },
  });
  const port = service.open(requestOf(world), world.line, undefined);
  if ("refusal" in port) throw new Error(port.message);
  if (capture === null) throw new Error("The call has no engine");
  return { service, shared, capture, port };
}

function requestOf({ knobs }: AudioWorld): CallRequest {
  const { format, turnDetection, vadEngine } = knobs;
  return {
    transport: "protobuf",
    ...format,
    lane: undefined,
    turnDetection,
    voice: undefined,
    instructions: undefined,
    greeting: undefined,
    isGreetingProtected: undefined,
    vadEngine,
    metadata: new Map(),
    callerToken: undefined,
    keyId: "",
  };
}

/** Bugs that the service's guards catch end the simulation too. */
function watchedLog(world: AudioWorld): Log {
  const log: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (event, fields) => {
      const error = fields?.["error"];
      world.onBroken(error instanceof Error ? error : new Error(event));
    },
    with: () => log,
  };
  return log;
}

function watchedMetrics(world: AudioWorld): Metrics {
  return {
    ...NO_METRICS,
    counter: (name, help) =>
      name === "voxbridge_pacer_underruns_total"
        ? { add: () => world.engineWatch.onUnderrun() }
        : NO_METRICS.counter(name, help),
  };
}

function watchedMeters(world: AudioWorld): CallMeters {
  return {
    onOpened: () => world.count("calls"),
    onEnded: () => undefined,
    onTurnLatency: () => undefined,
    onSavedMs: () => undefined,
    onSent: () => undefined,
    onStage: () => undefined,
    onFault: () => undefined,
    onBargeIn: () => undefined,
    onCount: (name) => {
      world.count(name);
      if (name === "response_resync") world.rules.onResync();
    },
  };
}
