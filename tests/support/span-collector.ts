// A collector on loopback that keeps what OpenTelemetry's exporter posts. For tests of spans.

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export interface SentSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceId: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code?: number };
}

export function startCollector() {
  const bodies: string[] = [];
  const headers: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const text = await request.text();
      if (new URL(request.url).pathname !== "/v1/traces") return new Response("", { status: 404 });
      headers.push(request.headers.get("x-team") ?? "");
      bodies.push(text);
      return Response.json({});
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    bodies,
    headers,
    spans: () =>
      bodies.flatMap((body) => {
        const { resourceSpans } = JSON.parse(body) as {
          resourceSpans: { scopeSpans: { spans: SentSpan[] }[] }[];
        };
        return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
      }),
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** As sent: a text, a number, a list of texts. */
export function attributeOf(span: SentSpan | undefined, key: string): unknown {
  const value = span?.attributes.find((attribute) => attribute.key === key)?.value ?? {};
  const { arrayValue } = value as { arrayValue?: { values: { stringValue: string }[] } };
  if (arrayValue !== undefined) return arrayValue.values.map(({ stringValue }) => stringValue);
  return Object.values(value)[0];
}
