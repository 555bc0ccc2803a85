// The end of a turn over real sockets with the real core: a voter that the embedding program brings
// ends turns sooner and holds pauses open, and the silence follows the caller (S4-C24).
// Method: stepped clock; "two-part" has an inner pause of 350 ms, "question" has none.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import type { TurnEndQuestion } from "../../service/contract/turn-end-vote.ts";
import { loadSpeech, type SpeechName } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const TURN_MS_MAX = 30_000;

function start(probability: number, asked: TurnEndQuestion[], argv: readonly string[] = []) {
  const turnEndVoter = {
    name: "scripted",
    vote(question: TurnEndQuestion) {
      asked.push({ ...question, readAudio: kept(question.readAudio(8_000)) });
      return Promise.resolve(probability);
    },
  };
  return startSteppedService({ argv, embedding: { turnEndVoter } });
}

const kept = (audio: Uint8Array) => () => audio;

async function turnOf(service: SteppedService, name: SpeechName) {
  const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
  caller.say(loadSpeech(name, WIDE));
  await service.until(() => noticesOf(caller, "turnLatency").length > 0, TURN_MS_MAX);
  return { caller, endpointMs: noticesOf(caller, "turnLatency")[0]?.endpointMs ?? 0 };
}

describe("a vote on the end of a turn", () => {
  test("S4-C24: over ends it after 200 ms instead of 480, with the turn's audio in hand", async () => {
    const asked: TurnEndQuestion[] = [];
    await using service = await start(0.95, asked);
    const { endpointMs } = await turnOf(service, "yes");
    expect(endpointMs).toBeGreaterThanOrEqual(200);
    expect(endpointMs).toBeLessThanOrEqual(260);
    const last = asked.at(-1);
    expect(last?.format).toEqual({ encoding: "pcm16", rateHz: 24_000 });
    // Pre-roll, word and the first window of silence, in 16 bit at 24 kHz.
    const audioMs = (last?.readAudio(8_000).byteLength ?? 0) / 48;
    expect(audioMs).toBeGreaterThan((last?.speechMs ?? 0) + 250);
    expect(audioMs).toBeLessThan((last?.speechMs ?? 0) + 450);
    expect(service.complaints).toEqual([]);
  });

  test("S4-C24: goes on waits 800 ms longer, and the turn ends all the same", async () => {
    await using service = await start(0.1, []);
    const { endpointMs } = await turnOf(service, "yes");
    expect(endpointMs).toBeGreaterThanOrEqual(1_280);
    expect(endpointMs).toBeLessThanOrEqual(1_340);
  });

  test("S4-C24: without one the silence decides", async () => {
    await using service = await startSteppedService();
    const { endpointMs } = await turnOf(service, "yes");
    expect(endpointMs).toBeGreaterThanOrEqual(480);
    expect(endpointMs).toBeLessThanOrEqual(540);
  });
});

describe("a silence that follows the caller", () => {
  test("S4-C24: a caller without long pauses is answered sooner after three turns", async () => {
    const argv = ["--turn-end-is-adaptive"];
    await using service = await startSteppedService({ argv });
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
    const latencies = () => noticesOf(caller, "turnLatency").map(({ endpointMs }) => endpointMs);
    for (let turn = 1; turn <= 5; turn += 1) {
      caller.say(loadSpeech("yes", WIDE));
      await service.until(() => latencies().length === turn, TURN_MS_MAX);
      await service.until(() => !caller.ear.isPlaying(), TURN_MS_MAX);
      await service.run(500);
    }
    const [first = 0, , third = 0, fourth = 0] = latencies();
    expect(Math.abs(third - first)).toBeLessThan(32);
    expect(first - fourth).toBeGreaterThanOrEqual(20);
    expect(service.complaints).toEqual([]);
  });
});
