// Spans to an OpenTelemetry collector over OTLP/HTTP. Station: made by main when an endpoint is
// configured; the packages are loaded only then, so that nobody else pays for them.
// Source: OTLP 1.x, semantic conventions of gen_ai. Decision: 0066.
// Limits: 2,048 spans wait for the collector, further ones are dropped by the library; a request
// takes at most 3 s, retries included, so a stop waits no longer than that.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Attributes, Context, HrTime, Span } from "@opentelemetry/api";
import type { SpanKind, SpanValues, TraceSpan, Tracing } from "../contract/tracing.ts";
import type { Log } from "../contract/log.ts";
import { VoxError } from "../errors.ts";

const SPANS_WAITING_MAX = 2_048;
const EXPORT_MS_MAX = 3_000;
const EXPORT_EVERY_MS = 2_000;

export interface OtlpTracingSettings {
  /** Of the collector; /v1/traces is added when the path does not end with it. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
}

type Api = typeof import("@opentelemetry/api");

/** Throws VoxError `config_invalid` when the packages are not installed. */
export async function createOtlpTracing(settings: OtlpTracingSettings, log: Log): Promise<Tracing> {
  const { api, provider } = await loadProvider(settings);
  const tracer = provider.getTracer("voxbridge");
  // What a thinker asks is asked by code of others, many awaits later: nothing else reaches there.
  const acts = new AsyncLocalStorage<TraceSpan>();
  const kinds: Readonly<Record<SpanKind, number>> = {
    internal: api.SpanKind.INTERNAL,
    server: api.SpanKind.SERVER,
    client: api.SpanKind.CLIENT,
  };
  const start = (
    name: string,
    kind: SpanKind,
    wallMs: number,
    values: SpanValues,
    parent: Context,
  ): TraceSpan => {
    const options = { kind: kinds[kind], startTime: timeOf(wallMs), attributes: copyOf(values) };
    return wrap(tracer.startSpan(name, options, parent));
  };
  const wrap = (span: Span): TraceSpan => ({
    set: (values) => void span.setAttributes(copyOf(values)),
    note: (name, wallMs, values) => void span.addEvent(name, copyOf(values), timeOf(wallMs)),
    child: (name, kind, wallMs, values) =>
      start(name, kind, wallMs, values, api.trace.setSpan(api.ROOT_CONTEXT, span)),
    end(wallMs, problem) {
      if (problem !== "") span.setStatus({ code: api.SpanStatusCode.ERROR, message: problem });
      span.end(timeOf(wallMs));
    },
  });
  return {
    root: (name, wallMs, values) => start(name, "server", wallMs, values, api.ROOT_CONTEXT),
    within: (span, act) => acts.run(span, act),
    current: () => acts.getStore() ?? null,
    async close() {
      try {
        await provider.shutdown();
      } catch (error) {
        // The service stops all the same: spans are for watching, not for working.
        log.warn("spans not sent", { error: error instanceof Error ? error : undefined });
      }
    },
  };
}

async function loadProvider({ endpoint, headers, serviceName }: OtlpTracingSettings) {
  try {
    const api: Api = await import("@opentelemetry/api");
    const { BatchSpanProcessor, TracerProvider } = await import("@opentelemetry/sdk-trace");
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
    const { resourceFromAttributes } = await import("@opentelemetry/resources");
    const url = endpoint.endsWith("/v1/traces")
      ? endpoint
      : `${endpoint.replace(/\/+$/, "")}/v1/traces`;
    const exporter = new OTLPTraceExporter({ url, headers, timeoutMillis: EXPORT_MS_MAX });
    const processor = new BatchSpanProcessor({
      exporter,
      maxQueueSize: SPANS_WAITING_MAX,
      scheduledDelayMillis: EXPORT_EVERY_MS,
      exportTimeoutMillis: EXPORT_MS_MAX,
    });
    const resource = resourceFromAttributes({ "service.name": serviceName });
    return { api, provider: new TracerProvider({ resource, spanProcessors: [processor] }) };
  } catch (cause) {
    throw new VoxError(
      "Cannot send spans: the OpenTelemetry packages did not load, must be installed",
      { code: "config_invalid", isRetryable: false, cause },
    );
  }
}

/** Lists as the package wants them, its own to keep. */
function copyOf(values: SpanValues): Attributes {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "object" ? [...value] : value,
    ]),
  );
}

/** As seconds and nanoseconds: a plain number could be read as time since the process began. */
function timeOf(wallMs: number): HrTime {
  const seconds = Math.floor(wallMs / 1000);
  return [seconds, Math.round((wallMs - seconds * 1000) * 1e6)];
}
