// A caller who falls silent, over real sockets on a stepped clock: asked whether still there, then
// let go with a goodbye that is heard in full. Method: the simulated agent's records say what it
// was asked and when.
import { describe, expect, test } from "bun:test";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import { overlappingCreates, refusals } from "../support/upstream-facts.ts";

const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
const CALL_MS_MAX = 120_000;

describe("a silent caller", () => {
  test("on the phone is asked twice, 10 s after what was heard last, and let go after 60 s", async () => {
    await using service = await startSteppedService();
    const caller = await service.call("/twilio/media", createTwilioLine(IDS));
    await service.until(() => !caller.isOpen(), CALL_MS_MAX);
    const record = service.record(0);
    const asks = record.commands.filter(({ type }) => type === "response.create");
    // Greeting, two nudges, goodbye.
    expect(asks).toHaveLength(4);
    const texts = asks.map(({ command }) => JSON.stringify(command));
    expect(texts[1]).toContain("The caller is silent");
    expect(texts[2]).toContain("The caller is silent");
    expect(texts[3]).toContain("Say goodbye");
    const [greetingMs = 0, firstMs = 0, secondMs = 0, goodbyeMs = 0] = asks.map(({ atMs }) => atMs);
    expect(firstMs - greetingMs).toBeGreaterThanOrEqual(10_000);
    expect(firstMs - greetingMs).toBeLessThan(15_000);
    expect(secondMs - firstMs).toBeGreaterThanOrEqual(10_000);
    expect(goodbyeMs - greetingMs).toBeGreaterThanOrEqual(60_000);
    expect(goodbyeMs - greetingMs).toBeLessThan(65_000);
    // The call closed after the goodbye, not into it.
    expect(service.clock.nowMs() - goodbyeMs).toBeGreaterThan(500);
    expect(overlappingCreates(record)).toEqual([]);
    expect(refusals(record)).toEqual([]);
    expect(service.running.calls.callsOpen()).toBe(0);
  });

  test("on the stream is left alone unless the operator says otherwise", async () => {
    await using service = await startSteppedService();
    const caller = await service.call(
      "/v1/stream",
      createProtobufLine({ encoding: "pcm16", rateHz: 16_000, channels: 1 }),
    );
    await service.run(70_000);
    expect(caller.isOpen()).toBe(true);
    expect(noticesOf(caller, "responseStarted")).toHaveLength(0);
  });
});
