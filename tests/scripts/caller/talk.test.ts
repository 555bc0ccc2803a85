// The caller's manners against a whole service on stepped time: it waits for a greeting, hears the
// answer out, interrupts when asked to, and hangs up.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../../scripts/caller/audio-format.ts";
import { latencyLines } from "../../../scripts/caller/call-report.ts";
import type { Caller } from "../../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../../scripts/caller/protobuf-line.ts";
import type { TalkPlan, TalkResult } from "../../../scripts/caller/talk.ts";
import { talk } from "../../../scripts/caller/talk.ts";
import { createTwilioLine } from "../../../scripts/caller/twilio-line.ts";
import { loadSpeech } from "../../support/speech-files.ts";
import type { SteppedService } from "../../support/stepped-service.ts";
import { startSteppedService } from "../../support/stepped-service.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };

async function talkOut(
  service: SteppedService,
  caller: Caller,
  plan: Omit<TalkPlan, "clock">,
): Promise<TalkResult> {
  let result: TalkResult | undefined;
  const talking = talk(caller, { clock: service.clock, ...plan }).then((ended) => {
    result = ended;
    return ended;
  });
  await service.until(() => result !== undefined, 120_000);
  return await talking;
}

function count(caller: Caller, kind: Caller["timeline"]["entries"][number]["kind"]): number {
  return caller.timeline.entries.filter((entry) => entry.kind === kind).length;
}

describe("talk()", () => {
  test("hears a greeting out, speaks, hears the answer out, hangs up", async () => {
    await using service = await startSteppedService();
    const caller = await service.call("/twilio/media", createTwilioLine(IDS));
    const result = await talkOut(service, caller, { speech: loadSpeech("yes", caller.format) });
    expect(result).toBe("answered");
    expect(count(caller, "agent_sounds")).toBe(2);
    expect(count(caller, "cleared")).toBe(0);
    expect((await caller.closed).code).toBe(1000);
  });

  test("interrupts after so much of the answer, and measures both latencies", async () => {
    await using service = await startSteppedService();
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
    const result = await talkOut(service, caller, {
      speech: loadSpeech("question", WIDE),
      interruption: { afterMs: 500, speech: loadSpeech("hold-on", WIDE) },
    });
    expect(result).toBe("answered");
    expect(count(caller, "cleared")).toBe(1);
    expect(count(caller, "agent_sounds")).toBe(2);
    const lines = latencyLines([caller.timeline.entries]);
    expect(lines[0]).toMatch(/^end of my speech to first sound +p50 \d+ ms, .* n 2$/);
    expect(lines[1]).toMatch(/^my interruption to silence +\d+ ms$/);
  });

  test("says so when nobody answers", async () => {
    await using service = await startSteppedService();
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
    const result = await talkOut(service, caller, { speech: new Uint8Array(6_400) });
    expect(result).toBe("no_answer");
  });

  test("says so when the line is lost", async () => {
    await using service = await startSteppedService();
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
    service.clock.setTimer(3_000, () => caller.drop());
    const result = await talkOut(service, caller, { speech: loadSpeech("question", WIDE) });
    expect(result).toBe("lost");
  });
});
