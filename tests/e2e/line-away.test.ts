// Goal: a caller whose agent's line is away is not left in silence (5.9): "one moment please" after
// 3 s in which nobody speaks, again every 10 s, an apology when it is gone for good; and the caller's
// side is told when the line is back. Out of the box, on both transports.
// Method: whole calls over real sockets on a stepped clock; the simulated agent drops its line and
// refuses dials for as long as the test says.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { heardMs } from "../support/far-end-sound.ts";
import { loadSpeech } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8000, channels: 1 };
const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
const NO_GREETING = ["--routes-twilio-greeting", ""];
const TURN_MS_MAX = 30_000;
/** The recordings that ship, in whole frames. */
const ONE_MOMENT_MS = 1_620;
const APOLOGY_MS = 4_900;

const WAYS = [
  ["the stream", WIDE, "/v1/stream", () => createProtobufLine(WIDE)],
  ["the phone", PHONE, "/twilio/media", () => createTwilioLine(IDS)],
] as const;

function lose(service: SteppedService, dialsRefused = 1_000): void {
  service.simulator.refuseDials(503, dialsRefused);
  service.simulator.lines()[0]?.fail({ kind: "drop", afterEvents: 0 });
}

describe.each(WAYS)("a line that is away, on %s", (_name, format, path, makeLine) => {
  test("5.9: one moment please after 3 s, again after 10, and the call goes on when it is back", async () => {
    await using service = await startSteppedService({ argv: NO_GREETING });
    const caller = await service.call(path, makeLine());
    await service.run(500);
    lose(service);
    await service.run(2_900);
    expect(heardMs(caller, format)).toBe(0);
    await service.run(2_500);
    expect(heardMs(caller, format)).toBe(ONE_MOMENT_MS);
    await service.run(10_000);
    expect(heardMs(caller, format)).toBe(2 * ONE_MOMENT_MS);
    service.simulator.refuseDials(503, 0);
    await service.until(() => service.simulator.lines().length === 1, TURN_MS_MAX);
    // Nothing more is asked of the caller's patience.
    await service.run(11_000);
    const waitedMs = heardMs(caller, format);
    expect(waitedMs).toBeLessThanOrEqual(3 * ONE_MOMENT_MS);
    caller.say(loadSpeech("yes", format));
    await service.until(() => heardMs(caller, format) > waitedMs + 300, TURN_MS_MAX);
    expect(service.record(1).committed).toHaveLength(1);
    // The stream is told that the agent is back, the phone nothing that it would not know.
    const told = noticesOf(caller, "upstreamRestored").map(({ lostMs }) => lostMs);
    expect(told.map((ms) => ms > 15_000)).toEqual(format === WIDE ? [true] : []);
    expect(caller.unknownMessages).toEqual([]);
  });

  test("5.9: out of the box an apology is the last thing that is heard", async () => {
    await using service = await startSteppedService({ argv: NO_GREETING });
    const caller = await service.call(path, makeLine());
    await service.run(500);
    service.simulator.refuseDials(401, 1);
    service.simulator.lines()[0]?.fail({ kind: "drop", afterEvents: 0 });
    await service.until(() => !caller.isOpen(), TURN_MS_MAX);
    expect(heardMs(caller, format)).toBe(APOLOGY_MS);
    expect((await caller.closed).code).toBe(4502);
  });

  test("without recordings there is silence, as the operator wants it", async () => {
    const none = ["--agent-wait-recording", "", "--agent-lost-recording", ""];
    await using service = await startSteppedService({
      argv: [...NO_GREETING, ...none, "--openai-give-up-seconds", "6"],
    });
    const caller = await service.call(path, makeLine());
    await service.run(500);
    lose(service);
    await service.until(() => !caller.isOpen(), TURN_MS_MAX);
    expect(heardMs(caller, format)).toBe(0);
  });
});

describe("a line that is away", () => {
  test("5.9: the caller's side is told that it is back, and for how long it was away", async () => {
    await using service = await startSteppedService();
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
    await service.run(500);
    const lostMs = service.clock.nowMs();
    lose(service, 3);
    await service.until(() => noticesOf(caller, "upstreamRestored").length > 0, TURN_MS_MAX);
    const awayMs = service.clock.nowMs() - lostMs;
    expect(noticesOf(caller, "error").map(({ code }) => code)).toEqual(["upstream_reconnecting"]);
    const told = noticesOf(caller, "upstreamRestored")[0]?.lostMs ?? 0;
    expect(told).toBeGreaterThan(awayMs - 60);
    expect(told).toBeLessThanOrEqual(awayMs);
    await service.run(2_000);
    expect(noticesOf(caller, "upstreamRestored")).toHaveLength(1);
  });

  test("5.9: a first dial that is refused: the caller is asked to wait, and told when it is there", async () => {
    await using service = await startSteppedService();
    service.simulator.refuseDials(503, 6);
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
    await service.until(() => noticesOf(caller, "upstreamRestored").length > 0, TURN_MS_MAX);
    await service.run(2_000);
    expect(heardMs(caller, WIDE)).toBe(ONE_MOMENT_MS);
    const order = caller.notices.map((notice) => notice.case);
    expect(order.filter((name) => name === "error" || name === "upstreamRestored")).toEqual([
      "error",
      "upstreamRestored",
    ]);
  });

  test("5.9: a caller who speaks is not asked to wait until they are silent", async () => {
    await using service = await startSteppedService();
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
    await service.run(500);
    lose(service);
    // Speaks from 1.3 s to about 4.1 s of the loss.
    await service.run(1_000);
    caller.say(loadSpeech("question", WIDE));
    await service.run(3_000);
    expect(heardMs(caller, WIDE)).toBe(0);
    await service.run(3_000);
    expect(heardMs(caller, WIDE)).toBe(ONE_MOMENT_MS);
    // What was said is answered all the same, and its answer's time is its own.
    service.simulator.refuseDials(503, 0);
    await service.until(() => noticesOf(caller, "turnLatency").length === 1, TURN_MS_MAX);
    expect(service.record(1).committed).toHaveLength(1);
    expect(noticesOf(caller, "turnLatency")[0]?.perceivedMs).toBeGreaterThan(3_000);
  });

  test("a caller who talks over the recording cuts it, and nothing of it is told to the model", async () => {
    await using service = await startSteppedService();
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
    await service.run(500);
    lose(service);
    await service.until(() => heardMs(caller, WIDE) > 300, TURN_MS_MAX);
    caller.say(loadSpeech("interrupt", WIDE));
    await service.run(1_500);
    expect(heardMs(caller, WIDE)).toBeLessThan(ONE_MOMENT_MS);
    service.simulator.refuseDials(503, 0);
    await service.until(() => noticesOf(caller, "turnLatency").length > 0, TURN_MS_MAX);
    const kinds = service.record(1).commands.map(({ type }) => type);
    expect(kinds).not.toContain("conversation.item.truncate");
    expect(kinds).not.toContain("conversation.item.delete");
  });
});
