// The agent's connection is lost or gets old in the middle of a call, over real sockets on a
// stepped clock. Method: the simulated agent drops its line (or ends, or refuses dials) at a chosen
// moment; what the next session is told and given is compared with what the caller said, byte for
// byte.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import type { SimulatorRecord } from "../../service/simulator/simulator-record.ts";
import { captureInOnePiece } from "../support/core-passage.ts";
import { loadSpeech } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import { overlappingCreates, refusals } from "../support/upstream-facts.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8000, channels: 1 };
const UPSTREAM = { upstreamEncoding: "pcm16", upstreamRateHz: 24_000 } as const;
const BYTES_PER_MS = 48;
const TURN_MS_MAX = 30_000;

function open(service: SteppedService): Promise<Caller> {
  return service.call("/v1/stream", createProtobufLine(WIDE));
}

function drop(service: SteppedService): void {
  service.simulator.lines()[0]?.fail({ kind: "drop", afterEvents: 0 });
}

const receipts = (caller: Caller) =>
  noticesOf(caller, "receipt").filter(({ complete }) => complete);

/** Role and text of the items that a session was told, in order. */
function toldTexts(record: SimulatorRecord): string[][] {
  return record.commands.flatMap(({ command }) => {
    if (command.type !== "conversation.item.create" || command.item.type !== "message") return [];
    const [part] = command.item.content;
    const text = part !== undefined && "text" in part ? part.text : "";
    return [[command.item.role, String(text)]];
  });
}

describe("the agent's connection is lost", () => {
  test("I1, I5: in mid-utterance: the utterance is committed once, bit for bit, in the new session", async () => {
    await using service = await startSteppedService();
    const caller = await open(service);
    await service.run(400);
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => noticesOf(caller, "speechStarted").length === 1, TURN_MS_MAX);
    await service.run(600);
    drop(service);
    await service.until(() => receipts(caller).length === 1, TURN_MS_MAX);
    expect(service.record(0).committed).toHaveLength(0);
    const [committed] = service.record(1).committed;
    const turn = noticesOf(caller, "turnCommitted")[0];
    const whole = captureInOnePiece(caller.mouth.sent(), WIDE, UPSTREAM);
    const from = (turn?.startMs ?? 0) * BYTES_PER_MS;
    const span = whole.subarray(from, (turn?.endMs ?? 0) * BYTES_PER_MS);
    expect(committed?.audio.byteLength).toBe(span.byteLength);
    expect(Buffer.compare(committed?.audio ?? new Uint8Array(), span)).toBe(0);
    expect(service.record(1).committed).toHaveLength(1);
    expect(noticesOf(caller, "turnCommitted")).toHaveLength(1);
    expect(noticesOf(caller, "error").map(({ code }) => code)).toEqual(["upstream_reconnecting"]);
    expect(refusals(service.record(1))).toEqual([]);
  });

  test("I5: between two turns, on the phone: nothing is committed again, the next turn is answered", async () => {
    await using service = await startSteppedService({ argv: ["--routes-twilio-greeting", ""] });
    const ids = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
    const caller = await service.call("/twilio/media", createTwilioLine(ids));
    const heardMs = () => caller.ear.heardBytes().byteLength / 8;
    caller.say(loadSpeech("question", PHONE));
    await service.until(() => heardMs() > 1_000 && !caller.ear.isPlaying(), TURN_MS_MAX);
    await service.run(1_000);
    drop(service);
    await service.run(2_000);
    expect(service.record(1).committed).toHaveLength(0);
    const beforeMs = heardMs();
    caller.say(loadSpeech("numbers", PHONE));
    await service.until(() => heardMs() > beforeMs + 500 && !caller.ear.isPlaying(), TURN_MS_MAX);
    expect(service.record(0).committed).toHaveLength(1);
    expect(service.record(1).committed).toHaveLength(1);
    // What was said before is told as text, both sides, in order.
    const [asked, answered] = toldTexts(service.record(1));
    expect(asked?.[0]).toBe("user");
    expect(asked?.[1]).toStartWith("[simulated: ");
    expect(answered?.[0]).toBe("assistant");
    expect(answered?.[1]).toStartWith("[simulated: your ");
  });

  test("in mid-answer: what was queued is heard, the turn is answered anew, never two at once", async () => {
    await using service = await startSteppedService();
    const caller = await open(service);
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => noticesOf(caller, "responseStarted").length === 1, TURN_MS_MAX);
    await service.run(100);
    drop(service);
    await service.until(() => receipts(caller).length === 2, TURN_MS_MAX);
    expect(noticesOf(caller, "turnCommitted")).toHaveLength(1);
    expect(overlappingCreates(service.record(1))).toEqual([]);
    expect(caller.ear.staleFrames()).toBe(0);
    expect(noticesOf(caller, "responseStarted")).toHaveLength(2);
  });

  test("I9: refused dials are tried again with growing pauses, and the call is back", async () => {
    await using service = await startSteppedService();
    const caller = await open(service);
    await service.run(200);
    service.simulator.refuseDials(503, 4);
    const lostMs = service.clock.nowMs();
    drop(service);
    await service.until(() => service.simulator.lines().length === 1, TURN_MS_MAX);
    // Four refused dials: at least half of 200 + 400 + 800 + 1600 ms of backoff.
    expect(service.clock.nowMs() - lostMs).toBeGreaterThan(1_500);
    caller.say(loadSpeech("yes", WIDE));
    await service.until(() => receipts(caller).length === 1, TURN_MS_MAX);
    expect(noticesOf(caller, "error")).toHaveLength(1);
  });

  test("I9: a first dial that is refused is told once; what was said meanwhile is answered", async () => {
    await using service = await startSteppedService({ argv: ["--agent-wait-recording", ""] });
    service.simulator.refuseDials(503, 6);
    const caller = await open(service);
    caller.say(loadSpeech("yes", WIDE));
    await service.until(() => receipts(caller).length === 1, TURN_MS_MAX);
    expect(service.record(0).committed).toHaveLength(1);
    expect(noticesOf(caller, "error").map(({ code }) => code)).toEqual(["upstream_reconnecting"]);
    expect(overlappingCreates(service.record(0))).toEqual([]);
  });

  test("RT-15: a loss that lasts: after the give-up time the call ends with 4502", async () => {
    await using service = await startSteppedService({ argv: ["--openai-give-up-seconds", "5"] });
    const caller = await open(service);
    await service.run(200);
    service.simulator.refuseDials(503, 1_000);
    drop(service);
    await service.until(() => !caller.isOpen(), TURN_MS_MAX);
    expect((await caller.closed).code).toBe(4502);
    expect(service.running.calls.callsOpen()).toBe(0);
  });

  test("R8, RT-15: the provider ends the session after its maximum: the call goes on in a new one", async () => {
    await using service = await startSteppedService({
      simulator: { limits: { sessionMsMax: 8_000 } },
    });
    const caller = await open(service);
    caller.say(loadSpeech("yes", WIDE));
    await service.until(() => receipts(caller).length === 1, TURN_MS_MAX);
    await service.run(9_000);
    caller.say(loadSpeech("numbers", WIDE));
    await service.until(() => receipts(caller).length === 2, TURN_MS_MAX);
    expect(service.simulator.records.length).toBeGreaterThanOrEqual(2);
    expect(noticesOf(caller, "turnCommitted")).toHaveLength(2);
  });
});

describe("a session gets old", () => {
  test("R8: one that says when it ends is replaced before, though 50 minutes are configured", async () => {
    await using service = await startSteppedService({
      simulator: { limits: { sessionMsMax: 30_000 } },
    });
    const caller = await open(service);
    caller.say(loadSpeech("yes", WIDE));
    await service.until(() => receipts(caller).length === 1, TURN_MS_MAX);
    await service.until(() => service.simulator.records.length === 2, 27_000);
    await service.run(1_000);
    expect(noticesOf(caller, "upstreamRestored")).toEqual([]);
    expect(service.simulator.lines()).toHaveLength(1);
    expect(noticesOf(caller, "error")).toEqual([]);
  });

  test("R8: it is replaced in a quiet moment, unheard; speech across the due time is not cut", async () => {
    await using service = await startSteppedService({ argv: ["--openai-rotate-minutes", "0.05"] });
    const caller = await open(service);
    await service.run(1_500);
    // Due at 3 s: in the middle of this utterance.
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => receipts(caller).length === 1, TURN_MS_MAX);
    expect(service.record(0).committed).toHaveLength(1);
    await service.until(() => service.simulator.records.length === 2, TURN_MS_MAX);
    await service.run(500);
    caller.say(loadSpeech("yes", WIDE));
    await service.until(() => receipts(caller).length === 2, TURN_MS_MAX);
    const texts = toldTexts(service.record(1));
    expect(texts.map(([role]) => role)).toEqual(["user", "assistant"]);
    expect(noticesOf(caller, "error")).toEqual([]);
    expect(service.simulator.lines()).toHaveLength(1);
    expect(service.complaints).toEqual([]);
  });
});
