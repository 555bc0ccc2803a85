// Numbers a running service shows: what the modules write to; service/telemetry keeps and prints.
// Order of calls: make every metric when the module is made (that allocates and may throw on a bad
// name), then only add, set and observe. Those never allocate, throw or log, so per-frame code may
// use them.

/** Fixed when the metric is made; few values each. Never a call id, a phone number or a text. */
export type MetricLabels = Readonly<Record<string, string>>;

export interface Counter {
  /** Adds `count` >= 0; a negative or non-finite count is ignored. */
  add(count: number): void;
}

export interface Gauge {
  set(value: number): void;
  /** Moves the value by `delta`, which may be negative. */
  add(delta: number): void;
}

export interface Histogram {
  /** Counts one value; a non-finite one is ignored. */
  observe(value: number): void;
}

/**
 * Makes metrics. Names are `voxbridge_<what>_<unit>`, a counter's ends in `_total`.
 * The same name and labels give the same metric again; the same name with another kind, help or
 * other bounds is our bug (assertion).
 */
export interface Metrics {
  counter(name: string, help: string, labels?: MetricLabels): Counter;
  gauge(name: string, help: string, labels?: MetricLabels): Gauge;
  /** `bounds`: upper bounds of the buckets in the metric's unit, growing. */
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    labels?: MetricLabels,
  ): Histogram;
}

/** Keeps nothing: for tests and for the library without a server. */
export const NO_METRICS: Metrics = {
  counter: () => ({ add: () => undefined }),
  gauge: () => ({ set: () => undefined, add: () => undefined }),
  histogram: () => ({ observe: () => undefined }),
};
