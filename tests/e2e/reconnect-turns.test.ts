// The agent's connection is lost, or gets old, while the provider or push to talk owns the turns: all
// audio is sent then, and what was said is said again to the next session.
// Method: as in reconnect.test.ts; what the sessions were given is compared with what was said.
import { describe, expect, test } from "bun:test";
import { Lane, TurnDetection } from "../../gen/voxbridge/v1/stream_pb.ts";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { captureInOnePiece } from "../support/core-passage.ts";
import { loadSpeech } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import { overlappingCreates, refusals } from "../support/upstream-facts.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const UPSTREAM = { upstreamEncoding: "pcm16", upstreamRateHz: 24_000 } as const;
const BYTES_PER_MS = 48;
const SPOKEN_BYTES_PER_MS = 32;
const TURN_MS_MAX = 30_000;
/** What the provider counts to the speech from before it heard it. */
const PREFIX_MS = 300;
/** The recording begins with silence. */
const LEADING_SILENCE_MS = 300;

function openOwned(service: SteppedService, turnDetection: TurnDetection): Promise<Caller> {
  return service.call("/v1/stream", createProtobufLine(WIDE, { lane: Lane.BIG, turnDetection }));
}

function drop(service: SteppedService): void {
  service.simulator.lines()[0]?.fail({ kind: "drop", afterEvents: 0 });
}

const receipts = (caller: Caller) =>
  noticesOf(caller, "receipt").filter(({ complete }) => complete);

describe("the agent's connection is lost while somebody else owns the turns", () => {
  test.each([TurnDetection.SERVER_VAD, TurnDetection.SEMANTIC_VAD])(
    "I1, I5: in mid-utterance (%p): one turn, bit for bit what was said, in the new session",
    async (turnDetection) => {
      await using service = await startSteppedService();
      const caller = await openOwned(service, turnDetection);
      await service.run(3_000);
      caller.say(loadSpeech("question", WIDE));
      await service.run(1_700);
      drop(service);
      await service.until(() => receipts(caller).length === 1, TURN_MS_MAX);
      const record = service.record(1);
      expect(service.record(0).committed).toHaveLength(0);
      expect(record.committed).toHaveLength(1);
      // What the new session has: some silence before the words, and all up to where it heard their end.
      const whole = captureInOnePiece(caller.mouth.sent(), WIDE, UPSTREAM);
      const audio = record.committed[0]?.audio ?? new Uint8Array();
      const endMs = noticesOf(caller, "speechEnded")[0]?.positionMs ?? 0;
      const [heardMs] = noticesOf(caller, "speechStarted").map(({ positionMs }) => positionMs);
      expect(heardMs).toBeGreaterThan(3_000 - PREFIX_MS);
      expect(heardMs).toBeLessThan(3_000 + LEADING_SILENCE_MS);
      const startMs = endMs - audio.byteLength / BYTES_PER_MS;
      const span = whole.subarray(startMs * BYTES_PER_MS, endMs * BYTES_PER_MS);
      expect(Buffer.compare(audio, span)).toBe(0);
      expect(startMs).toBeLessThan(3_000 + LEADING_SILENCE_MS);
      expect(endMs).toBeGreaterThan(3_000 + 2_700);
      expect(noticesOf(caller, "speechStarted").map(({ turnId }) => turnId)).toEqual([1]);
      expect(noticesOf(caller, "speechEnded").map(({ turnId }) => turnId)).toEqual([1]);
      expect(refusals(record)).toEqual([]);
    },
  );

  test("I1, I5: push to talk: the commit holds what is told of it, bit for bit", async () => {
    await using service = await startSteppedService();
    const caller = await openOwned(service, TurnDetection.NONE);
    // So long a silence that the beginning of it is not kept for another session.
    await service.run(6_000);
    caller.say(loadSpeech("question", WIDE));
    await service.run(1_700);
    drop(service);
    await service.run(3_000);
    caller.endOfTurn();
    await service.until(() => receipts(caller).length === 1, TURN_MS_MAX);
    const [turn] = noticesOf(caller, "turnCommitted");
    const from = turn?.startMs ?? 0;
    expect(from).toBeGreaterThan(0);
    expect(from).toBeLessThan(6_000 + LEADING_SILENCE_MS);
    const whole = captureInOnePiece(caller.mouth.sent(), WIDE, UPSTREAM);
    const span = whole.subarray(from * BYTES_PER_MS, (turn?.endMs ?? 0) * BYTES_PER_MS);
    const { committed } = service.record(1);
    expect(committed).toHaveLength(1);
    expect(committed[0]?.audio.byteLength).toBe(span.byteLength);
    expect(Buffer.compare(committed[0]?.audio ?? new Uint8Array(), span)).toBe(0);
    expect(refusals(service.record(1))).toEqual([]);
  });

  test("I5: server_vad, in mid-answer: the turn is answered anew, though nobody wrote it down", async () => {
    await using service = await startSteppedService({ argv: ["--openai-transcription-model", ""] });
    const caller = await openOwned(service, TurnDetection.SERVER_VAD);
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => noticesOf(caller, "responseStarted").length === 1, TURN_MS_MAX);
    await service.run(100);
    drop(service);
    await service.until(() => receipts(caller).length === 2, TURN_MS_MAX);
    expect(service.record(1).committed).toHaveLength(1);
    const [before, after] = [service.record(0), service.record(1)].map(
      ({ committed }) => committed[0]?.audio ?? new Uint8Array(),
    );
    expect(Buffer.compare(before ?? new Uint8Array(), after ?? new Uint8Array(1))).toBe(0);
    expect(noticesOf(caller, "speechStarted")).toHaveLength(1);
    expect(noticesOf(caller, "bargeIn")).toHaveLength(0);
    expect(overlappingCreates(service.record(1))).toEqual([]);
  });

  test("R8: a word begun as an old session is replaced is heard whole, whoever owns the turns", async () => {
    for (const turnDetection of [TurnDetection.SERVER_VAD, TurnDetection.NONE]) {
      await using service = await startSteppedService({ argv: ["--openai-rotate-minutes", "0.1"] });
      const caller = await openOwned(service, turnDetection);
      // Due at 6 s; the provider hears the word 100 ms after it began.
      await service.run(5_660);
      caller.say(loadSpeech("question", WIDE));
      await service.run(4_000);
      if (turnDetection === TurnDetection.NONE) caller.endOfTurn();
      await service.until(() => receipts(caller).length === 1, TURN_MS_MAX);
      const committed = service.simulator.records.flatMap((record) => record.committed);
      expect(committed).toHaveLength(1);
      expect((committed[0]?.audio.byteLength ?? 0) / BYTES_PER_MS).toBeGreaterThan(3_400);
      await service.until(() => service.simulator.records.length === 2, TURN_MS_MAX);
      // The next session's clock begins anew, the call's does not.
      if (turnDetection === TurnDetection.NONE) continue;
      await service.run(2_000);
      const lengthMs = caller.mouth.sent().byteLength / SPOKEN_BYTES_PER_MS;
      caller.say(loadSpeech("question", WIDE));
      await service.until(() => receipts(caller).length === 2, TURN_MS_MAX);
      const startedMs = noticesOf(caller, "speechStarted").at(-1)?.positionMs ?? 0;
      expect(Math.abs(startedMs - lengthMs)).toBeLessThan(PREFIX_MS + LEADING_SILENCE_MS);
    }
  });
});
