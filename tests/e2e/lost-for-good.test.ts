// Goal: an agent that is gone for good does not end a call in mid-word: what was queued is heard,
// then the operator's recording, then the call closes with 4502 (or Twilio's stream ends).
// Method: whole calls over real sockets on a stepped clock; the simulated agent refuses to come
// back; what the far end's ear played is compared with the recording.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { heardMs, type RecordedTone, recordTone } from "../support/far-end-sound.ts";
import { loadSpeech } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8000, channels: 1 };
const IDS = {
  accountSid: "AC00000000000000000000000000000001",
  callSid: "CA00000000000000000000000000000001",
  streamSid: "MZ00000000000000000000000000000001",
};
const TURN_MS_MAX = 30_000;
/** Whole periods of a tone, 1.5 s. */
const RECORDING_MS = 1_500;

let tone: RecordedTone;

beforeAll(() => {
  tone = recordTone(RECORDING_MS);
});

afterAll(() => tone.remove());

/** The agent's line drops and is refused for good. */
function loseForGood(service: SteppedService): void {
  service.simulator.refuseDials(401, 1);
  service.simulator.lines()[0]?.fail({ kind: "drop", afterEvents: 0 });
}

describe("an agent that is gone for good", () => {
  test.each([
    ["the stream", WIDE, "/v1/stream", () => createProtobufLine(WIDE)],
    ["the phone", PHONE, "/twilio/media", () => createTwilioLine({ ...IDS, customParameters: {} })],
  ] as const)(
    "on %s the queued answer and the recording are heard, then it is over",
    async (...row) => {
      const [, format, path, makeLine] = row;
      await using service = await startSteppedService({
        argv: ["--agent-lost-recording", tone.path, "--routes-twilio-greeting", ""],
      });
      const caller = await service.call(path, makeLine());
      caller.say(loadSpeech("question", format));
      // The answer comes five times faster than it is heard; it is all there after a second.
      await service.until(() => heardMs(caller, format) > 800, TURN_MS_MAX);
      const audio = service.record(0).committed[0]?.audio;
      const answerMs = (audio?.byteLength ?? 0) / (format === PHONE ? 8 : 48);
      loseForGood(service);
      await service.until(() => !caller.isOpen(), TURN_MS_MAX);
      const { code } = await caller.closed;
      expect(code).toBe(4502);
      expect(answerMs).toBeGreaterThan(1_500);
      expect(heardMs(caller, format)).toBeGreaterThanOrEqual(answerMs + RECORDING_MS - 20);
      expect(heardMs(caller, format)).toBeLessThan(answerMs + RECORDING_MS + 200);
      expect(service.running.calls.callsOpen()).toBe(0);
    },
  );

  test("on a first dial that is refused the recording is all there is", async () => {
    await using service = await startSteppedService({
      argv: ["--agent-lost-recording", tone.path],
    });
    service.simulator.refuseDials(401, 1);
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
    await service.until(() => !caller.isOpen(), TURN_MS_MAX);
    expect(noticesOf(caller, "error").map(({ code }) => code)).toContain("upstream_lost");
    expect(heardMs(caller, WIDE)).toBeGreaterThanOrEqual(RECORDING_MS - 20);
    expect(heardMs(caller, WIDE)).toBeLessThan(RECORDING_MS + 200);
  });

  test.each([
    ["a file that is not there", "absent.wav", undefined, "it cannot be read"],
    ["something else", "text.wav", "no sound at all", "it is no WAV file"],
  ] as const)("%s is refused at the start", async (_what, name, content, problem) => {
    const path = join(tone.directory, name);
    if (content !== undefined) writeFileSync(path, content);
    const refusal = await startSteppedService({ argv: ["--agent-lost-recording", path] }).catch(
      (error: unknown) => error,
    );
    expect(String(refusal)).toContain(problem);
  });
});
