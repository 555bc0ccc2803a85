// Goal: a stage of ours that takes too long is counted every time and logged once per call; the
// breakdown tells where the time went. Method: times by hand, a log that keeps its lines.
import { describe, expect, test } from "bun:test";
import { CallLatency } from "../service/call-latency.ts";
import type { Log } from "../service/contract/log.ts";

const BUDGETS = {
  onset_to_upstream: 150,
  frame_to_upstream: 10,
  reaction: 10,
  end_to_commit: 10,
  audio_to_caller: 100,
};

function makeLatency(networkMs = -1) {
  const lines: unknown[] = [];
  const stages: unknown[] = [];
  const ignore = () => undefined;
  const log: Log = {
    debug: ignore,
    info: ignore,
    warn: (text, fields) => void lines.push([text, fields]),
    error: ignore,
    with: () => log,
  };
  const latency = new CallLatency({
    budgets: BUDGETS,
    log,
    onStage: (...observed) => void stages.push(observed),
    networkMs: () => networkMs,
  });
  return { latency, lines, stages };
}

describe("CallLatency", () => {
  test("S4-C23: over its budget a stage is counted each time and logged once; at the budget it is not", () => {
    const { latency, lines, stages } = makeLatency();
    latency.observe("reaction", 10);
    latency.observe("reaction", 12.5);
    latency.observe("reaction", 30);
    latency.observe("onset_to_upstream", 151);
    expect(stages).toEqual([
      ["reaction", 10, false],
      ["reaction", 12.5, true],
      ["reaction", 30, true],
      ["onset_to_upstream", 151, true],
    ]);
    const text = "latency budget exceeded";
    expect(lines).toEqual([
      [text, { stage: "reaction", durationMs: 12.5, budgetMs: 10 }],
      [text, { stage: "onset_to_upstream", durationMs: 151, budgetMs: 150 }],
    ]);
  });

  test("S4-C23: the breakdown holds the measured stages in the order of the frame's way", () => {
    const { latency } = makeLatency();
    expect(latency.breakdown()).toEqual([]);
    latency.observe("end_to_commit", 1);
    latency.observe("onset_to_upstream", 40);
    latency.observe("onset_to_upstream", 60);
    expect(latency.breakdown()).toEqual([
      { stage: "onset_to_upstream", budgetMs: 150, count: 2, meanMs: 50, maxMs: 60, violations: 0 },
      { stage: "end_to_commit", budgetMs: 10, count: 1, meanMs: 1, maxMs: 1, violations: 0 },
    ]);
    expect(latency.summary()).toEqual({
      stagesMs: "onset_to_upstream 60.0/50.0, end_to_commit 1.0/1.0",
      networkMs: undefined,
    });
  });

  test("S4-C23, D-27: the network's time stands beside the stages and in none of them", () => {
    const { latency, lines } = makeLatency(340.6);
    latency.observe("reaction", 2);
    expect(latency.figures()).toEqual({ stages: latency.breakdown(), networkMs: 340.6 });
    expect(latency.summary()).toEqual({ stagesMs: "reaction 2.0/2.0", networkMs: 341 });
    expect(lines).toEqual([]);
  });
});
