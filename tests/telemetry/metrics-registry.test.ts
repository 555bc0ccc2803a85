// Goal: what Prometheus reads is right to the byte, and misuse is found when a metric is made.
// Method: whole printed texts, written by hand after the exposition format 0.0.4.
import { describe, expect, test } from "bun:test";
import { AssertionError } from "../../service/assert.ts";
import { createMetricsRegistry } from "../../service/telemetry/metrics-registry.ts";
import { createServiceMetrics } from "../../service/telemetry/service-metrics.ts";

describe("createMetricsRegistry()", () => {
  test("createMetricsRegistry() prints counters and gauges with help, type and labels", () => {
    const metrics = createMetricsRegistry();
    const twilio = metrics.counter("calls_total", "Calls", { upstream: "openai", route: "twilio" });
    metrics.counter("calls_total", "Calls", { route: "stream", upstream: "openai" }).add(1);
    twilio.add(2);
    const depth = metrics.gauge("queue_ms", "Depth");
    depth.set(40);
    depth.add(-60);
    expect(metrics.print()).toBe(
      [
        "# HELP calls_total Calls",
        "# TYPE calls_total counter",
        'calls_total{route="twilio",upstream="openai"} 2',
        'calls_total{route="stream",upstream="openai"} 1',
        "# HELP queue_ms Depth",
        "# TYPE queue_ms gauge",
        "queue_ms -20",
        "",
      ].join("\n"),
    );
  });

  test("createMetricsRegistry() counts a value into its bucket and every wider one", () => {
    const metrics = createMetricsRegistry();
    const latency = metrics.histogram("latency_ms", "Latency", [1, 2.5, 10], { route: "x" });
    for (const value of [0.5, 1, 1.5, 2.5, 11, Number.NaN, Infinity]) latency.observe(value);
    expect(metrics.print()).toBe(
      [
        "# HELP latency_ms Latency",
        "# TYPE latency_ms histogram",
        'latency_ms_bucket{route="x",le="1"} 2',
        'latency_ms_bucket{route="x",le="2.5"} 4',
        'latency_ms_bucket{route="x",le="10"} 4',
        'latency_ms_bucket{route="x",le="+Inf"} 5',
        'latency_ms_sum{route="x"} 16.5',
        'latency_ms_count{route="x"} 5',
        "",
      ].join("\n"),
    );
  });

  test("createMetricsRegistry() escapes help and label values", () => {
    const metrics = createMetricsRegistry();
    metrics.gauge("a", "one\ntwo \\ three", { text: 'say "\\"\nnow' }).set(1);
    expect(metrics.print()).toBe(
      '# HELP a one\\ntwo \\\\ three\n# TYPE a gauge\na{text="say \\"\\\\\\"\\nnow"} 1\n',
    );
  });

  test("createMetricsRegistry() gives the same metric for the same labels in any order", () => {
    const metrics = createMetricsRegistry();
    const first = metrics.counter("a_total", "A", { x: "1", y: "2" });
    expect(metrics.counter("a_total", "A", { y: "2", x: "1" })).toBe(first);
  });

  test("createMetricsRegistry() never lets a counter fall", () => {
    const metrics = createMetricsRegistry();
    const counter = metrics.counter("a_total", "A");
    for (const count of [3, -1, Number.NaN, Infinity]) counter.add(count);
    expect(metrics.print()).toContain("a_total 3\n");
  });

  test("createMetricsRegistry() asks its callbacks before it prints", () => {
    const metrics = createMetricsRegistry();
    const gauge = metrics.gauge("a", "A");
    metrics.onPrint(() => gauge.add(1));
    metrics.print();
    expect(metrics.print()).toContain("a 2\n");
  });

  test("createMetricsRegistry() refuses a metric that contradicts an earlier one", () => {
    const metrics = createMetricsRegistry();
    metrics.gauge("a", "A");
    metrics.histogram("h", "H", [1]);
    expect(() => metrics.gauge("a", "other help")).toThrow(AssertionError);
    expect(() => metrics.histogram("a", "A", [1])).toThrow(AssertionError);
    expect(() => metrics.histogram("h", "H", [1, 2])).toThrow(AssertionError);
    expect(() => metrics.histogram("i", "I", [2, 1])).toThrow(AssertionError);
    expect(() => metrics.counter("no_ending", "A")).toThrow(AssertionError);
    expect(() => metrics.gauge("Bad-Name", "A")).toThrow(AssertionError);
  });

  test("T28: createMetricsRegistry() refuses labels that grow with the calls", () => {
    const metrics = createMetricsRegistry();
    const make = () => {
      for (let call = 0; call < 1000; call += 1) {
        metrics.counter("calls_total", "Calls", { call: String(call) });
      }
    };
    expect(make).toThrow(AssertionError);
  });
});

describe("createServiceMetrics()", () => {
  test("RT-15, S4-C08: createServiceMetrics() prints every metric from the start, with zeros", () => {
    const metrics = createMetricsRegistry();
    createServiceMetrics(metrics);
    const text = metrics.print();
    for (const line of [
      'voxbridge_calls_total{route="twilio",upstream="openai"} 0',
      'voxbridge_turn_latency_ms_count{route="stream",upstream="simulator"} 0',
      'voxbridge_sends_total{result="dropped"} 0',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
  });

  test("createServiceMetrics() reads the process's memory when it prints", () => {
    const metrics = createMetricsRegistry();
    createServiceMetrics(metrics);
    const bytes = Number(/^process_resident_memory_bytes (\d+)$/m.exec(metrics.print())?.[1]);
    expect(bytes).toBeGreaterThan(1_000_000);
  });
});
