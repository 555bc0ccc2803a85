// Reading a recorded set: what counts, and what is said about a file that cannot be used.
import { describe, expect, test } from "bun:test";
import type { RecordedTurn } from "../../../scripts/lab/turn-set.ts";
import { readTurnSet, writeLine } from "../../../scripts/lab/turn-set.ts";

const TURN: RecordedTurn = {
  kind: "turn",
  lane: "big",
  turnDetection: "semantic_vad",
  upstream: "simulator",
  model: "m",
  recording: "yes",
  result: "measured",
  latency: { turnId: 1, endpointMs: 500, commitMs: 20, modelMs: 300, perceivedMs: 840 },
  answerMs: 850,
};

describe("readTurnSet()", () => {
  test("D-38: keeps the measured turns, counts the others, names the configuration", () => {
    const text = [
      { kind: "about" as const, text: "a test" },
      TURN,
      { ...TURN, result: "split" as const, latency: null },
      { ...TURN, result: "unmeasured" as const, latency: null, answerMs: null },
      {
        kind: "sound" as const,
        heardMs: 900,
        rateHz: 8000,
        bandwidthHz: 3400,
        clicks: 0,
        dropouts: 1,
      },
    ]
      .map(writeLine)
      .join("\n");
    expect(readTurnSet(text, "set")).toEqual({
      name: "set",
      configuration: "big lane, semantic_vad, simulator m",
      isSimulated: true,
      about: "a test",
      turns: [{ turnId: 1, endpointMs: 500, commitMs: 20, modelMs: 300, perceivedMs: 840 }],
      splitCount: 1,
      unmeasuredCount: 1,
      sound: {
        kind: "sound",
        heardMs: 900,
        rateHz: 8000,
        bandwidthHz: 3400,
        clicks: 0,
        dropouts: 1,
      },
    });
  });

  test.each([
    ["", "Cannot compare set: it has no measured turn"],
    [writeLine({ ...TURN, result: "split", latency: null }), "it has no measured turn"],
    [`${writeLine(TURN)}RIFF`, "Cannot read set, line 2: it is not JSON"],
    ['{"kind":"turns"}', "Cannot read set, line 1: kind"],
    [writeLine({ ...TURN, answerMs: Number.NaN }).replace("840", '"840"'), "latency.perceivedMs"],
    [writeLine(TURN).replace("840", "-1"), "line 1: latency.perceivedMs"],
    [writeLine(TURN).replace("semantic_vad", "default"), "line 1: turnDetection"],
    [
      writeLine(TURN) + writeLine({ ...TURN, lane: "fast", turnDetection: "local" }),
      "it mixes big lane, semantic_vad, simulator m and fast lane, local, simulator m",
    ],
  ])("refuses %j", (text, message) => {
    expect(() => readTurnSet(text, "set")).toThrow(message);
  });
});
