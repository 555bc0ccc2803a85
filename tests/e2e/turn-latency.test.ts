// Where the time of a turn goes, as the service reports it and as the caller measures it at its own
// mouth and ear, in every mode of turn detection, over real sockets on a stepped clock.
// Method: the network takes no time here, so both must agree but for the raster of voice windows
// (32 ms) and frames (20 ms) and the lead of the player. The simulator's own delays are made up:
// only the agreement and the differences between modes are tested.
import { describe, expect, test } from "bun:test";
import { Lane, TurnDetection } from "../../gen/voxbridge/v1/stream_pb.ts";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { latencies } from "../../scripts/caller/timeline.ts";
import type { SpeechName } from "../support/speech-files.ts";
import { loadSpeech } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import { commandCount } from "../support/upstream-facts.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const NAMES: readonly SpeechName[] = ["question", "yes", "numbers"];
const TURN_MS_MAX = 30_000;
/** The ruler's end of loud sound lies up to three voice windows before the end of speech. */
const DISAGREEMENT_MS_MAX = 100;

/** Speaks NAMES, each after the answer before it. -> what both sides hold about the turns. */
async function ask(service: SteppedService, lane: Lane, turnDetection: TurnDetection) {
  const line = createProtobufLine(WIDE, { lane, turnDetection });
  const caller = await service.call("/v1/stream", line);
  const completeCount = () => noticesOf(caller, "receipt").filter((each) => each.complete).length;
  for (const [index, name] of NAMES.entries()) {
    caller.say(loadSpeech(name, WIDE));
    await service.until(() => completeCount() > index && !caller.ear.isPlaying(), TURN_MS_MAX);
    await service.run(400);
  }
  return {
    reported: noticesOf(caller, "turnLatency"),
    measuredMs: latencies(caller.timeline.entries).answerMs,
  };
}

describe("TurnLatency, end to end", () => {
  test.each([
    ["fast", "local", Lane.FAST, TurnDetection.LOCAL],
    ["big", "local", Lane.BIG, TurnDetection.LOCAL],
    ["big", "server_vad", Lane.BIG, TurnDetection.SERVER_VAD],
    ["big", "semantic_vad", Lane.BIG, TurnDetection.SEMANTIC_VAD],
  ])(
    "S1-58, S1-60: %s lane, %s: every turn, from the end of speech heard here",
    async (...mode) => {
      await using service = await startSteppedService();
      const { reported, measuredMs } = await ask(service, mode[2], mode[3]);
      expect(reported.map(({ turnId }) => turnId)).toEqual([1, 2, 3]);
      expect(measuredMs).toHaveLength(3);
      for (const [index, turn] of reported.entries()) {
        const { endpointMs, commitMs, modelMs, perceivedMs } = turn;
        expect(endpointMs).toBeGreaterThan(0);
        expect(perceivedMs - endpointMs - commitMs - modelMs).toBeGreaterThanOrEqual(-2);
        const later = (measuredMs[index] ?? 0) - perceivedMs;
        expect(later).toBeGreaterThanOrEqual(0);
        expect(later).toBeLessThan(DISAGREEMENT_MS_MAX);
      }
      expect(service.complaints).toEqual([]);
    },
  );

  test("S1-57, D-38: semantic_vad, asked for by name, shows the wait that its own event hides", async () => {
    await using service = await startSteppedService();
    const { reported } = await ask(service, Lane.BIG, TurnDetection.SEMANTIC_VAD);
    const record = service.record(0);
    expect(record.commands[0]?.command).toMatchObject({
      session: { audio: { input: { turn_detection: { type: "semantic_vad" } } } },
    });
    expect(commandCount(record, "input_audio_buffer.commit")).toBe(0);
    // The simulator waits a second; counted from its own event this would be 0.
    for (const { endpointMs } of reported) {
      expect(endpointMs).toBeGreaterThan(800);
      expect(endpointMs).toBeLessThan(1_100);
    }
  });
});
