// Keeps counters, gauges and histograms and prints them for Prometheus.
// Every metric is made once with its labels; after that add, set and observe touch one number or
// one typed array and never allocate, so per-frame code may use them.
// Source: Prometheus text exposition format 0.0.4.
// https://prometheus.io/docs/instrumenting/exposition_formats/
import { assert } from "../assert.ts";
import type { Counter, Gauge, Histogram, MetricLabels, Metrics } from "../contract/metrics.ts";

/**
 * Label sets of one name; more is a sign of a call id or a caller in a label (T28). The most are
 * providers (speech, text, voice, one per thinker) by failure code: some fifteen by ten.
 */
const SERIES_PER_NAME_MAX = 256;
const NAME_FORM = /^[a-z][a-z0-9_]*$/;

export interface MetricsRegistry extends Metrics {
  /** Calls back before each print, to set gauges that are cheaper to read than to keep. */
  onPrint(callback: () => void): void;
  /** All metrics in the order they were made. */
  print(): string;
}

type Kind = "counter" | "gauge" | "histogram";

/** One name: its kind, its help and its series by label text. */
interface Family {
  readonly name: string;
  readonly kind: Kind;
  readonly help: string;
  readonly bounds: string;
  readonly series: Map<string, Series>;
}

interface Series {
  readonly metric: Counter | Gauge | Histogram;
  readonly lines: () => string[];
}

interface SeriesRequest {
  readonly name: string;
  readonly kind: Kind;
  readonly help: string;
  readonly labels: MetricLabels;
  readonly bounds: readonly number[];
}

/** An empty registry. */
export function createMetricsRegistry(): MetricsRegistry {
  const families = new Map<string, Family>();
  const callbacks: (() => void)[] = [];
  return {
    counter: (name, help, labels = {}) =>
      seriesOf(families, { name, kind: "counter", help, labels, bounds: [] }) as Counter,
    gauge: (name, help, labels = {}) =>
      seriesOf(families, { name, kind: "gauge", help, labels, bounds: [] }) as Gauge,
    histogram: (name, help, bounds, labels = {}) =>
      seriesOf(families, { name, kind: "histogram", help, labels, bounds }) as Histogram,
    onPrint: (callback) => void callbacks.push(callback),
    print() {
      for (const callback of callbacks) callback();
      return `${[...families.values()].flatMap(familyLines).join("\n")}\n`;
    },
  };
}

function seriesOf(families: Map<string, Family>, request: SeriesRequest): Series["metric"] {
  const { name, kind, help, labels, bounds } = request;
  assert(NAME_FORM.test(name), "a metric name must be lower snake case");
  assert((kind === "counter") === name.endsWith("_total"), "counters alone end in _total");
  let family = families.get(name);
  if (family === undefined) {
    family = { name, kind, help, bounds: bounds.join(), series: new Map() };
    families.set(name, family);
  }
  assert(family.kind === kind, "a metric name must keep its kind");
  assert(family.help === help, "a metric name must keep its help");
  assert(family.bounds === bounds.join(), "a metric name must keep its bounds");
  const labelText = labelTextOf(labels);
  let series = family.series.get(labelText);
  if (series === undefined) {
    assert(family.series.size < SERIES_PER_NAME_MAX, "a metric must have few label sets");
    series = newSeries(request, labelText);
    family.series.set(labelText, series);
  }
  return series.metric;
}

/**
 * `{route="twilio",upstream="openai"}` without the braces; labels sorted, so order never matters.
 */
function labelTextOf(labels: MetricLabels): string {
  return Object.entries(labels)
    .sort(([first], [second]) => (first < second ? -1 : 1))
    .map(([name, text]) => {
      assert(NAME_FORM.test(name), "a label name must be lower snake case");
      return `${name}="${escaped(text).replaceAll('"', '\\"')}"`;
    })
    .join(",");
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function newSeries({ name, kind, bounds }: SeriesRequest, labelText: string): Series {
  switch (kind) {
    case "counter":
      return counter(seriesName(name, labelText));
    case "gauge":
      return gauge(seriesName(name, labelText));
    case "histogram":
      return histogram(name, labelText, bounds);
  }
}

function counter(title: string): Series {
  let total = 0;
  const add = (count: number): void => {
    if (count > 0 && Number.isFinite(count)) total += count;
  };
  return { metric: { add }, lines: () => [`${title} ${total}`] };
}

function gauge(title: string): Series {
  let current = 0;
  return {
    metric: {
      set(value: number) {
        current = value;
      },
      add(delta: number) {
        current += delta;
      },
    },
    lines: () => [`${title} ${numberText(current)}`],
  };
}

function histogram(name: string, labelText: string, bounds: readonly number[]): Series {
  assert(bounds.length > 0, "a histogram must have bounds");
  assert(
    bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? bound)),
    "bounds must grow",
  );
  const upper = Float64Array.from(bounds);
  const counts = new Float64Array(bounds.length + 1);
  let sum = 0;
  return {
    metric: {
      observe(observed: number) {
        if (!Number.isFinite(observed)) return;
        let index = 0;
        while (index < upper.length && observed > (upper[index] ?? 0)) index += 1;
        counts[index] = (counts[index] ?? 0) + 1;
        sum += observed;
      },
    },
    lines() {
      const lines: string[] = [];
      const prefix = labelText === "" ? "" : `${labelText},`;
      let cumulative = 0;
      for (let index = 0; index < counts.length; index += 1) {
        cumulative += counts[index] ?? 0;
        const bound = index < bounds.length ? numberText(bounds[index] ?? 0) : "+Inf";
        lines.push(`${name}_bucket{${prefix}le="${bound}"} ${cumulative}`);
      }
      lines.push(`${seriesName(`${name}_sum`, labelText)} ${numberText(sum)}`);
      lines.push(`${seriesName(`${name}_count`, labelText)} ${cumulative}`);
      return lines;
    },
  };
}

function familyLines({ name, kind, help, series }: Family): string[] {
  const head = [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${kind}`];
  return [...head, ...[...series.values()].flatMap((one) => one.lines())];
}

function seriesName(name: string, labelText: string): string {
  return labelText === "" ? name : `${name}{${labelText}}`;
}

function numberText(number: number): string {
  if (Number.isFinite(number)) return String(number);
  return Number.isNaN(number) ? "NaN" : number > 0 ? "+Inf" : "-Inf";
}
