// What one call is made of, given by the call service. Station: between call-service.ts and call.ts.
import type { Call } from "./call.ts";
import { CallFaults } from "./call-faults.ts";
import type { LatencyBudgets } from "./call-latency.ts";
import type { CallRecordings } from "./call-line.ts";
import type { CallMeters } from "./call-meters.ts";
import { type CallPlan, conversationSettings } from "./call-plan.ts";
import type { CallRecord } from "./call-record.ts";
import type { CallThinkingParts } from "./call-thinking.ts";
import type { AudioEngine, EngineListener } from "./contract/audio-engine.ts";
import type { CallEvents, CallStage } from "./contract/call-events.ts";
import type { Clock } from "./contract/clock.ts";
import type { StageSink } from "./contract/latency.ts";
import type { Log } from "./contract/log.ts";
import type { Tracing } from "./contract/tracing.ts";
import type { Transport } from "./contract/transport.ts";
import type { FastLaneDeps } from "./lane/fast/fast-lane-deps.ts";
import type { LaneOwner } from "./lane/fast/lane-owner.ts";
import type { EarlyUpstream } from "./upstream/early-upstream.ts";

export interface CallDeps {
  readonly id: string;
  readonly plan: CallPlan;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: CallMeters;
  readonly tracing: Tracing;
  readonly transport: Transport;
  readonly upstream: EarlyUpstream;
  readonly upstreamName: string;
  readonly callMinutesMax: number;
  readonly latencyBudgets: LatencyBudgets;
  /** What the agent is told to say when the call's time is up; "" to say nothing. */
  readonly goodbye: string;
  /** What the call knows and writes down of its caller; null: nothing. */
  readonly record: CallRecord | null;
  /** What the caller hears when the agent's line is away. */
  readonly recordings: CallRecordings;
  /** Makes and initializes the call's engine; null when every slot is taken. */
  readonly openEngine: (plan: CallPlan, listener: EngineListener) => AudioEngine | null;
  /** Stages of the big lane, in order. */
  readonly stages: readonly CallStage[];
  /** The call's events can be subscribed to; told once, before the first. */
  readonly onEvents: (callId: string, events: CallEvents) => void;
  /** null: nothing is asked, nor is the voice told of its caller. */
  readonly thinking: CallThinkingParts | null;
  /** The call is over and everything of it is freed. */
  readonly onOver: (call: Call) => void;
}

interface LaneOfCall {
  readonly engine: AudioEngine;
  readonly owner: LaneOwner;
  readonly stages: StageSink;
}

/** What the lane gets of it. */
export function fastLaneDeps(deps: CallDeps, of: LaneOfCall): FastLaneDeps {
  const { id, clock, log, upstream, transport, plan, meters } = deps;
  return {
    ...of,
    id,
    clock,
    upstream: upstream.upstream(),
    transport,
    upstreamSampleBytes: plan.format.upstreamEncoding === "pcm16" ? 2 : 1,
    settings: conversationSettings(plan),
    failedRecording: deps.recordings.failed(plan.session.format),
    turnEndVote: plan.turnEndVote ?? null,
    hybridDetector: plan.hybridDetector,
    onSavedMs: meters.onSavedMs,
    faults: new CallFaults(log, meters.onFault),
  };
}
