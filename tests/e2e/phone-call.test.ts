// Whole calls as Twilio makes them: mu-law at 8 kHz, marks, on one stepped clock with real sockets.
// A phone hears and says bytes, so everything here is compared byte for byte (decision 4).
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { dialTwilio } from "../../scripts/caller/twilio-dial.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { loadSpeech, speechLabels } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { startSteppedService } from "../support/stepped-service.ts";
import {
  appendedBytes,
  commandCount,
  overlappingCreates,
  refusals,
  truncations,
} from "../support/upstream-facts.ts";

const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8000, channels: 1 };
const FRAME_BYTES = 160;
const TURN_MS_MAX = 30_000;
const DECISION_MS_MAX = 700;
const IDS = {
  accountSid: "AC00000000000000000000000000000001",
  callSid: "CA00000000000000000000000000000001",
  streamSid: "MZ00000000000000000000000000000001",
};

function open(service: SteppedService): Promise<Caller> {
  return service.call("/twilio/media", createTwilioLine({ ...IDS, customParameters: {} }));
}

/** The agent has sounded `sounds` times in all and has been quiet for half a second. */
async function heardOut(service: SteppedService, caller: Caller, sounds: number): Promise<void> {
  const count = () => caller.timeline.entries.filter(({ kind }) => kind === "agent_sounds").length;
  await service.until(() => count() >= sounds && !caller.ear.isPlaying(), TURN_MS_MAX);
  await service.run(500);
}

describe("a phone call, mu-law at 8 kHz", () => {
  test("after the greeting, every appended byte is what the caller said, pre-roll first", async () => {
    await using service = await startSteppedService();
    const caller = await open(service);
    await heardOut(service, caller, 1);
    const greetingBytes = caller.ear.heardBytes().byteLength;
    expect(greetingBytes).toBeGreaterThan(0);

    const startMs = caller.mouth.positionMs();
    caller.say(loadSpeech("question", PHONE));
    await heardOut(service, caller, 2);
    const record = service.record(0);
    expect(record.committed).toHaveLength(1);
    const committed = Buffer.from(record.committed[0]?.audio ?? []);
    expect(appendedBytes(record)).toEqual([committed.byteLength]);

    // The committed bytes lie in what the mouth gave, on a frame's edge, around the words.
    const sent = Buffer.from(caller.mouth.sent());
    const offset = sent.indexOf(committed);
    expect(offset).toBeGreaterThan(0);
    expect(offset % FRAME_BYTES).toBe(0);
    const labels = speechLabels("question");
    const spanStartMs = offset / 8 - startMs;
    const spanEndMs = (offset + committed.byteLength) / 8 - startMs;
    const wordsEndMs = labels.at(-1)?.endMs ?? 0;
    expect(spanStartMs).toBeLessThan(labels[0]?.startMs ?? 0);
    expect(spanEndMs).toBeGreaterThanOrEqual(wordsEndMs);
    expect(spanEndMs).toBeLessThan(wordsEndMs + DECISION_MS_MAX);

    // And the answer is the same bytes, untouched on the way down; the last frame is filled up.
    const answer = Buffer.from(caller.ear.heardBytes().subarray(greetingBytes));
    expect(answer.byteLength - committed.byteLength).toBeLessThan(FRAME_BYTES);
    expect(answer.subarray(0, committed.byteLength).equals(committed)).toBe(true);

    expect(commandCount(record, "response.create")).toBe(2);
    expect(overlappingCreates(record)).toEqual([]);
    expect(refusals(record)).toEqual([]);
    expect(truncations(record)).toEqual([]);
    expect(caller.unknownMessages).toEqual([]);
    expect(service.complaints).toEqual([]);
  });

  test("four utterances are four turns, each committed once and in order", async () => {
    await using service = await startSteppedService({ argv: ["--routes-twilio-greeting", ""] });
    const caller = await open(service);
    for (const [index, name] of (["yes", "two-part", "numbers", "no"] as const).entries()) {
      caller.say(loadSpeech(name, PHONE));
      await heardOut(service, caller, index + 1);
    }
    const record = service.record(0);
    expect(record.committed).toHaveLength(4);
    expect(commandCount(record, "response.create")).toBe(4);
    expect(overlappingCreates(record)).toEqual([]);
    expect(refusals(record)).toEqual([]);
    const sent = Buffer.from(caller.mouth.sent());
    let after = 0;
    for (const { audio } of record.committed) {
      const offset = sent.indexOf(Buffer.from(audio), after);
      expect(offset).toBeGreaterThanOrEqual(after);
      after = offset + audio.byteLength;
    }
    expect(service.complaints).toEqual([]);
  });

  test("hanging up ends the call and the agent's session", async () => {
    await using service = await startSteppedService();
    const caller = await open(service);
    await service.run(400);
    caller.hangUp();
    await service.until(() => !caller.isOpen(), 1_000);
    await service.run(200);
    expect(service.running.calls.callsOpen()).toBe(0);
    expect(service.simulator.lines()).toHaveLength(0);
    expect(service.complaints).toEqual([]);
  });

  test("through the signed webhook: the agent is dialled before the phone connects", async () => {
    const signing = { authToken: "0123456789abcdef", publicUrl: "https://voice.example" };
    await using service = await startSteppedService({
      argv: ["--twilio-auth-token", signing.authToken, "--public-url", signing.publicUrl],
    });
    const route = await dialTwilio({ serviceUrl: service.url, signing, ...IDS });
    await service.census.settle();
    expect(service.simulator.lines()).toHaveLength(1);
    const line = createTwilioLine({ ...IDS, customParameters: route.customParameters });
    const path = new URL(route.url).pathname;
    const caller = await service.call(path, line, { headers: route.headers });
    await heardOut(service, caller, 1);
    expect(service.simulator.records).toHaveLength(1);
    // The same path again: its token is used up.
    const again = await service.call(path, line, { headers: route.headers }).then(
      () => "opened",
      () => "refused",
    );
    expect(again).toBe("refused");
  });
});
