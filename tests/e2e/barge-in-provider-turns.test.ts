// What may not be interrupted is not, also when the provider owns the turns: it is told to commit only,
// and who speaks meanwhile is kept or dropped as the settings say, and answered after.
// Method: as in lanes.test.ts, against the simulator's own detection.
import { describe, expect, test } from "bun:test";
import { Lane, TurnDetection } from "../../gen/voxbridge/v1/stream_pb.ts";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import type { SimulatorRecord } from "../../service/simulator/simulator-record.ts";
import { loadSpeech } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import {
  commandCount,
  overlappingCreates,
  refusals,
  truncations,
} from "../support/upstream-facts.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const TURN_MS_MAX = 30_000;

function open(service: SteppedService, turnDetection: TurnDetection): Promise<Caller> {
  return service.call("/v1/stream", createProtobufLine(WIDE, { lane: Lane.BIG, turnDetection }));
}

/** What the provider's detection was told, in order. */
function detections(record: SimulatorRecord): unknown[] {
  return record.commands.flatMap(({ command }) => {
    if (command.type !== "session.update" || command.session.type !== "realtime") return [];
    const detection = command.session.audio?.input?.turn_detection;
    return detection === undefined ? [] : [detection];
  });
}

const SIGNAL = { create_response: false, interrupt_response: false };

const receipts = (caller: Caller) => noticesOf(caller, "receipt");

async function speakOver(service: SteppedService, turnDetection: TurnDetection): Promise<Caller> {
  const caller = await open(service, turnDetection);
  caller.say(loadSpeech("question", WIDE));
  await service.until(() => caller.ear.heardMs() > 800, TURN_MS_MAX);
  caller.say(loadSpeech("yes", WIDE));
  return caller;
}

describe("the provider's turns and an agent that may not be interrupted", () => {
  test.each([
    ["--barge-in-is-enabled", "false", TurnDetection.SERVER_VAD],
    ["--barge-in-action", "ignore", TurnDetection.SERVER_VAD],
    ["--barge-in-action", "duck", TurnDetection.SEMANTIC_VAD],
  ])("S2-66: %s %s: the answer is heard to its end", async (flag, value, turnDetection) => {
    await using service = await startSteppedService({ argv: [flag, value] });
    const caller = await speakOver(service, turnDetection);
    await service.until(() => receipts(caller).length === 1, TURN_MS_MAX);
    const record = service.record(0);
    expect(receipts(caller)[0]?.complete).toBe(true);
    expect(noticesOf(caller, "bargeIn")).toEqual([]);
    expect(truncations(record)).toEqual([]);
    expect(detections(record)).toMatchObject([SIGNAL]);
    // The provider committed what was said meanwhile; nobody answers it by itself.
    await service.run(1_000);
    expect(record.committed).toHaveLength(2);
    expect(commandCount(record, "response.create")).toBe(1);
    expect(noticesOf(caller, "responseStarted")).toHaveLength(1);
    // Held speech is kept for the next answer, or deleted where barge-in is only switched off.
    const isDropped = flag === "--barge-in-is-enabled";
    expect(commandCount(record, "conversation.item.delete")).toBe(isDropped ? 1 : 0);
    caller.say(loadSpeech("numbers", WIDE));
    await service.until(() => receipts(caller).length === 2, TURN_MS_MAX);
    expect(noticesOf(caller, "speechStarted").map(({ turnId }) => turnId)).toEqual([1, 2]);
    expect(overlappingCreates(record)).toEqual([]);
    expect(refusals(record)).toEqual([]);
    expect(service.complaints).toEqual([]);
  });

  test("S2-66: who still speaks when the answer ends has a turn, and is answered after", async () => {
    await using service = await startSteppedService({ argv: ["--barge-in-action", "ignore"] });
    const caller = await open(service, TurnDetection.SERVER_VAD);
    caller.say(loadSpeech("yes", WIDE));
    await service.until(() => caller.ear.heardMs() > 200, TURN_MS_MAX);
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => receipts(caller).length === 2, TURN_MS_MAX);
    expect(receipts(caller).map(({ complete }) => complete)).toEqual([true, true]);
    expect(noticesOf(caller, "speechStarted").map(({ turnId }) => turnId)).toEqual([1, 2]);
    expect(noticesOf(caller, "bargeIn")).toEqual([]);
    expect(overlappingCreates(service.record(0))).toEqual([]);
  });

  test("S2-66: acknowledge: cut, and the answer begins with the acknowledgement", async () => {
    await using service = await startSteppedService({
      argv: ["--barge-in-action", "acknowledge", "--barge-in-acknowledgement", "Go on."],
    });
    const caller = await speakOver(service, TurnDetection.SERVER_VAD);
    await service.until(() => noticesOf(caller, "responseStarted").length === 2, TURN_MS_MAX);
    const asked = service.record(0).commands.flatMap(({ command }) => {
      return command.type === "response.create" ? [command.response?.instructions ?? ""] : [];
    });
    expect(noticesOf(caller, "bargeIn")).toHaveLength(1);
    expect(asked.map((instructions) => instructions.includes("Go on."))).toEqual([false, true]);
  });

  test("a protected greeting is heard to its end", async () => {
    await using service = await startSteppedService({
      argv: [
        "--routes-stream-greeting",
        "Say hello.",
        "--routes-stream-is-greeting-protected",
        "true",
      ],
    });
    const caller = await open(service, TurnDetection.SERVER_VAD);
    await service.until(() => caller.ear.heardMs() > 100, TURN_MS_MAX);
    caller.say(loadSpeech("yes", WIDE));
    await service.until(() => receipts(caller).length === 1, TURN_MS_MAX);
    expect(receipts(caller)[0]?.complete).toBe(true);
    expect(noticesOf(caller, "bargeIn")).toEqual([]);
    expect(detections(service.record(0))).toMatchObject([SIGNAL]);
  });

  test("the goodbye is heard to its end: the provider is told once that it may not cut it", async () => {
    await using service = await startSteppedService({ argv: ["--call-minutes-max", "1"] });
    const caller = await open(service, TurnDetection.SERVER_VAD);
    await service.until(() => caller.ear.heardMs() > 100, 70_000);
    caller.say(loadSpeech("yes", WIDE));
    await service.until(() => !caller.isOpen(), TURN_MS_MAX);
    expect(receipts(caller).map(({ complete }) => complete)).toEqual([true]);
    expect(noticesOf(caller, "bargeIn")).toEqual([]);
    const [first, second, ...more] = detections(service.record(0));
    expect(first).toMatchObject({ create_response: true, interrupt_response: true });
    expect(second).toMatchObject(SIGNAL);
    expect(more).toEqual([]);
  });
});
