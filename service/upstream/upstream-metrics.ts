// What operators see of the upstream. Labels are closed lists: a provider's error code that is not
// on the list counts as "other", so that no peer can make metrics grow.
import type { Counter, Histogram, Metrics } from "../contract/metrics.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import type { UpstreamClosure } from "../contract/upstream.ts";

export interface UpstreamMetrics {
  readonly eventsUnknown: Counter;
  readonly eventsMalformed: Counter;
  readonly eventsOversized: Counter;
  /** From open() to the checked session.updated. */
  readonly readyMs: Histogram;
  /** A ping there and back: what the network costs, beside our own share (D-27). */
  readonly roundTripMs: Histogram;
  countAppend(result: SendResult): void;
  countError(code: string): void;
  countClosed(reason: UpstreamClosure["reason"]): void;
}

/** Codes of protocols.md 1.5. */
const ERROR_CODES = [
  "conversation_already_has_active_response",
  "response_cancel_not_active",
  "input_audio_buffer_commit_empty",
  "input_audio_transcription_failed",
  "invalid_value",
  "item_truncate_invalid_item_id",
  "item_delete_invalid_item_id",
  "session_expired",
  "rate_limit_exceeded",
  "server_error",
  "invalid_api_key",
  "insufficient_quota",
  "other",
] as const;

const REASONS = ["closed_by_us", "lost", "refused", "expired", "timeout", "protocol"] as const;
const ROUND_TRIP_MS_BOUNDS = [1, 2, 5, 10, 20, 40, 60, 80, 100, 150, 200, 400, 1_000] as const;
const READY_MS_BOUNDS = [50, 100, 200, 400, 800, 1_600, 3_200, 6_400] as const;

export function createUpstreamMetrics(metrics: Metrics): UpstreamMetrics {
  const events = (kind: string) =>
    metrics.counter(
      "voxbridge_upstream_events_skipped_total",
      "Upstream events that were passed over",
      { kind },
    );
  const appends = (result: string) =>
    metrics.counter("voxbridge_upstream_appends_total", "Audio messages to the upstream", {
      result,
    });
  const errorOfCode = new Map<string, Counter>(
    ERROR_CODES.map((code) => [
      code,
      metrics.counter("voxbridge_upstream_errors_total", "Errors of the upstream", { code }),
    ]),
  );
  const closedOfReason = new Map<string, Counter>(
    REASONS.map((reason) => [
      reason,
      metrics.counter("voxbridge_upstream_closed_total", "Upstream sessions that ended", {
        reason,
      }),
    ]),
  );
  const sent = appends("sent");
  const buffered = appends("buffered");
  const dropped = appends("dropped");
  return {
    eventsUnknown: events("unknown"),
    eventsMalformed: events("malformed"),
    eventsOversized: events("oversized"),
    readyMs: metrics.histogram(
      "voxbridge_upstream_ready_ms",
      "Time from dialling to a checked session",
      READY_MS_BOUNDS,
    ),
    roundTripMs: metrics.histogram(
      "voxbridge_upstream_round_trip_ms",
      "A ping to the upstream and back",
      ROUND_TRIP_MS_BOUNDS,
    ),
    countAppend(result) {
      if (result === SEND.SENT) sent.add(1);
      else if (result === SEND.BUFFERED) buffered.add(1);
      else dropped.add(1);
    },
    countError: (code) => (errorOfCode.get(code) ?? errorOfCode.get("other"))?.add(1),
    countClosed: (reason) => closedOfReason.get(reason)?.add(1),
  };
}
