// The big lane and the switch between lanes, over real sockets on a stepped clock: push to talk,
// the provider's own detection, and changes in the middle of an utterance.
// Method: as in stream-call.test.ts; what the simulated agent got is compared byte for byte with
// the caller's whole audio, resampled in one piece.
import { describe, expect, test } from "bun:test";
import { Lane, TurnDetection } from "../../gen/voxbridge/v1/stream_pb.ts";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { captureInOnePiece } from "../support/core-passage.ts";
import { loadSpeech } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import {
  commandCount,
  overlappingCreates,
  refusals,
  truncations,
} from "../support/upstream-facts.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const UPSTREAM = { upstreamEncoding: "pcm16", upstreamRateHz: 24_000 } as const;
const BYTES_PER_MS = 48;
const TURN_MS_MAX = 30_000;

function open(
  service: SteppedService,
  turnDetection: TurnDetection,
  lane: Lane = Lane.BIG,
): Promise<Caller> {
  return service.call("/v1/stream", createProtobufLine(WIDE, { lane, turnDetection }));
}

/** The caller's whole audio as the agent's side should have it, bytes of [fromMs, toMs). */
function expectedSpan(caller: Caller, fromMs: number, toMs: number): Uint8Array {
  const whole = captureInOnePiece(caller.mouth.sent(), WIDE, UPSTREAM);
  return whole.subarray(fromMs * BYTES_PER_MS, toMs * BYTES_PER_MS);
}

function expectSame(actual: Uint8Array | undefined, expected: Uint8Array): void {
  expect(actual?.byteLength).toBe(expected.byteLength);
  expect(Buffer.compare(actual ?? new Uint8Array(), expected)).toBe(0);
}

const isAnswered = (caller: Caller, count: number) => () =>
  noticesOf(caller, "receipt").filter(({ complete }) => complete).length >= count &&
  !caller.ear.isPlaying();

describe("the big lane", () => {
  test("push to talk: everything up to EndOfTurn is one commit, bit for bit, then the next", async () => {
    await using service = await startSteppedService();
    const caller = await open(service, TurnDetection.NONE);
    caller.say(loadSpeech("yes", WIDE));
    await service.run(1500);
    caller.endOfTurn();
    await service.until(isAnswered(caller, 1), TURN_MS_MAX);
    await service.run(400);
    caller.endOfTurn();
    await service.until(() => service.record(0).committed.length === 2, TURN_MS_MAX);
    const record = service.record(0);
    const [first, second] = noticesOf(caller, "turnCommitted");
    expect(noticesOf(caller, "started")[0]).toMatchObject({
      lane: Lane.BIG,
      turnDetection: TurnDetection.NONE,
    });
    expectSame(record.committed[0]?.audio, expectedSpan(caller, 0, first?.endMs ?? 0));
    expect(second?.startMs).toBe(first?.endMs);
    expectSame(
      record.committed[1]?.audio,
      expectedSpan(caller, second?.startMs ?? 0, second?.endMs ?? 0),
    );
    expect(refusals(record)).toEqual([]);
    expect(overlappingCreates(record)).toEqual([]);
    expect(service.complaints).toEqual([]);
  });

  test("S1-18, S0-24: the provider owns the turns: it commits and answers, we ask for nothing", async () => {
    await using service = await startSteppedService();
    const caller = await open(service, TurnDetection.SERVER_VAD);
    caller.say(loadSpeech("question", WIDE));
    await service.until(isAnswered(caller, 1), TURN_MS_MAX);
    const record = service.record(0);
    expect(commandCount(record, "response.create")).toBe(0);
    expect(commandCount(record, "input_audio_buffer.commit")).toBe(0);
    expect(record.committed.length).toBeGreaterThanOrEqual(1);
    expect(noticesOf(caller, "speechStarted").length).toBeGreaterThanOrEqual(1);
    expect(noticesOf(caller, "speechEnded").length).toBeGreaterThanOrEqual(1);
    expect(service.complaints).toEqual([]);
  });

  test("S0-07, D-40: the provider's speech_started clears, and truncates at what was heard", async () => {
    await using service = await startSteppedService();
    const caller = await open(service, TurnDetection.SERVER_VAD);
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => caller.ear.heardBytes().byteLength > 16_000, TURN_MS_MAX);
    caller.say(loadSpeech("interrupt", WIDE));
    const record = service.record(0);
    await service.until(() => truncations(record).length > 0, TURN_MS_MAX);
    const heardMs = noticesOf(caller, "receipt").find(({ complete }) => !complete)?.heardMs;
    expect(truncations(record)[0]?.audioEndMs).toBe(heardMs ?? -1);
    expect(caller.ear.staleFrames()).toBe(0);
    expect(service.complaints).toEqual([]);
  });
});

describe("both lanes", () => {
  test("S0-14, S0-19: the same call on either lane: same turns, same bytes, same answer", async () => {
    const results = [];
    for (const lane of [Lane.FAST, Lane.BIG]) {
      await using service = await startSteppedService();
      const caller = await open(service, TurnDetection.LOCAL, lane);
      caller.say(loadSpeech("question", WIDE));
      await service.until(isAnswered(caller, 1), TURN_MS_MAX);
      const record = service.record(0);
      expect(noticesOf(caller, "started")[0]?.lane).toBe(lane);
      results.push({
        turns: noticesOf(caller, "turnCommitted").map(({ startMs, endMs }) => [startMs, endMs]),
        committed: record.committed.map(({ audio }) => Bun.hash(audio)),
        heard: Bun.hash(caller.ear.heardBytes()),
        commands: record.commands.map(({ type }) => type),
      });
    }
    expect(results[0]).toEqual(results[1]);
    expect(results[0]?.turns).toHaveLength(1);
  });
});

describe("switching during a call (S4-C06)", () => {
  test("from local turns to push to talk in mid-utterance: no sample lost or sent twice", async () => {
    await using service = await startSteppedService();
    const caller = await open(service, TurnDetection.LOCAL, Lane.FAST);
    await service.run(400);
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => noticesOf(caller, "speechStarted").length === 1, TURN_MS_MAX);
    caller.update({ lane: Lane.BIG, turnDetection: TurnDetection.NONE });
    await service.run(5000);
    expect(service.record(0).committed).toHaveLength(0);
    caller.endOfTurn();
    await service.until(isAnswered(caller, 1), TURN_MS_MAX);
    const turn = noticesOf(caller, "turnCommitted")[0];
    const span = expectedSpan(caller, turn?.startMs ?? 0, turn?.endMs ?? 0);
    expectSame(service.record(0).committed[0]?.audio, span);
    expect(turn?.startMs ?? 0).toBeGreaterThan(0);
    expect(noticesOf(caller, "started").at(-1)).toMatchObject({
      lane: Lane.BIG,
      turnDetection: TurnDetection.NONE,
    });
    expect(refusals(service.record(0))).toEqual([]);
    expect(service.complaints).toEqual([]);
  });

  test("from local turns to the provider's: its positions are those of the call", async () => {
    await using service = await startSteppedService();
    const caller = await open(service, TurnDetection.LOCAL, Lane.FAST);
    await service.run(2_000);
    caller.say(loadSpeech("yes", WIDE));
    await service.until(isAnswered(caller, 1), TURN_MS_MAX);
    caller.update({ lane: Lane.BIG, turnDetection: TurnDetection.SERVER_VAD });
    await service.run(1_000);
    const saidMs = caller.mouth.sent().byteLength / 32;
    caller.say(loadSpeech("question", WIDE));
    await service.until(isAnswered(caller, 2), TURN_MS_MAX);
    const startedMs = noticesOf(caller, "speechStarted").at(-1)?.positionMs ?? 0;
    const endedMs = noticesOf(caller, "speechEnded").at(-1)?.positionMs ?? 0;
    // The recording begins with up to 300 ms of silence; the provider counts 300 ms before it to it.
    expect(Math.abs(startedMs - saidMs)).toBeLessThan(300);
    const audio = service.record(0).committed.at(-1)?.audio;
    const lengthMs = (audio?.byteLength ?? 0) / BYTES_PER_MS;
    expectSame(audio, expectedSpan(caller, endedMs - lengthMs, endedMs));
  });

  test("from push to talk to local turns in mid-utterance: the turn ends by itself, whole", async () => {
    await using service = await startSteppedService();
    const caller = await open(service, TurnDetection.NONE);
    caller.say(loadSpeech("question", WIDE));
    await service.run(1500);
    caller.update({ lane: Lane.FAST, turnDetection: TurnDetection.LOCAL });
    await service.until(isAnswered(caller, 1), TURN_MS_MAX);
    const turn = noticesOf(caller, "turnCommitted")[0];
    expectSame(service.record(0).committed[0]?.audio, expectedSpan(caller, 0, turn?.endMs ?? 0));
    expect(service.record(0).committed).toHaveLength(1);
    expect(refusals(service.record(0))).toEqual([]);
    expect(service.complaints).toEqual([]);
  });

  test("what a lane cannot do is refused by an error, and the call goes on as it was", async () => {
    await using service = await startSteppedService();
    const caller = await open(service, TurnDetection.LOCAL, Lane.FAST);
    caller.update({ turnDetection: TurnDetection.SERVER_VAD });
    await service.until(() => noticesOf(caller, "error").length > 0, 1000);
    expect(noticesOf(caller, "error")[0]?.code).toBe("update_refused");
    caller.say(loadSpeech("yes", WIDE));
    await service.until(isAnswered(caller, 1), TURN_MS_MAX);
  });
});
