// The `pause` action of barge-in, over real sockets on a stepped clock: a burst too short to be an
// interruption holds the agent's voice for a moment and costs no word of it; a real one cuts it.
// Method: 140 ms out of a spoken word as the burst; the ear's samples beside what was generated.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import type { Line } from "../../scripts/caller/line.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { loadSpeech, speechLabels } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { startSteppedService } from "../support/stepped-service.ts";
import { truncations } from "../support/upstream-facts.ts";

const ARGV = ["--barge-in-action", "pause", "--routes-twilio-greeting", ""];
const TURN_MS_MAX = 30_000;
const BURST_MS = 140;
const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };

const LINES: readonly (readonly [string, AudioFormat, (format: AudioFormat) => Line])[] = [
  ["/v1/stream", { encoding: "pcm16", rateHz: 16_000, channels: 1 }, createProtobufLine],
  ["/twilio/media", { encoding: "mulaw", rateHz: 8000, channels: 1 }, () => createTwilioLine(IDS)],
];

/** The loudest middle of a word, not long enough to interrupt. */
function burst(format: AudioFormat): Uint8Array {
  const bytesPerMs = (format.rateHz / 1000) * (format.encoding === "pcm16" ? 2 : 1);
  const startMs = Math.round((speechLabels("yes")[0]?.startMs ?? 0) + 60);
  return loadSpeech("yes", format).subarray(
    startMs * bytesPerMs,
    (startMs + BURST_MS) * bytesPerMs,
  );
}

async function untilAnswering(service: SteppedService, caller: Caller, format: AudioFormat) {
  caller.say(loadSpeech("question", format));
  await service.until(() => caller.ear.heardMs() > 600, TURN_MS_MAX);
}

describe.each(LINES)("pause on %s", (path, format, makeLine) => {
  test("a short burst holds the voice and costs no word of the answer", async () => {
    await using service = await startSteppedService({ argv: ARGV });
    const caller = await service.call(path, makeLine(format));
    await untilAnswering(service, caller, format);
    caller.say(burst(format));
    await service.until(() => !caller.ear.isPlaying(), TURN_MS_MAX);
    await service.until(() => caller.ear.heardMs() > 2_000 && !caller.ear.isPlaying(), TURN_MS_MAX);
    const metrics = service.running.metrics.print();
    expect(metrics).toContain('voxbridge_conversation_total{what="barge_in_paused"} 1\n');
    expect(metrics).toContain('voxbridge_conversation_total{what="barge_in"} 0\n');
    expect(truncations(service.record(0))).toHaveLength(0);
    // Everything that was generated was heard: the simulator says back what was committed.
    const bytes = service.record(0).committed[0]?.audio.byteLength ?? 0;
    const generatedMs = bytes / (format.encoding === "pcm16" ? 48 : 8);
    expect(Math.abs(caller.ear.heardMs() - generatedMs)).toBeLessThanOrEqual(20);
    expect(service.complaints).toEqual([]);
  });

  test("a real interruption cuts the answer, paused or not", async () => {
    await using service = await startSteppedService({ argv: ARGV });
    const caller = await service.call(path, makeLine(format));
    await untilAnswering(service, caller, format);
    caller.say(loadSpeech("interrupt", format));
    await service.until(() => truncations(service.record(0)).length === 1, TURN_MS_MAX);
    expect(caller.ear.staleFrames()).toBe(0);
    expect(service.complaints).toEqual([]);
  });
});
