// Child of metrics-alloc.test.ts: counts, sets and observes as per-frame code does, and prints how
// much the process grew. Started with BUN_JSC_logGC=1, the runtime writes a line per collection.
//
// Usage: bun tests/alloc/metrics-counts.ts <rounds> [planted]
//   planted: makes one object per round, the garbage this test must be able to see.
import { createMetricsRegistry } from "../../service/telemetry/metrics-registry.ts";

const WARM_UP_ROUNDS = 100_000;
const rounds = Number(process.argv[2] ?? WARM_UP_ROUNDS);
const isPlanted = process.argv[3] === "planted";

const metrics = createMetricsRegistry();
const counter = metrics.counter("frames_total", "Frames", { route: "twilio" });
const gauge = metrics.gauge("queue_ms", "Depth");
const histogram = metrics.histogram("frame_time_us", "Time", [1, 2, 5, 10, 20, 50, 100]);
const kept: unknown[] = [null];

function run(count: number): void {
  for (let round = 0; round < count; round += 1) {
    counter.add(1);
    gauge.set(round * 0.5);
    gauge.add(0.25);
    histogram.observe((round % 200) + 0.5);
    if (isPlanted) kept[0] = { round, text: `${round}` };
  }
}

run(WARM_UP_ROUNDS);
Bun.gc(true);
const before = process.memoryUsage.rss();

run(rounds);
const rssGrowth = process.memoryUsage.rss() - before;
console.log(JSON.stringify({ rounds, rssGrowth, printed: metrics.print().length }));
