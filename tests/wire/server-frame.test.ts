// Each notice as the schema's message: encoded, then read back with the generated code.
import { describe, expect, test } from "bun:test";
import { fromBinary, fromJsonString, toJson } from "@bufbuild/protobuf";
import { ServerFrameSchema } from "../../gen/voxbridge/v1/stream_pb.ts";
import type { CallNotice } from "../../service/contract/transport.ts";
import {
  agentAudioMessage,
  clearMessage,
  encodeServerFrame,
  encodeServerJson,
  noticeMessage,
  type ServerMessage,
} from "../../service/wire/server-frame.ts";

const FORMAT = { encoding: "mulaw", rateHz: 8000, channels: 1 } as const;

/** What a caller reads, as protobuf JSON, by way of both subprotocols. */
function readBack(message: ServerMessage): unknown {
  const binary = fromBinary(ServerFrameSchema, encodeServerFrame(message));
  const json = fromJsonString(ServerFrameSchema, encodeServerJson(message));
  expect(json).toEqual(binary);
  return toJson(ServerFrameSchema, binary);
}

describe("noticeMessage()", () => {
  test("says every notice in the words of the schema", () => {
    const pairs: readonly (readonly [CallNotice, unknown])[] = [
      [
        {
          kind: "started",
          callId: "c1",
          lane: "fast",
          turnDetection: "local",
          upstream: "openai",
          model: "m",
          voice: "v",
          vadEngine: "core",
        },
        {
          started: {
            callId: "c1",
            encoding: "ENCODING_MULAW",
            sampleRateHz: 8000,
            channels: 1,
            lane: "LANE_FAST",
            turnDetection: "TURN_DETECTION_LOCAL",
            upstream: "openai",
            model: "m",
            voice: "v",
            vadEngine: "core",
            frameMs: 20,
          },
        },
      ],
      [
        {
          kind: "latency",
          stages: [
            {
              stage: "reaction",
              budgetMs: 10,
              count: 3,
              meanMs: 0.25,
              maxMs: 12.5,
              violations: 1,
            },
          ],
          networkMs: 34.7,
        },
        {
          latency: {
            stages: [
              {
                stage: "reaction",
                budgetMs: 10,
                count: 3,
                meanUs: 250,
                maxUs: 12_500,
                overBudget: 1,
              },
            ],
            networkMs: 34,
          },
        },
      ],
      [{ kind: "upstream_restored", lostMs: 4_200.5 }, { upstreamRestored: { lostMs: 4_200 } }],
      [{ kind: "latency", stages: [], networkMs: -1 }, { latency: {} }],
      [
        {
          kind: "receipt",
          item: 2,
          heardSamples: 160,
          heardMs: 20.9,
          isEstimated: true,
          isComplete: true,
        },
        {
          receipt: { item: 2, heardSamples: 160, heardMs: 20, estimated: true, complete: true },
        },
      ],
      [
        { kind: "speech_started", turnId: 1, positionMs: 5 },
        { speechStarted: { turnId: 1, positionMs: 5 } },
      ],
      [
        { kind: "speech_ended", turnId: 1, positionMs: 6 },
        { speechEnded: { turnId: 1, positionMs: 6 } },
      ],
      [
        { kind: "turn_committed", turnId: 1, startMs: 2, endMs: 6 },
        { turnCommitted: { turnId: 1, startMs: 2, endMs: 6 } },
      ],
      [
        { kind: "response_started", turnId: 1, responseId: "r" },
        { responseStarted: { turnId: 1, responseId: "r" } },
      ],
      [
        { kind: "response_done", turnId: 1, responseId: "r", status: "cancelled" },
        { responseDone: { turnId: 1, responseId: "r", status: "cancelled" } },
      ],
      [
        { kind: "barge_in", item: 3, heardMs: 640, turnId: 2 },
        { bargeIn: { item: 3, heardMs: 640, turnId: 2 } },
      ],
      [
        { kind: "transcript", speaker: "agent", text: "hi", isFinal: true, turnId: 1, item: 3 },
        {
          transcript: { speaker: "SPEAKER_AGENT", text: "hi", final: true, turnId: 1, item: 3 },
        },
      ],
      [
        { kind: "tool_status", toolCallId: "t", name: "n", state: "done" },
        { toolStatus: { toolCallId: "t", name: "n", state: "done" } },
      ],
      [
        {
          kind: "turn_latency",
          turnId: 1,
          endpointMs: 500.4,
          commitMs: -1,
          modelMs: 300,
          perceivedMs: 900,
        },
        { turnLatency: { turnId: 1, endpointMs: 500, modelMs: 300, perceivedMs: 900 } },
      ],
      [{ kind: "going_away", deadlineMs: 1e12 }, { goingAway: { deadlineMs: 4294967295 } }],
      [
        { kind: "error", code: "odd_bytes", message: "m" },
        { error: { code: "odd_bytes", message: "m" } },
      ],
      [
        {
          kind: "ended",
          reason: "drained",
          durationMs: Number.NaN,
          inputTokens: 3,
          outputTokens: 4,
        },
        { ended: { reason: "drained", inputTokens: 3, outputTokens: 4 } },
      ],
    ];
    for (const [notice, wanted] of pairs) {
      expect(readBack(noticeMessage(notice, FORMAT))).toEqual(wanted);
    }
    expect(new Set(pairs.map(([{ kind }]) => kind)).size).toBe(16);
  });

  test("audio and clear go the same way in JSON", () => {
    const data = Uint8Array.of(1, 2, 255);
    expect(readBack(agentAudioMessage(data, 1, 2, 3, 4))).toEqual({
      audio: { item: 1, sequence: 2, positionSamples: 3, data: "AQL/", generation: 4 },
    });
    expect(readBack(clearMessage(5))).toEqual({ clear: { generation: 5 } });
  });
});
