// Whole calls over the Protobuf stream: caller, service and simulated agent on one stepped clock,
// real sockets between them. Method: what the agent's side got is compared with what the caller's
// mouth gave, what the ear heard with what the agent generated, both through a fresh core in one
// piece; turns, responses and receipts by their records.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { captureInOnePiece, playInOnePiece } from "../support/core-passage.ts";
import { loadSpeech, speechLabels } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import {
  appendedBytes,
  commandCount,
  overlappingCreates,
  refusals,
  sentCount,
  truncations,
} from "../support/upstream-facts.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const UPSTREAM = { upstreamEncoding: "pcm16", upstreamRateHz: 24_000 } as const;
const UPSTREAM_FRAME_BYTES = 480 * 2;
const TURN_MS_MAX = 30_000;
/** Silence that ends a turn, voice windows and the frame raster: the decision comes within this. */
const DECISION_MS_MAX = 600;

function open(service: SteppedService): Promise<Caller> {
  return service.call("/v1/stream", createProtobufLine(WIDE));
}

/** Speaks and waits until the answer has been heard to its end. */
async function ask(service: SteppedService, caller: Caller, speech: Uint8Array): Promise<void> {
  const heardToEnd = () => noticesOf(caller, "receipt").filter(({ complete }) => complete).length;
  const before = heardToEnd();
  caller.say(speech);
  await service.until(() => heardToEnd() > before && !caller.ear.isPlaying(), TURN_MS_MAX);
}

describe("a call over the Protobuf stream, 16 kHz pcm16", () => {
  test("S1-15, S1-50, S1-51: the provider's turn detection is switched off by a null that is sent", async () => {
    await using service = await startSteppedService();
    await open(service);
    const [first] = service.record(0).commands;
    expect(first?.type).toBe("session.update");
    expect(first?.command).toMatchObject({
      session: { type: "realtime", audio: { input: { turn_detection: null } } },
    });
  });

  test("S1-09, S1-17, S1-20, S4-13: one utterance is committed once, bit for bit, and answered", async () => {
    await using service = await startSteppedService();
    const caller = await open(service);
    await service.run(500);
    await ask(service, caller, loadSpeech("question", WIDE));
    const record = service.record(0);

    expect(noticesOf(caller, "turnCommitted")).toHaveLength(1);
    expect(record.committed).toHaveLength(1);
    expect(commandCount(record, "input_audio_buffer.commit")).toBe(1);
    expect(commandCount(record, "response.create")).toBe(1);
    expect(refusals(record)).toEqual([]);

    // The span sent is, bit for bit, that span of the whole stream resampled in one piece.
    const turn = noticesOf(caller, "turnCommitted")[0];
    const { startMs = 0, endMs = 0 } = turn ?? {};
    const sent = captureInOnePiece(caller.mouth.sent(), WIDE, UPSTREAM);
    const span = sent.subarray(
      (startMs / 20) * UPSTREAM_FRAME_BYTES,
      (endMs / 20) * UPSTREAM_FRAME_BYTES,
    );
    expect(Buffer.compare(record.committed[0]?.audio ?? new Uint8Array(), span)).toBe(0);
    expect(appendedBytes(record)).toEqual([span.byteLength]);

    // It begins before the words and ends after them, but not long after.
    const labels = speechLabels("question");
    expect(startMs).toBeLessThan(500 + (labels[0]?.startMs ?? 0));
    const wordsEndMs = 500 + (labels.at(-1)?.endMs ?? 0);
    expect(endMs).toBeGreaterThanOrEqual(wordsEndMs);
    expect(endMs).toBeLessThan(wordsEndMs + DECISION_MS_MAX);
    expect(service.complaints).toEqual([]);
  });

  test("S1-82: the answer is heard to its end, sample for sample, and the receipt says so", async () => {
    await using service = await startSteppedService();
    const caller = await open(service);
    await service.run(200);
    await ask(service, caller, loadSpeech("yes", WIDE));
    // The simulator says back what was committed.
    const generated = service.record(0).committed[0]?.audio ?? new Uint8Array();
    const expected = playInOnePiece(generated, WIDE, UPSTREAM);
    const heard = caller.ear.heardBytes();
    expect(heard.byteLength).toBe(expected.byteLength);
    expect(Buffer.compare(heard, expected)).toBe(0);

    const samples = Math.floor((generated.byteLength / 2) * (WIDE.rateHz / 24_000));
    const receipt = noticesOf(caller, "receipt").at(-1);
    expect(receipt).toMatchObject({ item: 1, complete: true, estimated: false });
    expect(Math.abs((receipt?.heardSamples ?? 0) - samples)).toBeLessThanOrEqual(1);
    expect(caller.ear.underruns()).toBe(0);
    expect(caller.ear.staleFrames()).toBe(0);
  });

  test("S1-21, I3, I5: five utterances, five turns in order, never two responses at once", async () => {
    await using service = await startSteppedService();
    const caller = await open(service);
    for (const name of ["question", "two-part", "no", "numbers", "hold-on"] as const) {
      await ask(service, caller, loadSpeech(name, WIDE));
    }
    const record = service.record(0);
    const turns = [1, 2, 3, 4, 5];
    expect(noticesOf(caller, "turnCommitted").map(({ turnId }) => turnId)).toEqual(turns);
    expect(noticesOf(caller, "responseStarted").map(({ turnId }) => turnId)).toEqual(turns);
    expect(noticesOf(caller, "responseDone").map(({ status }) => status)).toEqual(
      turns.map(() => "completed"),
    );
    expect(record.committed).toHaveLength(5);
    expect(overlappingCreates(record)).toEqual([]);
    expect(refusals(record)).toEqual([]);
    expect(truncations(record)).toEqual([]);
    expect(sentCount(record, "response.done")).toBe(5);
    // Each span follows the one before without touching it.
    const spans = noticesOf(caller, "turnCommitted");
    for (const [index, span] of spans.entries()) {
      expect(span.endMs).toBeGreaterThan(span.startMs);
      expect(span.startMs).toBeGreaterThanOrEqual(spans[index - 1]?.endMs ?? 0);
    }
    expect(noticesOf(caller, "turnLatency")).toHaveLength(5);
    expect(service.complaints).toEqual([]);
  });

  test("the end the caller asks for: ended, 1000, and nothing stays behind", async () => {
    await using service = await startSteppedService();
    const caller = await open(service);
    await ask(service, caller, loadSpeech("yes", WIDE));
    caller.hangUp("done");
    await service.until(() => !caller.isOpen(), 1_000);
    expect((await caller.closed).code).toBe(1000);
    expect(noticesOf(caller, "ended")).toMatchObject([{ reason: "caller_ended" }]);
    await service.run(200);
    expect(service.running.calls.callsOpen()).toBe(0);
    expect(service.simulator.lines()).toHaveLength(0);
    expect(service.complaints).toEqual([]);
  });

  test("S1-80: a stream and a phone at the same time do not hear each other", async () => {
    await using service = await startSteppedService({ argv: ["--routes-twilio-greeting", ""] });
    const stream = await open(service);
    const ids = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
    const phone = await service.call("/twilio/media", createTwilioLine(ids));
    phone.say(loadSpeech("question", phone.format));
    await ask(service, stream, loadSpeech("no", WIDE));
    await service.until(() => phone.ear.heardMs() > 3_000 && !phone.ear.isPlaying(), TURN_MS_MAX);

    const [ofStream, ofPhone] = [service.record(0).committed, service.record(1).committed];
    expect([ofStream.length, ofPhone.length]).toEqual([1, 1]);
    const answer = playInOnePiece(ofStream[0]?.audio ?? new Uint8Array(), WIDE, UPSTREAM);
    expect(Buffer.compare(stream.ear.heardBytes(), answer)).toBe(0);
    const said = Buffer.from(ofPhone[0]?.audio ?? []);
    expect(Buffer.from(phone.ear.heardBytes().subarray(0, said.byteLength)).equals(said)).toBe(
      true,
    );
    expect(service.complaints).toEqual([]);
  });
});
