// The hand-written audio codec against protobuf-es, which is the reference: what one writes the
// other reads, in every mixture of fields, and arbitrary bytes never make the reader throw or
// disagree. Expected values come from the generated code, never from the codec itself.
import { describe, expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { ClientFrameSchema, ServerFrameSchema } from "../../gen/voxbridge/v1/stream_pb.ts";
import {
  AUDIO_READ,
  createAgentAudioWriter,
  createCallerAudioSpan,
  createClearWriter,
  readCallerAudio,
} from "../../service/wire/audio-frame-codec.ts";

const uint32 = fc.oneof(fc.constantFrom(0, 1, 127, 128, 0xffff_ffff), fc.nat(0xffff_ffff));
const frameBytes = fc.uint8Array({ maxLength: 700 });

function callerMessage(sequence: number, captureMs: number, data: Uint8Array): Uint8Array {
  const value = { sequence, captureMs, data: Uint8Array.from(data) };
  return toBinary(
    ClientFrameSchema,
    create(ClientFrameSchema, { message: { case: "audio", value } }),
  );
}

describe("readCallerAudio()", () => {
  test("finds in place what protobuf-es wrote", () => {
    const span = createCallerAudioSpan();
    fc.assert(
      fc.property(uint32, uint32, frameBytes, (sequence, captureMs, data) => {
        const message = callerMessage(sequence, captureMs, data);
        expect(readCallerAudio(message, span)).toBe(AUDIO_READ.OK);
        expect([span.sequence, span.captureMs]).toEqual([sequence, captureMs]);
        expect(message.subarray(span.start, span.end)).toEqual(data);
      }),
    );
  });

  test("says OTHER or agrees with protobuf-es on damaged messages, and never throws", () => {
    const span = createCallerAudioSpan();
    const damage = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 4 });
    const property = fc.property(
      uint32,
      frameBytes,
      damage,
      fc.nat(60),
      (sequence, data, hits, cut) => {
        const message = callerMessage(sequence, 20, data);
        for (const [index, byte] of hits) if (index < message.length) message[index] = byte;
        agreesWithReference(
          message.subarray(0, message.length - Math.min(cut, message.length)),
          span,
        );
      },
    );
    fc.assert(property, { numRuns: 2_000 });
  });

  test("says OTHER or agrees with protobuf-es on arbitrary bytes", () => {
    const span = createCallerAudioSpan();
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 20 }).map((rest) => Uint8Array.from([0x0a, rest.length, ...rest])),
    );
    fc.assert(
      fc.property(bytes, (message) => agreesWithReference(message, span)),
      { numRuns: 5_000 },
    );
  });

  test("leaves every other kind of message to protobuf-es", () => {
    const span = createCallerAudioSpan();
    for (const frame of [
      create(ClientFrameSchema, { message: { case: "interrupt", value: {} } }),
      create(ClientFrameSchema, { message: { case: "played", value: { item: 1, samples: 2 } } }),
      create(ClientFrameSchema, { message: { case: "text", value: { text: "hello" } } }),
    ]) {
      const bytes = toBinary(ClientFrameSchema, frame);
      expect(readCallerAudio(bytes, span)).toBe(AUDIO_READ.OTHER);
    }
    expect(readCallerAudio(new Uint8Array(0), span)).toBe(AUDIO_READ.OTHER);
  });
});

function agreesWithReference(message: Uint8Array, span: ReturnType<typeof createCallerAudioSpan>) {
  if (readCallerAudio(message, span) === AUDIO_READ.OTHER) return;
  const { message: reference } = fromBinary(ClientFrameSchema, message);
  if (reference.case !== "audio") throw new Error(`protobuf-es reads ${reference.case}`);
  expect(span.sequence).toBe(reference.value.sequence);
  expect(span.captureMs).toBe(reference.value.captureMs);
  expect(message.subarray(span.start, span.end)).toEqual(reference.value.data);
}

describe("createAgentAudioWriter()", () => {
  test("write() gives what protobuf-es reads back", () => {
    const writer = createAgentAudioWriter(700);
    fc.assert(
      fc.property(
        fc.record({ item: uint32, sequence: uint32, position: uint32, generation: uint32 }),
        frameBytes,
        ({ item, sequence, position, generation }, data) => {
          const bytes = writer.write(data, item, sequence, position, generation);
          const { message } = fromBinary(ServerFrameSchema, bytes);
          if (message.case !== "audio") throw new Error(`protobuf-es reads ${message.case}`);
          expect(message.value.item).toBe(item);
          expect(message.value.sequence).toBe(sequence);
          expect(message.value.positionSamples).toBe(position);
          expect(message.value.generation).toBe(generation);
          expect(message.value.data).toEqual(data);
        },
      ),
    );
  });

  test("write() gives the same view again for frames of one shape", () => {
    const writer = createAgentAudioWriter(4);
    const first = writer.write(Uint8Array.of(1, 2, 3, 4), 1, 200, 320, 0);
    const second = writer.write(Uint8Array.of(5, 6, 7, 8), 1, 201, 640, 0);
    expect(second).toBe(first);
    expect([...second.subarray(-4)]).toEqual([5, 6, 7, 8]);
  });

  test("write() refuses a frame larger than its buffer", () => {
    const writer = createAgentAudioWriter(4);
    expect(() => writer.write(new Uint8Array(5), 1, 0, 0, 0)).toThrow("must fit");
  });
});

describe("createClearWriter()", () => {
  test("writes what protobuf-es reads as that clear, byte for byte what it writes itself", () => {
    const writer = createClearWriter();
    fc.assert(
      fc.property(uint32, (generation) => {
        const message = { case: "clear", value: { generation } } as const;
        const expected = toBinary(ServerFrameSchema, create(ServerFrameSchema, { message }));
        expect(Buffer.from(writer.write(generation))).toEqual(Buffer.from(expected));
      }),
    );
  });
});
