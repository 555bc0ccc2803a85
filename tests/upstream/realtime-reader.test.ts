// Goal: no sequence of events, however wrong, makes the reader throw or tell nonsense.
// Method: fast-check, events of the protocol with fields of any kind, in any order.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import type { UpstreamListener } from "../../service/contract/upstream.ts";
import { createRealtimeReader } from "../../service/upstream/realtime-reader.ts";
import { createUpstreamMetrics } from "../../service/upstream/upstream-metrics.ts";
import { createUpstreamStats } from "../../service/upstream/upstream-stats.ts";

const type = fc.constantFrom(
  "error",
  "session.created",
  "session.updated",
  "input_audio_buffer.committed",
  "input_audio_buffer.speech_started",
  "response.created",
  "response.output_item.done",
  "response.output_audio.delta",
  "response.output_audio.done",
  "response.function_call_arguments.done",
  "response.done",
  "conversation.item.input_audio_transcription.completed",
);
const id = fc.constantFrom("a", "b", "");
const anything = fc.oneof(id, fc.jsonValue());
const delta = fc.oneof(
  fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  fc.jsonValue(),
);
const item = fc.record(
  { type: fc.constant("function_call"), call_id: anything, name: anything, arguments: anything },
  { requiredKeys: ["type"] },
);
const response = fc.record(
  {
    id: anything,
    status: anything,
    usage: fc.jsonValue(),
    output: fc.array(item),
    metadata: anything,
  },
  { requiredKeys: [] },
);
const event = fc.record(
  {
    type,
    response_id: anything,
    item_id: anything,
    call_id: anything,
    name: anything,
    error: fc.jsonValue(),
    session: fc.jsonValue(),
    delta,
    item,
    response,
  },
  { requiredKeys: ["type"] },
);

describe("createRealtimeReader()", () => {
  test("never throws; audio is whole samples of a named item; a tool call is told once (T26)", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const toolCallIds: string[] = [];
        const nothing = () => undefined;
        const listener: UpstreamListener = {
          onReady: nothing,
          onCommitted: nothing,
          onSpeechStarted: (audioStartMs) => expect(audioStartMs).toBeGreaterThanOrEqual(0),
          onSpeechStopped: nothing,
          onResponseCreated: (responseId) => expect(responseId).not.toBe(""),
          onAudio(responseId, itemId, _contentIndex, audio, byteCount) {
            expect(responseId === "" || itemId === "").toBe(false);
            expect(byteCount % 2).toBe(0);
            expect(byteCount).toBeLessThanOrEqual(audio.length);
          },
          onAudioDone: nothing,
          onAgentTranscript: nothing,
          onCallerTranscript: nothing,
          onToolCall: (_responseId, toolCallId) => void toolCallIds.push(toolCallId),
          onResponseDone(_responseId, _status, usage) {
            expect(usage.inputTokens).toBeGreaterThanOrEqual(0);
          },
          onError: (code) => expect(code).toMatch(/^[\w.-]{1,64}$/),
          onClosed: nothing,
        };
        const reader = createRealtimeReader({
          listener,
          stats: createUpstreamStats(),
          metrics: createUpstreamMetrics(NO_METRICS),
          apiKey: "",
          sampleBytes: 2,
          onSessionEcho: nothing,
          onCommandRefused: nothing,
          fail: nothing,
        });
        for (const each of events) reader.onText(JSON.stringify(each));
        expect(new Set(toolCallIds).size).toBe(toolCallIds.length);
      }),
      { numRuns: 500 },
    );
  });
});
