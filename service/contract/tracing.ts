// Spans of a call for whoever watches many of them (OpenTelemetry behind it, or nothing).
// Order: root(), then children of it, each ended once; close() last sends what is left. Rare calls
// only, never per frame. Times are wall ms, so that spans of several services fit together.
// Values: numbers, names and ids of ours; never a transcript, a caller's identity or a key.

export type SpanValue = string | number | boolean | readonly string[];
export type SpanValues = Readonly<Record<string, SpanValue>>;

/** What a span is of, for those who draw it: our own work, or a call to somebody else. */
export type SpanKind = "internal" | "server" | "client";

export interface TraceSpan {
  set(values: SpanValues): void;
  /** Something that happened inside it. */
  note(name: string, wallMs: number, values: SpanValues): void;
  child(name: string, kind: SpanKind, wallMs: number, values: SpanValues): TraceSpan;
  /** problem: "" when all went well. */
  end(wallMs: number, problem: string): void;
}

/** Runs an act; what it asks of others, also later, is shown under one span. */
export type Within = <Value>(act: () => Value) => Value;

export interface Tracing {
  root(name: string, wallMs: number, values: SpanValues): TraceSpan;
  /** As Within, for the span given. */
  within<Value>(span: TraceSpan, act: () => Value): Value;
  /** The span that the act at hand runs within; null: none, so nothing is shown of it. */
  current(): TraceSpan | null;
  /** Sends what is left, within the exporter's own deadline. */
  close(): Promise<void>;
}

const NO_SPAN: TraceSpan = {
  set: () => undefined,
  note: () => undefined,
  child: () => NO_SPAN,
  end: () => undefined,
};

/** Nobody watches. */
export const NO_TRACING: Tracing = {
  root: () => NO_SPAN,
  within: (_span, act) => act(),
  current: () => null,
  close: () => Promise.resolve(),
};
