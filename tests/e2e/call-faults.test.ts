// Goal: what goes wrong beside a call and does not end it is seen: in the metrics every time, in the
// log once per call. Method: a whole service on a stepped clock, with a stage and a subscriber that
// throw and a caller who reports what was never sent; then a call in which nothing is wrong.
import { describe, expect, test } from "bun:test";
import { Lane } from "../../gen/voxbridge/v1/stream_pb.ts";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import type { CallEvents, CallStage } from "../../service/contract/call-events.ts";
import { CALL_FAULTS, type CallFault } from "../../service/contract/call-faults.ts";
import { loadSpeech } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const TURN_MS_MAX = 30_000;

function counted(service: SteppedService): Partial<Record<CallFault, number>> {
  const text = service.running.metrics.print();
  const found = CALL_FAULTS.map((fault) => {
    const pattern = new RegExp(`call_faults_total\\{[^}]*fault="${fault}"[^}]*\\} (\\d+)`);
    const values = [...text.matchAll(new RegExp(pattern, "g"))].map(([, value]) => Number(value));
    return [fault, values.reduce((sum, value) => sum + value, 0)] as const;
  });
  return Object.fromEntries(found.filter(([, value]) => value > 0));
}

describe("what goes wrong beside a call", () => {
  test("a stage and a subscriber that throw are counted and logged once; the call goes on", async () => {
    const broken: CallStage = {
      name: "broken",
      onNotice() {
        throw new Error("not ours");
      },
    };
    const embedding = {
      stages: [broken],
      onEvents(_callId: string, events: CallEvents) {
        events.subscribe("speech_started", () => {
          throw new Error("not ours either");
        });
      },
    };
    await using service = await startSteppedService({ embedding });
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE, { lane: Lane.BIG }));
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => noticesOf(caller, "receipt").length > 0, TURN_MS_MAX);
    expect(counted(service)).toEqual({ stage_threw: 1, event_handler_threw: 1 });
    expect(service.complaints).toHaveLength(1);
    expect(service.complaints[0]).toContain("warn call goes on with a fault");
    expect(service.complaints[0]).toContain("broken: Error: not ours");
  });

  test("reports of what was never sent are counted, and logged once", async () => {
    await using service = await startSteppedService();
    const line = createProtobufLine(WIDE);
    const caller = await service.call("/v1/stream", {
      ...line,
      played: (_item, samples, generation) => line.played(77, samples, generation),
    });
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => noticesOf(caller, "receipt").length > 0, TURN_MS_MAX);
    expect(counted(service).report_unknown).toBeGreaterThan(1);
    expect(service.complaints).toHaveLength(1);
  });

  test("in a call in which nothing is wrong nothing is counted or logged", async () => {
    await using service = await startSteppedService();
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE, { lane: Lane.BIG }));
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => caller.ear.heardBytes().byteLength > 16_000, TURN_MS_MAX);
    caller.say(loadSpeech("interrupt", WIDE));
    await service.until(() => noticesOf(caller, "receipt").length > 1, TURN_MS_MAX);
    expect(counted(service)).toEqual({});
    expect(service.complaints).toEqual([]);
  });
});
