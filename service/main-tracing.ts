// Whether and where spans go, from the settings. Station: beside main-service.ts.
import type { Log } from "./contract/log.ts";
import { NO_TRACING, type Tracing } from "./contract/tracing.ts";
import { createOtlpTracing } from "./telemetry/otlp-tracing.ts";

export interface TracingSettings {
  /** "" for none. */
  readonly endpoint: string;
  /** NAME=VALUE each, values percent-encoded, as OTEL_EXPORTER_OTLP_HEADERS has them. */
  readonly headers: readonly string[];
  readonly serviceName: string;
}

export function createTracing(settings: TracingSettings, log: Log): Promise<Tracing> {
  const { endpoint, headers, serviceName } = settings;
  if (endpoint === "") return Promise.resolve(NO_TRACING);
  return createOtlpTracing({ endpoint, headers: headersOf(headers), serviceName }, log);
}

function headersOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
    }),
  );
}
