// One suite for everything that implements Transport and drives a CallPort (service/contract): the
// three kinds over a recorded socket, with stepped time. What a kind adds of its own is tested in
// tests/transport; what it refuses, in tests/fault.
import { describe, expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  ClientFrameSchema,
  Encoding,
  ServerFrameSchema,
} from "../../gen/voxbridge/v1/stream_pb.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { SEND } from "../../service/contract/send-result.ts";
import type { Transport } from "../../service/contract/transport.ts";
import {
  type CallerConnection,
  createCallerConnection,
} from "../../service/transport/caller-connection.ts";
import {
  type CallerStream,
  createProtobufStream,
} from "../../service/transport/protobuf-stream.ts";
import { createTraffic, type Traffic } from "../../service/transport/traffic.ts";
import { createTwilioStream } from "../../service/transport/twilio-media-stream.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";
import { phoneMark, phoneMedia, phoneStart, phoneStop } from "../transport/support/phone-caller.ts";
import {
  createRecordingOpener,
  type RecordingOpener,
} from "../transport/support/recording-opener.ts";
import type { encodeClient } from "../transport/support/stream-caller.ts";

type Message = string | Uint8Array;
type Parts = {
  connection: CallerConnection;
  opener: RecordingOpener;
  clock: SteppedClock;
  traffic: Traffic;
};

/** How one kind writes the messages that all of them have. All of them 8 kHz mu-law. */
interface Kind {
  readonly name: string;
  make(parts: Parts): CallerStream & Transport;
  readonly start: Message;
  audio(index: number, data: Uint8Array): Message;
  played(item: number, samples: number, generation: number): Message;
  readonly end: Message;
  /** The audio in a message we sent; null when it is another message. */
  audioIn(message: Message): Uint8Array | null;
  isClear(message: Message): boolean;
}

function binary(message: Parameters<typeof encodeClient>[0]): Uint8Array {
  return toBinary(ClientFrameSchema, create(ClientFrameSchema, { message }));
}

const START = { encoding: Encoding.MULAW, sampleRateHz: 8000 };

function streamOf(kind: "protobuf" | "json", parts: Parts): CallerStream & Transport {
  return createProtobufStream({ kind, ...parts, keyId: "", lanes: ["fast"] });
}

const KINDS: readonly Kind[] = [
  {
    name: "protobuf",
    make: (parts) => streamOf("protobuf", parts),
    start: binary({ case: "start", value: START }),
    audio: (index, data) =>
      binary({
        case: "audio",
        value: { sequence: index, captureMs: index * 20, data: Uint8Array.from(data) },
      }),
    played: (item, samples, generation) =>
      binary({ case: "played", value: { item, samples, generation } }),
    end: binary({ case: "end", value: {} }),
    audioIn(message) {
      const frame = fromBinary(ServerFrameSchema, message as Uint8Array).message;
      return frame.case === "audio" ? frame.value.data : null;
    },
    isClear: (message) =>
      fromBinary(ServerFrameSchema, message as Uint8Array).message.case === "clear",
  },
  {
    name: "json",
    make: (parts) => streamOf("json", parts),
    start: JSON.stringify({ start: { encoding: "ENCODING_MULAW", sampleRateHz: 8000 } }),
    audio: (index, data) =>
      JSON.stringify({ audio: { sequence: index, captureMs: index * 20, data: data.toBase64() } }),
    played: (item, samples, generation) =>
      JSON.stringify({ played: { item, samples, generation } }),
    end: '{"end":{}}',
    audioIn(message) {
      const { audio } = JSON.parse(String(message)) as { audio?: { data: string } };
      return audio === undefined ? null : Uint8Array.fromBase64(audio.data);
    },
    isClear: (message) => String(message).startsWith('{"clear":'),
  },
  {
    name: "twilio",
    make: (parts) => createTwilioStream({ ...parts, pass: null }),
    start: phoneStart(),
    audio: (index, data) => phoneMedia(index + 1, index * 20, data.toBase64()),
    played: (item, samples, generation) => phoneMark(`vb:${generation}:${item}:${samples}`),
    end: phoneStop(),
    audioIn(message) {
      const { media } = JSON.parse(String(message)) as { media?: { payload: string } };
      return media === undefined ? null : Uint8Array.fromBase64(media.payload);
    },
    isClear: (message) => String(message).startsWith('{"event":"clear"'),
  },
];

function open(kind: Kind) {
  const clock = createSteppedClock();
  const opener = createRecordingOpener();
  const traffic = createTraffic(NO_METRICS);
  const sent: Message[] = [];
  const closes: string[] = [];
  const state = { result: 1 };
  const keep = (message: Message): number => {
    // A socket copies: a view of the buffer would change under the test.
    sent.push(typeof message === "string" ? message : message.slice());
    return state.result;
  };
  const socket = {
    sendBinary: keep,
    sendText: keep,
    getBufferedAmount: () => 1,
    close: (code: number, reason: string) => {
      closes.push(`${code} ${reason}`);
      // As Bun does, from inside.
      connection.onSocketClosed();
    },
  };
  const connection = createCallerConnection({ socket, clock, traffic, log: SILENT_LOG });
  const stream = kind.make({ connection, opener, clock, traffic });
  const call = () => {
    const [first] = opener.calls;
    if (first === undefined) throw new Error("no call was opened");
    return first;
  };
  return { clock, connection, stream, sent, closes, state, call, opener };
}

for (const kind of KINDS) {
  describe(`Transport: ${kind.name}`, () => {
    const chunks = [1, 2, 3].map((value) => new Uint8Array(160).fill(value));

    test("RT-14: hands on every chunk in order, with its capture time", () => {
      const { stream, call } = open(kind);
      stream.onMessage(kind.start);
      for (const [index, data] of chunks.entries()) stream.onMessage(kind.audio(index, data));
      expect(call().audio).toEqual(chunks);
      expect(call().captureMs).toEqual([0, 20, 40]);
    });

    test("RT-14: sends frames byte for byte, in order, and a clear between them", () => {
      const { stream, sent, call } = open(kind);
      stream.onMessage(kind.start);
      sent.length = 0;
      const { transport } = call();
      const frame = new Uint8Array(160);
      for (const value of [1, 2]) expect(transport.sendAudio(frame.fill(value), 1, 0, 0)).toBe(0);
      expect(transport.sendClear(1)).toBe(SEND.SENT);
      transport.sendAudio(frame.fill(3), 2, 0, 1);
      expect(sent.findIndex(kind.isClear)).toBe(2);
      const audio = sent.map(kind.audioIn).filter((data) => data !== null);
      expect(
        audio.map((data) => Buffer.from(data).equals(new Uint8Array(160).fill(data[0] ?? 0))),
      ).toEqual([true, true, true]);
      expect(audio.map((data) => data[0])).toEqual([1, 2, 3]);
    });

    test("tells what the far end has played, with its generation", () => {
      const { stream, call } = open(kind);
      stream.onMessage(kind.start);
      stream.onMessage(kind.played(3, 1_600, 2));
      expect(call().events).toEqual(["played 3 1600 2"]);
    });

    test("tells what became of a frame", () => {
      const { stream, state, call } = open(kind);
      stream.onMessage(kind.start);
      const { transport } = call();
      state.result = -1;
      expect(transport.sendAudio(new Uint8Array(160), 1, 0, 0)).toBe(SEND.BUFFERED);
      state.result = 0;
      expect(transport.sendAudio(new Uint8Array(160), 1, 160, 0)).toBe(SEND.DROPPED);
    });

    test("ends once: the port hears of it once and later, nothing is sent or delivered after", async () => {
      const { clock, stream, sent, closes, call } = open(kind);
      stream.onMessage(kind.start);
      const { transport, events, audio } = call();
      transport.close(1001, "drained");
      expect(call().isClosed).toBe(false);
      await Promise.resolve();
      expect(call().isClosed).toBe(true);
      const sentCount = sent.length;
      transport.close(1000, "again");
      transport.sendItemEnd(1, 160, 0);
      transport.sendNotice({ kind: "going_away", deadlineMs: 1 });
      expect(transport.sendAudio(new Uint8Array(160), 1, 0, 0)).toBe(SEND.DROPPED);
      expect(transport.sendClear(1)).toBe(SEND.DROPPED);
      stream.onMessage(kind.audio(0, new Uint8Array(160)));
      await Promise.resolve();
      expect(sent.length).toBe(sentCount);
      expect([...events, ...audio]).toEqual([]);
      expect(closes).toEqual(["1001 drained"]);
      expect(clock.pendingTimers()).toBe(0);
    });

    test("says the caller's end to the call and ignores what was on its way", () => {
      const { connection, stream, call } = open(kind);
      stream.onMessage(kind.start);
      const { events, audio } = call();
      // A call that takes its time with the goodbye.
      call().transport.close = () => undefined;
      stream.onMessage(kind.end);
      stream.onMessage(kind.audio(0, new Uint8Array(160)));
      stream.onMessage(kind.played(1, 160, 0));
      expect(events.length).toBe(1);
      expect(events[0]).toStartWith("end");
      expect(audio).toEqual([]);
      expect(connection.port()).not.toBe(null);
    });

    test("tells the port when the socket is gone", async () => {
      const { clock, connection, stream, call } = open(kind);
      stream.onMessage(kind.start);
      connection.onSocketClosed();
      await Promise.resolve();
      expect(call().isClosed).toBe(true);
      expect(call().events).toEqual([]);
      expect(clock.pendingTimers()).toBe(0);
    });

    test("opens no call for a refused start, and closes with the refusal's words", () => {
      const { stream, opener, closes } = open(kind);
      opener.setRefusal({ refusal: "full", message: "every line is taken" });
      stream.onMessage(kind.start);
      expect(opener.calls).toEqual([]);
      expect(closes).toEqual(["4400 every line is taken"]);
    });
  });
}
