// Bad input on an open /v1/stream socket: one test per row of the table in docs/protocol.md, over
// real sockets, time stepped by hand. Each has a second call beside it that must go on untouched.
import { describe, expect, test } from "bun:test";
import { Encoding, Lane } from "../../gen/voxbridge/v1/stream_pb.ts";
import { expectClose } from "../transport/support/bad-caller.ts";
import { dialRaw, maskedFrame } from "../transport/support/raw-caller.ts";
import {
  dialSocket,
  dialStarted,
  dialStream,
  encodeClient,
  startMessage,
  until,
} from "../transport/support/stream-caller.ts";
import { startTestListener } from "../transport/support/test-listener.ts";
import { openWitness } from "../transport/support/witness-call.ts";

/** 20 ms of 16 kHz PCM. */
const CHUNK = new Uint8Array(640);

describe("on an open stream", () => {
  test("1000: the caller ends", async () => {
    await expectClose(1000, "end", ({ caller }) => caller.send({ case: "end", value: {} }));
  });

  test("1001 and 4502: the call closes, for a drain or a lost upstream", async () => {
    await expectClose(1001, "drained", ({ call }) => call.transport.close(1001, "drained"));
    await expectClose(4502, "lost", ({ call }) => call.transport.close(4502, "lost"));
  });

  test("1003: text on the binary protocol", async () => {
    await expectClose(1003, "messages must be binary", ({ caller }) => caller.socket.send("{}"));
  });

  test("1003: binary on the JSON protocol", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    const url = `ws://127.0.0.1:${service.port}/v1/stream`;
    const caller = await dialSocket(url, { protocols: ["voxbridge.v1.json"] });
    caller.socket.send(encodeClient(startMessage()));
    expect((await caller.closed).code).toBe(1003);
    await witness.goesOn();
  });

  test("T14 1007: bytes that are no message", async () => {
    for (const bytes of [[0x0a, 0x05, 1], [0xff, 0xff], new Array(200).fill(0x0b)]) {
      await expectClose(1007, "message cannot be decoded", ({ caller }) =>
        caller.socket.send(Uint8Array.from(bytes)),
      );
    }
  });

  test("1007: JSON that is none, or of other types", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    const url = `ws://127.0.0.1:${service.port}/v1/stream`;
    for (const text of ["{", '{"start":7}', '{"played":{"item":-1}}', "[".repeat(30_000)]) {
      const caller = await dialSocket(url, { protocols: ["voxbridge.v1.json"] });
      caller.socket.send(text);
      expect((await caller.closed).code).toBe(1007);
    }
    await witness.goesOn();
  });

  test("T7 1008: audio before start", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    for (const first of [
      encodeClient({ case: "audio", value: { data: CHUNK } }),
      encodeClient({ case: "interrupt", value: {} }),
    ]) {
      const caller = await dialStream(service.port);
      caller.socket.send(first);
      const closed = await caller.closed;
      expect(closed).toEqual({ code: 1008, reason: "the first message must be start" });
    }
    expect(service.opener.calls.length).toBe(1);
    await witness.goesOn();
  });

  test("T7 1008: a second start", async () => {
    await expectClose(1008, "start must come once", ({ caller }) => caller.send(startMessage()));
  });

  test("T9 1009: a message over 64 KiB", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    const caller = await dialRaw(service.port);
    caller.write(maskedFrame(encodeClient(startMessage())));
    await until(() => service.opener.calls.length === 2);
    // The head alone: a length over the limit is refused before its payload is waited for.
    caller.write(Uint8Array.of(0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0));
    expect(await caller.closeCode).toBe(1009);
    await until(() => service.opener.calls[1]?.isClosed === true);
    await witness.goesOn();
  });

  test("I8 1011: a bug in the call", async () => {
    await expectClose(1011, "internal error", ({ service, caller }) => {
      service.opener.setFaulty(true);
      caller.send({ case: "text", value: { text: "hello" } });
    });
  });

  test("4400: a start that cannot be served says what can", async () => {
    await using service = startTestListener({ lanes: ["fast"] });
    const witness = await openWitness(service);
    const wanted =
      "start refused, allowed: pcm16 f32 mulaw alaw; 8000 16000 22050 24000 44100 48000 Hz; " +
      "1-2 channels; lane fast";
    for (const fields of [
      { encoding: Encoding.UNSPECIFIED },
      { encoding: 99 as Encoding },
      { sampleRateHz: 11_025 },
      { sampleRateHz: 0 },
      { channels: 3 },
      { encoding: Encoding.MULAW, sampleRateHz: 16_000 },
      { encoding: Encoding.ALAW, sampleRateHz: 8_000, channels: 2 },
      { lane: Lane.BIG },
      { lane: 9 as Lane },
      { instructions: "x".repeat(16 * 1024 + 1) },
      { metadata: Object.fromEntries(Array.from({ length: 33 }, (_, key) => [`${key}`, ""])) },
    ]) {
      const caller = await dialStream(service.port);
      caller.send(startMessage(fields));
      expect(await caller.closed).toEqual({ code: 4400, reason: wanted });
      const [error] = caller.messagesOf("error");
      expect(error?.code).toBe("start_refused");
      expect(error?.message).toStartWith("Cannot start: ");
    }
    expect(service.opener.calls.length).toBe(1);
    await witness.goesOn();
  });

  test("4400: the call is refused after all, with its own reason", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    service.opener.setRefusal({ refusal: "full", message: "every line is taken" });
    const caller = await dialStream(service.port);
    caller.send(startMessage());
    expect(await caller.closed).toEqual({ code: 4400, reason: "every line is taken" });
    await witness.goesOn();
  });

  test("4408: no start within five seconds", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    const caller = await dialStream(service.port);
    await until(() => service.listener.connections() === 2);
    service.clock.advance(4_999);
    await witness.goesOn();
    expect(caller.socket.readyState).toBe(WebSocket.OPEN);
    service.clock.advance(1);
    expect(await caller.closed).toEqual({ code: 4408, reason: "no start in 5 s" });
    await witness.goesOn();
  });

  test("T11 4408: bytes but no complete message for ten seconds", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    const dribbler = await dialRaw(service.port);
    dribbler.write(maskedFrame(encodeClient(startMessage())));
    await until(() => service.opener.calls.length === 2);
    const frame = maskedFrame(encodeClient({ case: "audio", value: { data: CHUNK } }));
    for (let second = 0; second < 10; second += 1) {
      dribbler.write(frame.subarray(second, second + 1));
      await witness.goesOn();
      service.clock.advance(1_000);
    }
    expect(await dribbler.closeCode).toBe(4408);
    await until(() => service.opener.calls[1]?.isClosed === true);
    await witness.goesOn();
  });
});

describe("told, and the call goes on", () => {
  test("a value out of bounds: one error for each kind", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    const caller = await dialStarted(service.port);
    caller.send({ case: "text", value: { text: "" } });
    caller.send({ case: "text", value: { text: "x".repeat(8 * 1024 + 1) } });
    caller.send({ case: "dtmf", value: { digits: "12E" } });
    caller.send({ case: "dtmf", value: { digits: "1".repeat(33) } });
    caller.send({ case: "update", value: { lane: 9 as Lane } });
    caller.send({ case: "text", value: { text: "fine" } });
    const call = service.opener.calls[1];
    await until(() => call?.events.length === 1);
    expect(call?.events).toEqual(["text fine"]);
    await caller.until(() => caller.messagesOf("error").length === 3);
    const codes = caller.messagesOf("error").map(({ code }) => code);
    expect(codes).toEqual(["text_invalid", "dtmf_invalid", "update_invalid"]);
    await witness.goesOn();
  });

  test("a message of a later version, and an empty one, are ignored", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    const caller = await dialStarted(service.port);
    // Field 44, length 0: a case of the oneof that this version does not know.
    caller.socket.send(Uint8Array.of(0xe2, 0x02, 0x00));
    caller.socket.send(new Uint8Array(0));
    caller.send({ case: "text", value: { text: "fine" } });
    await until(() => service.opener.calls[1]?.events.length === 1);
    expect(caller.messagesOf("error")).toEqual([]);
    await witness.goesOn();
  });

  test("a chunk that was here before is dropped", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    const caller = await dialStarted(service.port);
    for (const sequence of [0, 1, 1, 0, 2]) {
      caller.send({ case: "audio", value: { sequence, captureMs: sequence * 20, data: CHUNK } });
    }
    caller.send({ case: "text", value: { text: "fine" } });
    await until(() => service.opener.calls[1]?.events.length === 1);
    expect(service.opener.calls[1]?.captureMs).toEqual([0, 20, 40]);
    await witness.goesOn();
  });
});
