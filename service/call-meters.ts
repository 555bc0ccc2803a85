// The numbers of calls: turns what one call tells into the service's metrics.
// Station: made once per route by the composition, shared by all its calls; adds, never allocates.
import type { ConversationCount } from "./contract/call-effects.ts";
import { CALL_FAULTS, type CallFault } from "./contract/call-faults.ts";
import type { LatencyStage } from "./contract/latency.ts";
import type { Metrics } from "./contract/metrics.ts";
import { SEND, type SendResult } from "./contract/send-result.ts";
import type { RouteLabel, ServiceMetrics, UpstreamLabel } from "./telemetry/service-metrics.ts";

/** Numbers one call writes to; made by the service, shared by calls of the same kind. */
export interface CallMeters {
  onOpened(): void;
  onEnded(durationMs: number): void;
  onTurnLatency(perceivedMs: number, commitMs: number): void;
  /** A stage of ours took so long; isOver: longer than its budget. */
  onStage(stage: LatencyStage, durationMs: number, isOver: boolean): void;
  onSent(result: SendResult): void;
  /** From the event that decided to the clear on its way. */
  onBargeIn(reactionMs: number): void;
  onCount(name: ConversationCount): void;
  onFault(fault: CallFault): void;
  /** From the early silence to the confirmed end of a turn. */
  onSavedMs(savedMs: number): void;
}

const CONVERSATION_COUNTS: readonly ConversationCount[] = [
  "turn_committed",
  "turn_too_short",
  "turn_end_unheard",
  "turn_continued",
  "turn_vote_asked",
  "turn_vote_over",
  "turn_vote_goes_on",
  "turn_vote_late",
  "turn_vote_failed",
  "false_onset",
  "barge_in",
  "barge_in_paused",
  "barge_in_ducked",
  "protected_speech_dropped",
  "protected_speech_committed",
  "response_asked",
  "response_stale",
  "response_expired",
  "response_already_active",
  "response_resync",
  "answer_again",
  "answer_failed",
  "answer_unbegun",
  "late_audio_dropped",
  "truncated",
  "item_deleted",
  "speculation_begun",
  "speculation_hit",
  "speculation_miss",
  "speculation_dropped",
  "speculation_off",
  "take_back_overdue",
  "tool_output_cut",
  "tool_output_kept",
  "tool_output_lost",
  "idle_nudge",
  "idle_goodbye",
];

export interface CallMetersParts {
  readonly service: ServiceMetrics;
  readonly metrics: Metrics;
  readonly route: RouteLabel;
  readonly upstream: UpstreamLabel;
}

/** Meters for the calls of one route. */
export function createCallMeters({
  service,
  metrics,
  route,
  upstream,
}: CallMetersParts): CallMeters {
  const calls = service.calls[route][upstream];
  const counts = new Map(
    CONVERSATION_COUNTS.map((what) => [
      what,
      metrics.counter("voxbridge_conversation_total", "What conversations did", { what }),
    ]),
  );
  const faults = new Map(
    CALL_FAULTS.map((fault) => [
      fault,
      metrics.counter("voxbridge_call_faults_total", "What went wrong beside calls", { fault }),
    ]),
  );
  return {
    onFault: (fault) => faults.get(fault)?.add(1),
    onOpened() {
      calls.opened.add(1);
      calls.active.add(1);
    },
    onEnded(durationMs) {
      calls.active.add(-1);
      calls.durationSeconds.observe(durationMs / 1000);
    },
    onTurnLatency(perceivedMs, commitMs) {
      calls.turnLatencyMs.observe(perceivedMs);
      service.commitLatencyMs.observe(commitMs);
    },
    onStage(stage, durationMs, isOver) {
      const { durationsMs, violations } = service.stages[stage];
      durationsMs.observe(durationMs);
      if (isOver) violations.add(1);
    },
    onSent(result) {
      if (result === SEND.SENT) service.sends.sent.add(1);
      else if (result === SEND.BUFFERED) service.sends.buffered.add(1);
      else service.sends.dropped.add(1);
    },
    onBargeIn(reactionMs) {
      service.bargeIns.add(1);
      service.bargeInLatencyMs.observe(reactionMs);
    },
    onSavedMs(savedMs) {
      service.speculationSavedMs.observe(savedMs);
    },
    onCount(name) {
      counts.get(name)?.add(1);
      if (name === "turn_committed") service.turns.add(1);
    },
  };
}
