// Goal: our own share of the routing time raises an alarm when it is too long (S1-25). Method: the
// metrics as printed.
import { expect, test } from "bun:test";
import { createMetricsRegistry } from "../../service/telemetry/metrics-registry.ts";
import { createThinkerMetrics } from "../../service/thinker/thinker-metrics.ts";

test("S1-25: a dispatch over 5 ms is counted, one of 5 ms is not", () => {
  const registry = createMetricsRegistry();
  const metrics = createThinkerMetrics(registry, ["knowledge"]);
  const printed = () => registry.print();
  metrics.observeDispatch(0.1);
  metrics.observeDispatch(5);
  expect(printed()).toContain("voxbridge_thinker_dispatch_over_total 0\n");
  metrics.observeDispatch(5.1);
  expect(printed()).toContain("voxbridge_thinker_dispatch_over_total 1\n");
  expect(printed()).toContain("voxbridge_thinker_dispatch_ms_count 3\n");
});
