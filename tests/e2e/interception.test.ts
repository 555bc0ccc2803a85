// Goal: nothing passes between a caller and the model that the backend does not see, on either lane, and
// what the caller is told can be changed or kept back on its way.
// Method: whole calls over real sockets on a stepped clock; what a subscriber heard is compared with what
// arrived at the caller and with what the simulated model recorded.
import { describe, expect, test } from "bun:test";
import { Lane, TurnDetection } from "../../gen/voxbridge/v1/stream_pb.ts";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import type { CallEvent, CallEvents, CallStage } from "../../service/contract/call-events.ts";
import type { Embedding } from "../../service/main-service.ts";
import { parseScript } from "../../service/simulator/script.ts";
import type { SimulatorRecord } from "../../service/simulator/simulator-record.ts";
import { loadSpeech } from "../support/speech-files.ts";
import { noticesOf, startSteppedService, type SteppedService } from "../support/stepped-service.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8_000, channels: 1 };
const TURN_MS_MAX = 30_000;
const IDS = {
  accountSid: "AC00000000000000000000000000000001",
  callSid: "CA00000000000000000000000000000001",
  streamSid: "MZ00000000000000000000000000000001",
};
const look = { name: "look_up", arguments: { q: "tea" } };
const script = parseScript(
  JSON.stringify({
    turns: [
      { when: { turn: 1 }, answer: { text: "Hello there.", toneMs: 400 } },
      { when: { turn: 2 }, answer: { text: "Twelve.", toneMs: 400 } },
      {
        when: { turn: 3 },
        transcript: "have you tea",
        answer: { text: "I will look.", toneMs: 400, toolCalls: [look] },
      },
      {
        when: { turn: 4 },
        transcript: "stop",
        answer: { text: "A long story.", toneMs: 9_000 },
      },
    ],
  }),
);

interface Heard {
  readonly service: SteppedService;
  readonly events: readonly CallEvent[];
  readonly buses: readonly CallEvents[];
}

async function start(embedding: Embedding = {}): Promise<Heard> {
  const events: CallEvent[] = [];
  const buses: CallEvents[] = [];
  const onEvents = (_callId: string, bus: CallEvents) => {
    buses.push(bus);
    bus.subscribe("*", (event) => events.push(event));
  };
  const service = await startSteppedService({
    argv: ["--routes-twilio-greeting", "", "--routes-twilio-nudge-seconds", "0"],
    simulator: { script },
    embedding: { ...embedding, onEvents },
  });
  return { service, events, buses };
}

const countOf = (events: readonly CallEvent[], kind: CallEvent["kind"]) =>
  events.filter((event) => event.kind === kind).length;

/** A typed text, a key, a question with a tool, and an interruption of the long answer. */
async function talk(service: SteppedService, caller: Caller, events: readonly CallEvent[]) {
  const done = (count: number) => () => countOf(events, "response_done") >= count;
  caller.typeText("good day");
  await service.until(done(1), TURN_MS_MAX);
  await service.run(1_000);
  caller.press("12#");
  await service.until(done(2), TURN_MS_MAX);
  await service.run(1_000);
  caller.say(loadSpeech("question", WIDE));
  // The answer that calls the tool, and the one after it.
  await service.until(done(4), TURN_MS_MAX);
  await service.run(3_000);
  caller.say(loadSpeech("question", WIDE));
  await service.until(() => countOf(events, "response_started") === 5, TURN_MS_MAX);
  await service.run(1_500);
  caller.interrupt();
  await service.until(() => countOf(events, "barge_in") === 1, TURN_MS_MAX);
  await service.run(500);
  caller.hangUp();
  await service.run(500);
}

/** Names on the wire as the bus has them. */
const arrivedAt = (caller: Caller) =>
  caller.notices.map(({ case: name }) =>
    name.replace(/[A-Z]/g, (each) => `_${each.toLowerCase()}`),
  );

const sentCount = ({ sent }: SimulatorRecord, type: string) =>
  sent.filter((each) => each.type === type).length;

describe("S1-10: the backend between caller and model", () => {
  test.each([
    ["fast", Lane.FAST],
    ["big", Lane.BIG],
  ])("sees on the %s lane what either side is told and does, in order", async (_name, lane) => {
    const { service, events, buses } = await start();
    await using _service = service;
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE, { lane }));
    await talk(service, caller, events);
    expect(buses).toHaveLength(1);

    // Everything the caller was told, as it arrived there.
    const arrived = arrivedAt(caller);
    const told = events.map(({ kind }) => kind).filter((kind) => arrived.includes(kind));
    expect(arrived).toEqual(told);
    expect(arrived[0]).toBe("started");
    expect(arrived.at(-1)).toBe("ended");

    // Everything the caller did beside speaking.
    const acts = events.filter(({ kind }) => kind.startsWith("caller_"));
    expect(acts).toEqual([
      { kind: "caller_text", text: "good day" },
      { kind: "caller_digits", digits: "12#" },
      { kind: "caller_interrupted" },
    ]);

    // Everything the model said and did, and what it was given of the caller's words.
    const record = service.record(0);
    expect(countOf(events, "response_started")).toBe(sentCount(record, "response.created"));
    expect(countOf(events, "response_done")).toBe(sentCount(record, "response.done"));
    expect(countOf(events, "turn_committed")).toBe(record.committed.length);
    expect(record.committed.length).toBe(2);
    const words = events.flatMap((event) =>
      event.kind === "transcript" && event.isFinal ? [`${event.speaker}: ${event.text}`] : [],
    );
    for (const said of ["caller: have you tea", "caller: stop", "agent: I will look."]) {
      expect(words).toContain(said);
    }
    const tools = events.flatMap((event) =>
      event.kind === "tool_status" ? [`${event.name} ${event.state}`] : [],
    );
    expect(tools).toEqual(["look_up started", "look_up failed"]);
    expect(service.complaints).toEqual([]);
  });

  test("hears a phone's call too, though a phone is told nothing", async () => {
    const { service, events } = await start();
    await using _service = service;
    const caller = await service.call(
      "/twilio/media",
      createTwilioLine({ ...IDS, customParameters: {} }),
    );
    caller.say(loadSpeech("question", PHONE));
    await service.until(() => countOf(events, "receipt") === 1, TURN_MS_MAX);
    caller.press("7");
    await service.until(() => countOf(events, "receipt") === 2, TURN_MS_MAX);
    caller.drop();
    await service.run(500);
    expect(arrivedAt(caller)).toEqual([]);
    expect(events[0]?.kind).toBe("started");
    expect(events).toContainEqual({ kind: "caller_digits", digits: "7" });
    expect(countOf(events, "turn_committed")).toBe(1);
    // Nobody is there to be told, but the backend is.
    expect(events.at(-1)).toMatchObject({ kind: "ended", reason: "caller_gone" });
  });

  test("keeps its ear when the call changes its lane", async () => {
    const { service, events, buses } = await start();
    await using _service = service;
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE, { lane: Lane.FAST }));
    const waited = buses[0]?.waitFor("response_started", TURN_MS_MAX);
    caller.update({ lane: Lane.BIG, turnDetection: TurnDetection.SERVER_VAD });
    await service.run(200);
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => countOf(events, "response_done") === 1, TURN_MS_MAX);
    expect(await waited).toMatchObject({ kind: "response_started", turnId: 1 });
    expect(countOf(events, "provider_speech_started")).toBe(1);
    expect(buses).toHaveLength(1);
    const lanes = noticesOf(caller, "started").map((each) => each.turnDetection);
    expect(lanes).toEqual([TurnDetection.LOCAL, TurnDetection.SERVER_VAD]);
  });

  test("changes on the big lane what the caller is told, and keeps back what it must not hear of", async () => {
    const stage: CallStage = {
      name: "house words",
      onNotice(notice) {
        if (notice.kind === "tool_status") return null;
        if (notice.kind !== "transcript") return notice;
        return { ...notice, text: notice.text.replace("look", "see") };
      },
    };
    const { service, events } = await start({ stages: [stage] });
    await using _service = service;
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE, { lane: Lane.BIG }));
    await talk(service, caller, events);
    expect(arrivedAt(caller)).not.toContain("tool_status");
    const words = noticesOf(caller, "transcript").map(({ text }) => text);
    expect(words).toContain("I will see.");
    expect(words.join()).not.toContain("look");
    // The model got its answer all the same, and the backend saw both as they were.
    expect(countOf(events, "tool_status")).toBe(2);
    expect(countOf(events, "tool_called")).toBe(1);
    const called = events.find(({ kind }) => kind === "tool_called");
    expect(called).toMatchObject({ name: "look_up", argumentsText: '{"q":"tea"}' });
  });
});
