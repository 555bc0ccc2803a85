// The timeline and what is read from it, by hand; the report's lines as people see them.
import { describe, expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import { ServerFrameSchema } from "../../../gen/voxbridge/v1/stream_pb.ts";
import { fromPcm16 } from "../../../scripts/caller/audio-format.ts";
import type { AudioFormat } from "../../../scripts/caller/audio-format.ts";
import { entryLine, latencyLines } from "../../../scripts/caller/call-report.ts";
import type { Notice } from "../../../scripts/caller/line.ts";
import { speechSpan } from "../../../scripts/caller/speech-span.ts";
import { createTimeline, describeNotice, latencies } from "../../../scripts/caller/timeline.ts";
import type { StageFigures } from "../../../service/contract/latency.ts";
import type { CallNotice } from "../../../service/contract/transport.ts";
import { noticeMessage } from "../../../service/wire/server-frame.ts";
import { createSteppedClock } from "../../support/stepped-clock.ts";

const FORMAT = { encoding: "pcm16", rateHz: 16_000, channels: 1 } as const;
const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };

describe("createTimeline()", () => {
  test("counts from its making, keeps the order, tells its listener", () => {
    const clock = createSteppedClock();
    clock.advance(5_000);
    const heard: string[] = [];
    const timeline = createTimeline(clock, ({ kind }) => heard.push(kind));
    timeline.add("connected", "somewhere");
    clock.advance(1_234.5);
    timeline.add("agent_sounds");
    expect(timeline.entries.map(({ atMs }) => atMs)).toEqual([0, 1_234.5]);
    expect(heard).toEqual(["connected", "agent_sounds"]);
    expect(timeline.firstMs("agent_sounds")).toBe(1_234.5);
    expect(timeline.firstMs("agent_sounds", 2_000)).toBeUndefined();
  });
});

describe("latencies()", () => {
  const at = (atMs: number, kind: "i_speak" | "i_stop" | "agent_sounds" | "cleared") => ({
    atMs,
    kind,
    text: "",
  });

  test("takes the first sound after my words, and the cut after I began", () => {
    const entries = [
      at(0, "agent_sounds"),
      at(1_000, "i_speak"),
      at(2_000, "i_stop"),
      at(2_600, "agent_sounds"),
      at(2_700, "agent_sounds"),
      at(3_000, "i_speak"),
      at(3_250, "cleared"),
      at(4_000, "i_stop"),
      at(4_500, "agent_sounds"),
    ];
    expect(latencies(entries)).toEqual({ answerMs: [600, 500], interruptionMs: [250] });
    expect(latencyLines([entries])).toEqual([
      "end of my speech to first sound   p50 600 ms, p95 600 ms, max 600 ms, n 2",
      "my interruption to silence        250 ms",
    ]);
  });

  test("has nothing to say about a call without answers", () => {
    expect(latencyLines([[at(0, "i_speak")]])).toEqual([
      "end of my speech to first sound   none",
      "my interruption to silence        none",
    ]);
  });
});

describe("describeNotice()", () => {
  const text = (notice: CallNotice) => {
    const frame = create(ServerFrameSchema, { message: noticeMessage(notice, FORMAT) });
    return describeNotice(frame.message as Notice);
  };

  test("S4-C23: a call's latency is told by stage, with the network's beside it", () => {
    const stages: readonly StageFigures[] = [
      { stage: "reaction", budgetMs: 10, count: 2, meanMs: 0.25, maxMs: 0.44, violations: 0 },
      { stage: "audio_to_caller", budgetMs: 100, count: 1, meanMs: 20, maxMs: 20, violations: 0 },
    ];
    expect(text({ kind: "latency", stages, networkMs: 34 })).toBe(
      "reaction 0.4 of 10 ms (mean 0.3), audio to caller 20.0 of 100 ms (mean 20.0), network 34 ms",
    );
    expect(text({ kind: "latency", stages: [], networkMs: -1 })).toBe("network not measured yet");
  });
});

describe("entryLine()", () => {
  test("is aligned", () => {
    expect(entryLine({ atMs: 12_345.6, kind: "agent_sounds", text: "item 2" })).toBe(
      "  12.346 s  agent sounds      item 2",
    );
    expect(entryLine({ atMs: 0, kind: "i_stop", text: "" })).toBe("   0.000 s  I stop");
  });
});

describe("speechSpan()", () => {
  test("finds the first and last loud 10 ms", () => {
    const samples = new Int16Array(16_000).fill(20);
    samples.fill(3_000, 4_800, 8_000);
    expect(speechSpan(WIDE, fromPcm16("pcm16", samples))).toEqual({ startMs: 300, endMs: 500 });
    expect(speechSpan(WIDE, new Uint8Array(3_200))).toBeNull();
  });
});
