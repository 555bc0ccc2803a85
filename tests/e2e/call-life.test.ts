// How calls end, and what a line may do to them: time limit with a goodbye that is heard, a service
// that stops, lost frames, a line that falls silent. Stepped clock, real sockets.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import type { StartFields } from "../../scripts/caller/protobuf-line.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { captureInOnePiece } from "../support/core-passage.ts";
import { loadSpeech } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import { overlappingCreates, refusals } from "../support/upstream-facts.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8000, channels: 1 };
const UPSTREAM = { upstreamEncoding: "pcm16", upstreamRateHz: 24_000 } as const;
const UPSTREAM_BYTES_PER_MS = 48;
const TURN_MS_MAX = 30_000;
const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
const NO_GREETING = ["--routes-twilio-greeting", ""];

function open(service: SteppedService, start: StartFields = {}): Promise<Caller> {
  return service.call("/v1/stream", createProtobufLine(WIDE, start));
}

describe("the end of a call", () => {
  test("time is up: the goodbye is heard to its end, then the call closes with 1000", async () => {
    await using service = await startSteppedService({ argv: ["--call-minutes-max", "1"] });
    const caller = await open(service);
    await service.run(59_900);
    expect(caller.ear.heardMs()).toBe(0);
    await service.until(() => !caller.isOpen(), 10_000);
    expect(noticesOf(caller, "ended")).toMatchObject([{ reason: "limit_reached" }]);
    expect((await caller.closed).code).toBe(1000);
    // The simulator's tune is complete in the ear: nothing was cut off by the close.
    const receipt = noticesOf(caller, "receipt").at(-1);
    expect(receipt?.complete).toBe(true);
    expect(caller.ear.heardMs()).toBeGreaterThanOrEqual(receipt?.heardMs ?? 0);
    expect(receipt?.heardMs).toBeGreaterThan(500);
    expect(service.running.calls.callsOpen()).toBe(0);
    expect(service.complaints).toEqual([]);
  });

  test("RT-15: a stopping service: the open call is told and goes on, new ones are refused", async () => {
    await using service = await startSteppedService();
    const caller = await open(service);
    const drained = service.running.drain(20_000);
    await service.step();
    expect(noticesOf(caller, "goingAway")).toMatchObject([{ deadlineMs: 20_000 }]);
    const late = await open(service).then(
      () => "opened",
      () => "refused",
    );
    expect(late).toBe("refused");

    caller.say(loadSpeech("yes", WIDE));
    await service.until(() => noticesOf(caller, "receipt").some((r) => r.complete), 10_000);
    caller.hangUp();
    await service.until(() => !caller.isOpen(), 1_000);
    await drained;
    expect((await caller.closed).code).toBe(1000);
    // The refusal of the late one is the only thing an operator has to read.
    expect(service.complaints).toHaveLength(1);
    expect(service.complaints[0]).toContain('code: "draining"');
  });

  test("a stopping service ends what is still open at its deadline with 1001", async () => {
    await using service = await startSteppedService();
    const caller = await open(service);
    const drained = service.running.drain(2_000);
    await service.until(() => !caller.isOpen(), 3_000);
    await drained;
    expect(noticesOf(caller, "ended")).toMatchObject([{ reason: "drained" }]);
    expect((await caller.closed).code).toBe(1001);
  });

  test("a caller that vanishes leaves nothing behind and harms no other call", async () => {
    await using service = await startSteppedService();
    const first = await open(service);
    const second = await open(service);
    first.say(loadSpeech("question", WIDE));
    second.say(loadSpeech("question", WIDE));
    await service.run(1_500);
    first.drop();
    await service.until(() => noticesOf(second, "receipt").some((r) => r.complete), TURN_MS_MAX);
    expect(service.running.calls.callsOpen()).toBe(1);
    expect(service.simulator.lines()).toHaveLength(1);
    expect(service.complaints).toEqual([]);
  });
});

describe("the agent's connection", () => {
  test("slow to come: what was said meanwhile is committed, bit for bit, and answered", async () => {
    // Three seconds until the session stands: later than the end of the caller's turn.
    await using service = await startSteppedService({
      argv: ["--agent-wait-recording", ""],
      simulator: { limits: { oneWayMs: 1_500 } },
    });
    const caller = await open(service);
    caller.say(loadSpeech("yes", WIDE));
    await service.run(2_000);
    expect(noticesOf(caller, "turnCommitted")).toHaveLength(1);
    expect(service.record(0).committed).toHaveLength(0);
    await service.until(() => noticesOf(caller, "receipt").some((r) => r.complete), TURN_MS_MAX);
    const { committed } = service.record(0);
    expect(committed).toHaveLength(1);
    const { startMs = 0, endMs = 0 } = noticesOf(caller, "turnCommitted")[0] ?? {};
    const whole = captureInOnePiece(caller.mouth.sent(), WIDE, UPSTREAM);
    const span = whole.subarray(startMs * UPSTREAM_BYTES_PER_MS, endMs * UPSTREAM_BYTES_PER_MS);
    expect(Buffer.compare(committed[0]?.audio ?? new Uint8Array(), span)).toBe(0);
    expect(overlappingCreates(service.record(0))).toEqual([]);
    expect(service.complaints).toEqual([]);
  });

  test("lost for good: this call ends with 4502 and says why, the other goes on", async () => {
    await using service = await startSteppedService();
    const first = await open(service);
    const second = await open(service);
    second.say(loadSpeech("question", WIDE));
    await service.run(1_000);
    // The key was withdrawn meanwhile: dialling again cannot help.
    service.simulator.refuseDials(401, 1);
    service.simulator.lines()[0]?.fail({ kind: "drop", afterEvents: 0 });
    await service.until(() => !first.isOpen(), 15_000);
    expect((await first.closed).code).toBe(4502);
    expect(noticesOf(first, "error").map(({ code }) => code)).toEqual([
      "upstream_reconnecting",
      "upstream_lost",
    ]);
    expect(noticesOf(first, "ended")).toMatchObject([{ reason: "upstream_lost" }]);
    await service.until(() => noticesOf(second, "receipt").some((r) => r.complete), TURN_MS_MAX);
    expect(service.running.calls.callsOpen()).toBe(1);
  });
});

describe("what a line does", () => {
  test("lost frames in a phrase are filled: one turn, as long as it was", async () => {
    await using service = await startSteppedService({ argv: NO_GREETING });
    const caller = await service.call("/twilio/media", createTwilioLine(IDS));
    caller.say(loadSpeech("question", PHONE));
    await service.run(1_500);
    caller.loseFrames(4);
    await service.until(() => service.record(0).committed.length > 0, TURN_MS_MAX);
    const { committed } = service.record(0);
    expect(committed).toHaveLength(1);
    const said = Buffer.from(caller.mouth.sent());
    const sent = Buffer.from(committed[0]?.audio ?? []);
    const offset = said.indexOf(sent.subarray(0, 1_600));
    expect(offset).toBeGreaterThan(0);
    // The same bytes but for the four frames that never came.
    let differing = 0;
    for (let start = 0; start < sent.byteLength; start += 160) {
      const was = said.subarray(offset + start, offset + start + 160);
      if (!was.equals(sent.subarray(start, start + 160))) differing += 1;
    }
    expect(differing).toBe(4);
    expect(service.complaints).toEqual([]);
  });

  test("a line that falls silent in a phrase: the turn ends all the same", async () => {
    await using service = await startSteppedService({ argv: NO_GREETING });
    const caller = await service.call("/twilio/media", createTwilioLine(IDS));
    caller.say(loadSpeech("question", PHONE));
    await service.run(2_000);
    caller.loseFrames(250);
    await service.until(() => service.record(0).committed.length > 0, 3_000);
    expect(service.record(0).committed).toHaveLength(1);
    expect(service.complaints).toEqual([]);
  });

  test("the caller's application interrupts, ends a turn, types and presses keys", async () => {
    await using service = await startSteppedService();
    const caller = await open(service, { greeting: "Say hello." });
    await service.until(() => caller.ear.heardMs() >= 200, 5_000);
    caller.interrupt();
    await service.until(() => noticesOf(caller, "receipt").length === 1, 1_000);
    const heardMs = caller.ear.heardMs();
    expect(noticesOf(caller, "receipt")).toMatchObject([{ heardMs, complete: false }]);
    await service.run(1_000);
    expect(caller.ear.heardMs()).toBe(heardMs);

    caller.typeText("Are you open on Sunday?");
    await service.until(() => noticesOf(caller, "responseDone").length === 2, 10_000);
    await service.until(() => !caller.ear.isPlaying(), 10_000);
    caller.press("12#");
    await service.until(() => noticesOf(caller, "responseDone").length === 3, 10_000);
    await service.until(() => !caller.ear.isPlaying(), 10_000);

    // In the middle of the words: the turn is over now, not after the silence.
    caller.say(loadSpeech("question", WIDE));
    await service.run(1_500);
    const endMs = service.clock.nowMs();
    caller.endOfTurn();
    await service.until(() => noticesOf(caller, "turnCommitted").length > 0, 1_000);
    expect(service.clock.nowMs() - endMs).toBeLessThanOrEqual(100);
    expect(overlappingCreates(service.record(0))).toEqual([]);
    expect(refusals(service.record(0))).toEqual([]);
    expect(service.complaints).toEqual([]);
  });
});
