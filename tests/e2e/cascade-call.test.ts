// Goal: whole calls with the cascade in the place of the realtime API: lanes, turns, barge-in,
// ledger, tools and both transports work with it unchanged.
// Method: the service on stepped time with real sockets to its callers; engines of fixed delay.
import { describe, expect, test } from "bun:test";
import { Lane, Speaker, TurnDetection } from "../../gen/voxbridge/v1/stream_pb.ts";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { loadSpeech, type SpeechName } from "../support/speech-files.ts";
import {
  noticesOf,
  type SteppedService,
  type SteppedServiceOptions,
  startSteppedService,
} from "../support/stepped-service.ts";
import { type TimedCascade, timedCascade } from "../support/timed-cascade.ts";
import { tokensOf } from "../support/timed-engines.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
const NO_GREETING = ["--routes-twilio-greeting", ""];
const TURN_MS_MAX = 20_000;

const LINES = [
  { name: "stream", path: "/v1/stream", line: () => createProtobufLine(WIDE) },
  { name: "phone", path: "/twilio/media", line: () => createTwilioLine(IDS) },
];

interface CascadeService {
  readonly service: SteppedService;
  readonly cascade: TimedCascade;
}

async function start(options: SteppedServiceOptions = {}): Promise<CascadeService> {
  let cascade: TimedCascade | null = null;
  const service = await startSteppedService({
    ...options,
    argv: [...NO_GREETING, ...(options.argv ?? [])],
    cascade: (clock) => {
      cascade = timedCascade(clock);
      return cascade.engines;
    },
  });
  if (cascade === null) throw new Error("The service asked for no engines");
  return { service, cascade };
}

const { CALLER, AGENT } = Speaker;

/** Whole texts of one speaker, in order. */
function texts(caller: Caller, speaker: Speaker): string[] {
  return noticesOf(caller, "transcript")
    .filter((notice) => notice.final && notice.speaker === speaker)
    .map(({ text }) => text);
}

/** Says it and waits for the `count`-th answer to be heard out. */
async function ask(service: SteppedService, caller: Caller, name: SpeechName, count: number) {
  caller.say(loadSpeech(name, caller.format));
  const sounded = () =>
    caller.timeline.entries.filter(({ kind }) => kind === "agent_sounds").length >= count;
  await service.until(() => sounded() && !caller.ear.isPlaying(), TURN_MS_MAX);
  await service.run(500);
}

for (const { name, path, line } of LINES) {
  describe(`a call over the ${name}, answered by a cascade`, () => {
    test("three turns: each is written down, answered and heard, and remembered", async () => {
      const { service, cascade } = await start();
      await using _ = service;
      const caller = await service.call(path, line());
      let turn = 0;
      cascade.ears.hear = () => `question ${turn}`;
      for (const file of ["yes", "question", "no"] as const) {
        turn += 1;
        await ask(service, caller, file, turn);
      }
      const answer = { role: "assistant", text: "We are open until eight today. Anything else?" };
      expect(cascade.model.requests.at(-1)?.messages.slice(1)).toEqual([
        { role: "user", text: "question 1" },
        answer,
        { role: "user", text: "question 2" },
        answer,
        { role: "user", text: "question 3" },
      ] as never);
      expect(service.complaints).toEqual([]);
      expect(service.running.metrics.print()).toContain('upstream="cascade"');
    });

    test("S1-31, S2-59, S2-78: talked over in the second sentence, it falls silent and knows what was heard", async () => {
      const { service, cascade } = await start();
      await using _ = service;
      cascade.ears.hear = () => "tell me about opening hours";
      cascade.voice.hasWordTimes = true;
      cascade.model.answer = () =>
        tokensOf(
          "We are open today. On Sundays we open at ten and we close at four in the afternoon.",
        );
      const caller = await service.call(path, line());
      caller.say(loadSpeech("yes", caller.format));
      // 18 characters of 50 ms are the first sentence; then into the second.
      await service.until(() => caller.ear.heardMs() >= 900 + 600, TURN_MS_MAX);
      cascade.ears.hear = () => "and on Monday";
      cascade.model.answer = () => tokensOf("At eight.");
      const before = caller.timeline.entries.length;
      caller.say(loadSpeech("interrupt", caller.format));
      const cleared = () =>
        caller.timeline.entries.slice(before).some(({ kind }) => kind === "cleared");
      await service.until(cleared, 3_000);
      const heardMs = caller.ear.heardMs();
      await service.run(1_000);
      expect(caller.ear.heardMs()).toBeCloseTo(heardMs, 6);
      await service.until(() => cascade.model.requests.length === 2, TURN_MS_MAX);
      const told = cascade.model.requests[1]?.messages.find(({ role }) => role === "assistant");
      const text = told?.role === "assistant" ? told.text : "";
      expect(text).toStartWith("We are open today. On Sundays");
      expect(text).toEndWith(" …");
      // Word by word: all that ended within what the ear played, which is 20 ms sharp.
      const second = text.slice("We are open today. ".length, -" …".length);
      expect(900 + second.length * 50).toBeLessThanOrEqual(heardMs);
      expect(900 + second.length * 50).toBeGreaterThan(heardMs - 20 - 50 * " afternoon.".length);
      expect(service.complaints).toEqual([]);
    });
  });
}

describe("over the stream", () => {
  const open = async (options: SteppedServiceOptions = {}) => {
    const { service, cascade } = await start(options);
    return { service, cascade, caller: await service.call("/v1/stream", createProtobufLine(WIDE)) };
  };

  test("S2-75: every event of the pipeline reaches the caller's side, in order", async () => {
    const { service, cascade, caller } = await open();
    await using _ = service;
    cascade.ears.hear = () => "when do you close";
    await ask(service, caller, "yes", 1);
    const kinds = caller.notices.map((notice) => notice.case);
    const order = [
      "started",
      "speechStarted",
      "speechEnded",
      "turnCommitted",
      "responseStarted",
      "turnLatency",
      "responseDone",
      "receipt",
    ] as const;
    const places = order.map((kind) => kinds.indexOf(kind));
    expect(places).toEqual([...places].sort((left, right) => left - right));
    expect(places).not.toContain(-1);
    expect(texts(caller, CALLER)).toEqual(["when do you close"]);
    expect(texts(caller, AGENT)).toEqual(["We are open until eight today. Anything else?"]);
    expect(noticesOf(caller, "started")).toMatchObject([
      { upstream: "cascade", model: "timed-model" },
    ]);
  });

  test("S2-82: stages are told with the turn; first audio within 800 ms of the true end", async () => {
    const { service, cascade, caller } = await open({
      argv: ["--vad-wideband-min-silence-ms", "300"],
    });
    await using _ = service;
    cascade.ears.hear = () => "when do you close";
    cascade.model.answer = () => tokensOf("We are open until eight in the evening. Anything else?");
    await ask(service, caller, "yes", 1);
    const [latency] = noticesOf(caller, "turnLatency");
    expect(latency?.stages).toMatchObject({
      sttFinalMs: 120,
      textProcessingMs: 0,
      ragRetrievalMs: 0,
      llmFirstTokenMs: 200,
      llmFirstSentenceMs: 7 * 20,
      ttsFirstAudioMs: 20 + 150,
    });
    expect(latency?.perceivedMs).toBeLessThanOrEqual(800);
    // And one line a turn for operators, with the document's first and last figure.
    const lines = service.logged.filter(([event]) => event === "turn stages");
    expect(lines.map(([, fields]) => fields)).toMatchObject([
      { turnId: 1, vadMs: latency?.endpointMs, totalTurnMs: latency?.perceivedMs, sttFinalMs: 120 },
    ]);
  });

  test("S0-18: on the big lane, push to talk: one commit, one answer, no words before it", async () => {
    const { service, cascade } = await start();
    await using _ = service;
    cascade.ears.hear = () => "when do you close";
    const line = createProtobufLine(WIDE, { lane: Lane.BIG, turnDetection: TurnDetection.NONE });
    const caller = await service.call("/v1/stream", line);
    caller.say(loadSpeech("yes", WIDE));
    await service.run(3_000);
    expect(texts(caller, CALLER)).toEqual([]);
    expect(cascade.model.requests).toEqual([]);
    caller.endOfTurn();
    const answered = () => texts(caller, AGENT).length === 1;
    await service.until(() => answered() && !caller.ear.isPlaying(), TURN_MS_MAX);
    expect(texts(caller, CALLER)).toEqual(["when do you close"]);
    expect(caller.ear.heardMs()).toBeGreaterThan(1_000);
    const stages = caller.timeline.entries.find(({ text }) => text.includes("llm first token 200"));
    expect(stages?.text).toContain("stt final");
    expect(service.complaints).toEqual([]);
  });

  test("S1-27: a tool call goes out, its answer comes back and is spoken", async () => {
    const { service, cascade, caller } = await open();
    await using _ = service;
    cascade.ears.hear = () => "when do you close";
    const call = { id: "call_1", name: "lookup", argumentsText: '{"what":"hours"}' };
    cascade.model.answer = ({ messages }) =>
      messages.at(-1)?.role === "tool"
        ? tokensOf("I cannot look that up.")
        : ["One moment. ", { kind: "tool_call", call }];
    caller.say(loadSpeech("yes", WIDE));
    await service.until(() => texts(caller, AGENT).length === 2, TURN_MS_MAX);
    expect(texts(caller, AGENT)).toEqual(["One moment.", "I cannot look that up."]);
    expect(noticesOf(caller, "toolStatus").map(({ name, state }) => [name, state])).toEqual([
      ["lookup", "started"],
      ["lookup", "failed"],
    ]);
    const asked = cascade.model.requests[1]?.messages.slice(2);
    expect(asked).toMatchObject([
      { role: "assistant", text: "One moment.", toolCalls: [call] },
      { role: "tool", toolCallId: "call_1" },
    ]);
    expect(service.complaints).toEqual([]);
  });

  test("turn modes that need a provider's detection are refused, at the start and later", async () => {
    const { service } = await start();
    await using _ = service;
    const line = createProtobufLine(WIDE, { turnDetection: TurnDetection.SERVER_VAD });
    const caller = await service.call("/v1/stream", line);
    await service.until(() => !caller.isOpen(), 2_000);
    const closed = await caller.closed;
    expect(closed.code).toBe(4400);
    const other = await service.call("/v1/stream", createProtobufLine(WIDE));
    await service.run(100);
    other.update({ turnDetection: TurnDetection.SEMANTIC_VAD, lane: Lane.BIG });
    await service.until(() => noticesOf(other, "error").length === 1, 2_000);
    expect(noticesOf(other, "error")).toMatchObject([
      {
        code: "update_refused",
        message:
          "Cannot update call: turn_detection is semantic_vad, " +
          "must be one of local, none on lane big with upstream cascade",
      },
    ]);
  });

  test("S2-72: an interruption is acknowledged at once, without the model", async () => {
    const { service, cascade, caller } = await open({
      argv: ["--barge-in-action", "acknowledge", "--barge-in-acknowledgement", "I understand."],
    });
    await using _ = service;
    cascade.ears.hear = () => "stop";
    cascade.model.answer = () => tokensOf("And so it goes on and on. ".repeat(6));
    caller.say(loadSpeech("yes", caller.format));
    await service.until(() => caller.ear.heardMs() >= 1_500, TURN_MS_MAX);
    cascade.model.firstTokenMs = 5_000;
    caller.say(loadSpeech("interrupt", caller.format));
    const acknowledged = () => cascade.voice.spoken.some(({ text }) => text === "I understand.");
    await service.until(acknowledged, TURN_MS_MAX);
    await service.run(400);
    expect(caller.ear.isPlaying()).toBe(true);
    expect(service.complaints).toEqual([]);
  });

  test("S2-87: a stage that is gone is said and told, and the call goes on", async () => {
    const { service, cascade, caller } = await open();
    await using _ = service;
    cascade.ears.failsWith = "engine_unavailable";
    await ask(service, caller, "yes", 1);
    expect(noticesOf(caller, "error")).toMatchObject([{ code: "speech_to_text_failed" }]);
    expect(texts(caller, AGENT)).toEqual([
      "Sorry, something went wrong here. Could you say that again?",
    ]);
    cascade.ears.failsWith = null;
    cascade.voice.failsWith = "voice_not_found";
    caller.say(loadSpeech("yes", caller.format));
    await service.until(() => noticesOf(caller, "error").length === 2, TURN_MS_MAX);
    expect(noticesOf(caller, "error")[1]).toMatchObject({ code: "text_to_speech_failed" });
    cascade.voice.failsWith = null;
    await ask(service, caller, "yes", 2);
    expect(texts(caller, AGENT).at(-1)).toBe("We are open until eight today. Anything else?");
    expect(caller.isOpen()).toBe(true);
  });
});
