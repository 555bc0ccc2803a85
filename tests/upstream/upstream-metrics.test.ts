// Goal: what happens upstream is counted under labels that no peer can add to. Method: a registry
// that keeps the last total of each name and label; a real session and its faults.
import { describe, expect, test } from "bun:test";
import type { Metrics } from "../../service/contract/metrics.ts";
import { createReadyPair, patternAudio, receive } from "../support/loopback-pair.ts";

function countingMetrics(): { readonly metrics: Metrics; readonly totals: Map<string, number> } {
  const totals = new Map<string, number>();
  const counter = (name: string, labels?: Readonly<Record<string, string>>) => {
    const key = `${name}${labels === undefined ? "" : ` ${Object.values(labels).join(" ")}`}`;
    totals.set(key, 0);
    return (count: number) => void totals.set(key, (totals.get(key) ?? 0) + count);
  };
  const metrics: Metrics = {
    counter: (name, _help, labels) => ({ add: counter(name, labels) }),
    gauge: () => ({ set: () => undefined, add: () => undefined }),
    histogram(name, _help, _bounds, labels) {
      const add = counter(name, labels);
      return { observe: () => add(1) };
    },
  };
  return { metrics, totals };
}

describe("createUpstreamMetrics()", () => {
  test("counts appends, errors, odd events and ends, and invents no label", async () => {
    const { metrics, totals } = countingMetrics();
    await using pair = await createReadyPair({ upstream: { metrics } });
    const names = [...totals.keys()];
    pair.upstream.append(patternAudio(20, 8), 0, 160);
    pair.upstream.commit();
    await receive(pair, { type: "error", error: { code: "made_up_by_the_peer", message: "" } });
    await receive(pair, { type: "made.up" });
    await receive(pair, []);
    pair.upstream.close();
    await pair.until(() => pair.of("onClosed").length === 1);
    expect(Object.fromEntries([...totals].filter(([, total]) => total > 0))).toEqual({
      voxbridge_upstream_ready_ms: 1,
      "voxbridge_upstream_appends_total sent": 1,
      "voxbridge_upstream_errors_total input_audio_buffer_commit_empty": 1,
      "voxbridge_upstream_errors_total other": 1,
      "voxbridge_upstream_events_skipped_total unknown": 1,
      "voxbridge_upstream_events_skipped_total malformed": 1,
      "voxbridge_upstream_closed_total closed_by_us": 1,
    });
    expect([...totals.keys()]).toEqual(names);
  });
});
