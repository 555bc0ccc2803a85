// Both dialects, message by message: what they say is compared with the documented text of each
// protocol, what they understand with messages made here.
import { describe, expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  ClientFrameSchema,
  Encoding,
  ServerFrameSchema,
} from "../../../gen/voxbridge/v1/stream_pb.ts";
import type { LineMessage } from "../../../scripts/caller/line.ts";
import { createProtobufLine } from "../../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../../scripts/caller/twilio-line.ts";

function readClient(message: LineMessage | undefined | null) {
  if (!(message instanceof Uint8Array)) throw new Error("not a binary message");
  return fromBinary(ClientFrameSchema, message).message;
}

describe("createProtobufLine()", () => {
  const line = createProtobufLine(
    { encoding: "f32", rateHz: 48_000, channels: 2 },
    { greeting: "Hello", metadata: { order: "7" } },
  );

  test("opens with a start that names format and wishes", () => {
    const [opening, ...rest] = line.opening();
    expect(rest).toEqual([]);
    expect(readClient(opening)).toMatchObject({
      case: "start",
      value: {
        encoding: Encoding.F32,
        sampleRateHz: 48_000,
        channels: 2,
        greeting: "Hello",
        metadata: { order: "7" },
      },
    });
  });

  test("numbers audio by one and jumps over a lost frame", () => {
    const data = Uint8Array.of(1, 2, 3, 4);
    const sequences = [line.audio(data, 0), line.audio(data, 20)].map((message) => {
      const content = readClient(message);
      return content.case === "audio" ? content.value.sequence : -1;
    });
    line.lose();
    expect(sequences).toEqual([0, 1]);
    expect(readClient(line.audio(data, 60))).toMatchObject({
      case: "audio",
      value: { sequence: 3, captureMs: 60, data },
    });
  });

  test("reads audio, clear and notices of the service", () => {
    const read = (message: Parameters<typeof create<typeof ServerFrameSchema>>[1]) =>
      line.read(toBinary(ServerFrameSchema, create(ServerFrameSchema, message)));
    const audio = { item: 2, sequence: 9, positionSamples: 960, generation: 1 };
    expect(
      read({ message: { case: "audio", value: { ...audio, data: Uint8Array.of(7) } } }),
    ).toEqual({
      kind: "audio",
      frame: { item: 2, positionSamples: 960, generation: 1, data: Uint8Array.of(7) },
    });
    expect(read({ message: { case: "clear", value: { generation: 4 } } })).toEqual({
      kind: "clear",
      generation: 4,
    });
    expect(read({ message: { case: "goingAway", value: { deadlineMs: 5 } } })).toMatchObject({
      kind: "notice",
      notice: { case: "goingAway", value: { deadlineMs: 5 } },
    });
  });

  test("speaks and understands the JSON form of the same messages", () => {
    const json = createProtobufLine({ encoding: "mulaw", rateHz: 8000, channels: 1 }, {}, "json");
    expect(json.subprotocols).toEqual(["voxbridge.v1.json"]);
    expect(JSON.parse(String(json.opening()[0]))).toEqual({
      start: { encoding: "ENCODING_MULAW", sampleRateHz: 8000, channels: 1 },
    });
    expect(JSON.parse(String(json.audio(Uint8Array.of(1, 2, 3), 20)))).toEqual({
      audio: { captureMs: 20, data: "AQID" },
    });
    expect(json.read('{"clear":{"generation":2}}')).toEqual({ kind: "clear", generation: 2 });
  });
});

describe("createTwilioLine()", () => {
  const setUp = () =>
    createTwilioLine({
      accountSid: "AC1",
      callSid: "CA1",
      streamSid: "MZ1",
      customParameters: { k: "v" },
    });

  test("says connected, start, media, dtmf and stop in Twilio's words", () => {
    const line = setUp();
    const said = [
      ...line.opening(),
      line.audio(Uint8Array.of(0xff, 0x7f), 20),
      ...line.digits("1#"),
      ...line.closing(""),
    ].map((message) => JSON.parse(String(message)));
    expect(said).toEqual([
      { event: "connected", protocol: "Call", version: "1.0.0" },
      {
        event: "start",
        sequenceNumber: "1",
        start: {
          accountSid: "AC1",
          streamSid: "MZ1",
          callSid: "CA1",
          tracks: ["inbound"],
          mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
          customParameters: { k: "v" },
        },
        streamSid: "MZ1",
      },
      {
        event: "media",
        sequenceNumber: "2",
        media: { track: "inbound", chunk: "1", timestamp: "20", payload: "/38=" },
        streamSid: "MZ1",
      },
      {
        event: "dtmf",
        sequenceNumber: "3",
        dtmf: { track: "inbound_track", digit: "1" },
        streamSid: "MZ1",
      },
      {
        event: "dtmf",
        sequenceNumber: "4",
        dtmf: { track: "inbound_track", digit: "#" },
        streamSid: "MZ1",
      },
      {
        event: "stop",
        sequenceNumber: "5",
        stop: { accountSid: "AC1", callSid: "CA1" },
        streamSid: "MZ1",
      },
    ]);
  });

  test("reads media, mark and clear; a clear begins a new generation", () => {
    const line = setUp();
    const media = JSON.stringify({ event: "media", streamSid: "MZ1", media: { payload: "AQID" } });
    expect(line.read(media)).toMatchObject({ kind: "audio", frame: { positionSamples: 0 } });
    expect(line.read('{"event":"mark","streamSid":"MZ1","mark":{"name":"m"}}')).toEqual({
      kind: "mark",
      name: "m",
    });
    expect(line.read('{"event":"clear","streamSid":"MZ1"}')).toEqual({
      kind: "clear",
      generation: 1,
    });
    expect(line.read(media)).toMatchObject({
      kind: "audio",
      frame: { positionSamples: 3, generation: 1, data: Uint8Array.of(1, 2, 3) },
    });
  });

  test("knows nothing else: other events, another stream, binary", () => {
    const line = setUp();
    for (const message of [
      '{"event":"start","streamSid":"MZ1"}',
      '{"event":"media","streamSid":"MZ2","media":{"payload":"AQID"}}',
      '{"event":"media","media":{"payload":"AQID"}}',
      Uint8Array.of(1),
    ]) {
      expect(line.read(message).kind).toBe("unknown");
    }
  });
});
