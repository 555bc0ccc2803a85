// What all sessions with one Realtime API server share: where it is, how it is spoken to, what is
// counted. Station: made once by the upstream's factory (openai-realtime.ts), read by its sessions.
import type { Clock, Random } from "../contract/clock.ts";
import { type Log, SILENT_LOG } from "../contract/log.ts";
import { type Metrics, NO_METRICS } from "../contract/metrics.ts";
import type { RealtimeDialect } from "../wire/realtime-dialect.ts";
import { type KeyHeader, realtimeHeaders, realtimeUrl } from "../provider/upstream-address.ts";
import { createUpstreamMetrics, type UpstreamMetrics } from "./upstream-metrics.ts";
import { createUpstreamStats, type UpstreamStats } from "./upstream-stats.ts";

export interface OpenAiRealtimeDeps {
  /** ws:// or wss://, with path; `?model=` is added. */
  readonly url: string;
  /** "" for none. Never sent over ws:// to another machine. */
  readonly apiKey: string;
  readonly model: string;
  /** Which header carries the key; "auto": api-key at Azure's addresses, else authorization. */
  readonly keyHeader?: KeyHeader;
  readonly clock: Clock;
  readonly random: Random;
  /** How its commands are written; "ga" unless said. */
  readonly dialect?: RealtimeDialect;
  /** A server whose echo says nothing of turn detection or formats is believed (default: no). */
  readonly isSilentEchoAccepted?: boolean;
  /** Names what the other side is; "openai" unless said. */
  readonly kind?: "openai" | "simulator";
  readonly metrics?: Metrics;
  readonly log?: Log;
  /** Counts of all sessions of this factory. */
  readonly stats?: UpstreamStats;
}

export interface RealtimeShared {
  readonly kind: "openai" | "simulator";
  readonly model: string;
  readonly apiKey: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dialect: RealtimeDialect;
  readonly isSilentEchoAccepted: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly stats: UpstreamStats;
  readonly metrics: UpstreamMetrics;
}

/** Throws VoxError `config_invalid` on a bad address. */
export function realtimeShared(deps: OpenAiRealtimeDeps): RealtimeShared {
  const url = realtimeUrl(deps.url, deps.model);
  const dialect = deps.dialect ?? "ga";
  return {
    kind: deps.kind ?? "openai",
    model: deps.model,
    apiKey: deps.apiKey,
    url,
    headers: realtimeHeaders({ url, apiKey: deps.apiKey, dialect, keyHeader: deps.keyHeader }),
    dialect,
    isSilentEchoAccepted: deps.isSilentEchoAccepted ?? false,
    clock: deps.clock,
    random: deps.random,
    log: deps.log ?? SILENT_LOG,
    stats: deps.stats ?? createUpstreamStats(),
    metrics: createUpstreamMetrics(deps.metrics ?? NO_METRICS),
  };
}
