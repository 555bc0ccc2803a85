// Greetings that may or may not be cut, and tools that are always answered, over real sockets on a
// stepped clock. Method: the simulated agent's greeting is a tune of known length; its records say
// what it was told.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { parseScript } from "../../service/simulator/script.ts";
import { loadSpeech } from "../support/speech-files.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import {
  commandCount,
  overlappingCreates,
  refusals,
  truncations,
} from "../support/upstream-facts.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const TURN_MS_MAX = 30_000;
const GREETING_MS = 4_000;

const LONG_GREETING = parseScript(
  JSON.stringify({
    turns: [{ when: { greeting: true }, answer: { text: "Welcome to us.", toneMs: GREETING_MS } }],
  }),
);

function greeted(service: SteppedService, greetingProtected: boolean): Promise<Caller> {
  const line = createProtobufLine(WIDE, { greeting: "Welcome to us.", greetingProtected });
  return service.call("/v1/stream", line);
}

const receipts = (caller: Caller) => noticesOf(caller, "receipt");

describe("a greeting", () => {
  test("is asked for once, says what it was told to, and is heard before the caller's first word", async () => {
    await using service = await startSteppedService({ simulator: { script: LONG_GREETING } });
    const caller = await greeted(service, false);
    await service.until(() => receipts(caller).length === 1, TURN_MS_MAX);
    const record = service.record(0);
    expect(commandCount(record, "response.create")).toBe(1);
    const create = record.commands.find(({ type }) => type === "response.create")?.command;
    expect(JSON.stringify(create)).toContain("Welcome to us.");
    expect(receipts(caller)[0]).toMatchObject({ heardMs: GREETING_MS, complete: true });
    expect(noticesOf(caller, "responseStarted")[0]?.turnId).toBe(0);
  });

  test("that is not protected is cut by the caller's words, which are the first turn", async () => {
    await using service = await startSteppedService({ simulator: { script: LONG_GREETING } });
    const caller = await greeted(service, false);
    await service.until(() => caller.ear.heardMs() > 800, TURN_MS_MAX);
    caller.say(loadSpeech("interrupt", WIDE));
    await service.until(() => receipts(caller).some(({ complete }) => complete), TURN_MS_MAX);
    expect(truncations(service.record(0))).toHaveLength(1);
    expect(receipts(caller)[0]?.complete).toBe(false);
    expect(noticesOf(caller, "turnCommitted")).toHaveLength(1);
  });

  test("that is protected is heard to its end; a word spoken into it is no turn", async () => {
    await using service = await startSteppedService({ simulator: { script: LONG_GREETING } });
    const caller = await greeted(service, true);
    await service.until(() => caller.ear.heardMs() > 800, TURN_MS_MAX);
    caller.say(loadSpeech("yes", WIDE));
    await service.until(() => receipts(caller).length === 1, TURN_MS_MAX);
    expect(receipts(caller)[0]).toMatchObject({ heardMs: GREETING_MS, complete: true });
    await service.run(2_000);
    expect(truncations(service.record(0))).toHaveLength(0);
    expect(noticesOf(caller, "bargeIn")).toHaveLength(0);
    expect(service.record(0).committed).toHaveLength(0);
  });

  test("that is protected: speech that goes on past its end becomes a turn from its own onset", async () => {
    await using service = await startSteppedService({ simulator: { script: LONG_GREETING } });
    const caller = await greeted(service, true);
    await service.until(() => caller.ear.heardMs() > GREETING_MS - 1_500, TURN_MS_MAX);
    const onsetMs = service.clock.nowMs();
    caller.say(loadSpeech("interrupt", WIDE));
    await service.until(() => service.record(0).committed.length === 1, TURN_MS_MAX);
    const startMs = noticesOf(caller, "turnCommitted")[0]?.startMs ?? 0;
    const endOfGreetingMs = onsetMs + 1_500;
    // It begins with the caller's words, before the greeting had ended.
    expect(startMs).toBeLessThan(endOfGreetingMs);
    expect(receipts(caller)[0]).toMatchObject({ heardMs: GREETING_MS, complete: true });
    expect(truncations(service.record(0))).toHaveLength(0);
    await service.until(() => receipts(caller).length === 2, TURN_MS_MAX);
    expect(service.complaints).toEqual([]);
  });
});

describe("a tool call", () => {
  test("RT-09: of a tool that is not there is answered once, and the answer to it is spoken", async () => {
    const script = parseScript(
      JSON.stringify({
        turns: [
          {
            when: { turn: 1 },
            answer: { toolCalls: [{ name: "weather", arguments: { at: "x" } }] },
          },
        ],
      }),
    );
    await using service = await startSteppedService({ simulator: { script } });
    const line = createProtobufLine(WIDE);
    const caller = await service.call("/v1/stream", line);
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => receipts(caller).length === 1, TURN_MS_MAX);
    const record = service.record(0);
    const outputs = record.commands.filter(({ command }) => {
      return (
        command.type === "conversation.item.create" && command.item.type === "function_call_output"
      );
    });
    expect(outputs).toHaveLength(1);
    expect(commandCount(record, "response.create")).toBe(2);
    expect(overlappingCreates(record)).toEqual([]);
    expect(refusals(record)).toEqual([]);
    expect(noticesOf(caller, "toolStatus").map(({ state }) => state)).toEqual([
      "started",
      "failed",
    ]);
  });
});
