// Where the time of a call goes, as the service itself reports it, over real sockets on a stepped
// clock: the audio's own lag is real, what our code takes is 0 there (bench/reaction.ts measures
// it).
import { describe, expect, test } from "bun:test";
import { TurnDetection } from "../../gen/voxbridge/v1/stream_pb.ts";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import type { LiveCall } from "../../service/contract/live-call.ts";
import { loadSpeech } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8000, channels: 1 };
const IDS = {
  callSid: `CA${"1".repeat(32)}`,
  streamSid: `MZ${"2".repeat(32)}`,
  accountSid: `AC${"3".repeat(32)}`,
};
const TURN_MS_MAX = 30_000;

/** A stage's histogram: how many were at most `ms`, and how many there were. */
function stage(service: SteppedService, name: string, ms: number): readonly [number, number] {
  const text = service.running.metrics.print();
  const at = (bound: string) =>
    Number(
      text.match(
        new RegExp(`stage_ms_bucket\\{[^}]*${name}[^}]*le="${bound}"[^}]*\\} (\\d+)`),
      )?.[1],
    );
  return [at(String(ms)), at("\\+Inf")];
}

describe("latency stages", () => {
  test.each([
    ["the stream", WIDE, "/v1/stream", createProtobufLine(WIDE)],
    ["the phone", PHONE, "/twilio/media", createTwilioLine({ ...IDS, customParameters: {} })],
  ] as const)("S0-02: on %s the model hears the first sample within 100 ms", async (...row) => {
    const [, format, path, line] = row;
    await using service = await startSteppedService({ argv: ["--routes-twilio-greeting", ""] });
    const caller = await service.call(path, line);
    caller.say(loadSpeech("question", format));
    await service.until(() => service.record(0).committed.length > 0, TURN_MS_MAX);
    const [within, all] = stage(service, "onset_to_upstream", 100);
    expect(all).toBeGreaterThanOrEqual(1);
    expect(within).toBe(all);
    expect(stage(service, "end_to_commit", 1)[0]).toBeGreaterThanOrEqual(1);
    expect(service.complaints).toEqual([]);
  });

  test("S4-C23, D-27: a call's shares are told with the network's beside them, live and at its end", async () => {
    const calls: LiveCall[] = [];
    const embedding = { onCall: (call: LiveCall) => void calls.push(call) };
    await using service = await startSteppedService({ embedding });
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
    caller.say(loadSpeech("question", WIDE));
    expect(calls[0]?.latency()).toEqual({ stages: [], networkMs: -1 });
    await service.until(() => noticesOf(caller, "receipt").length > 0, TURN_MS_MAX);
    // The first ping goes out after 5 s, and the loopback of a stepped clock takes no time.
    await service.run(6_000);
    const live = calls[0]?.latency();
    expect(live?.networkMs).toBe(0);
    expect(live?.stages.map(({ stage }) => stage)).toEqual([
      "onset_to_upstream",
      "end_to_commit",
      "audio_to_caller",
    ]);
    caller.hangUp();
    await service.until(() => !caller.isOpen(), TURN_MS_MAX);
    const [told] = noticesOf(caller, "latency");
    expect(told?.networkMs).toBe(0);
    expect(
      told?.stages.map(({ stage, budgetMs, overBudget }) => [stage, budgetMs, overBudget]),
    ).toEqual([
      ["onset_to_upstream", 150, 0],
      ["end_to_commit", 10, 0],
      ["audio_to_caller", 100, 0],
    ]);
    expect(caller.notices.slice(-2).map((notice) => notice.case)).toEqual(["latency", "ended"]);
    const ended = service.logged.find(([event]) => event === "call ended")?.[1];
    expect(ended).toMatchObject({ networkMs: 0 });
  });

  test("D-27: of a call that is over before the first ping no network time is told", async () => {
    await using service = await startSteppedService();
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
    await service.run(1_000);
    caller.hangUp();
    await service.until(() => !caller.isOpen(), TURN_MS_MAX);
    expect(noticesOf(caller, "latency")[0]?.networkMs).toBeUndefined();
    const ended = service.logged.find(([event]) => event === "call ended")?.[1];
    expect(ended?.["networkMs"]).toBeUndefined();
  });

  test("S0-05, S0-06: with the provider's turns every frame leaves in the step it came in", async () => {
    await using service = await startSteppedService();
    const options = { turnDetection: TurnDetection.SERVER_VAD };
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE, options));
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => noticesOf(caller, "receipt").length > 0, TURN_MS_MAX);
    const [within, all] = stage(service, "frame_to_upstream", 1);
    expect(all).toBeGreaterThan(50);
    expect(within).toBe(all);
    expect(stage(service, "audio_to_caller", 100)).toEqual([1, 1]);
  });
});
