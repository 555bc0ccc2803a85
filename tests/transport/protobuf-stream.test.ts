// /v1/stream over real sockets on a free port: a whole call both ways, and every message of the
// schema reaching its port method. What is refused: tests/fault/bad-input-*.
import { describe, expect, test } from "bun:test";
import { Encoding, Lane, TurnDetection } from "../../gen/voxbridge/v1/stream_pb.ts";
import {
  dialSocket,
  dialStarted,
  dialStream,
  only,
  startMessage,
  until,
} from "./support/stream-caller.ts";
import { startTestListener } from "./support/test-listener.ts";

interface JsonFrame {
  readonly started?: { readonly encoding: string };
  readonly audio?: { readonly data: string };
}

describe("/v1/stream", () => {
  test("answers start with what was negotiated", async () => {
    await using service = startTestListener();
    const caller = await dialStream(service.port);
    caller.send(
      startMessage({
        encoding: Encoding.F32,
        sampleRateHz: 48_000,
        channels: 2,
        lane: Lane.FAST,
        turnDetection: TurnDetection.LOCAL,
        voice: "cedar",
        greeting: "say hello",
        greetingProtected: true,
        metadata: { tenant: "t1" },
        callerToken: "secret",
        vadEngine: "energy",
      }),
    );
    await caller.until(() => caller.received.length > 0);
    const started = only(caller.messagesOf("started"));
    expect(started.callId).toBe("call-1");
    expect([started.encoding, started.sampleRateHz, started.channels]).toEqual([2, 48_000, 2]);
    expect(started.frameMs).toBe(20);
    expect(started.upstream).toBe("simulator");
    const { request } = only(service.opener.calls);
    expect(request).toEqual({
      transport: "protobuf",
      encoding: "f32",
      rateHz: 48_000,
      channels: 2,
      lane: "fast",
      turnDetection: "local",
      voice: "cedar",
      instructions: undefined,
      greeting: "say hello",
      isGreetingProtected: true,
      vadEngine: "energy",
      metadata: new Map([["tenant", "t1"]]),
      callerToken: "secret",
      keyId: "",
    });
  });

  test("carries audio both ways, byte for byte", async () => {
    await using service = startTestListener();
    const caller = await dialStarted(service.port);
    const call = only(service.opener.calls);
    const chunks = [0, 1, 2].map((seed) =>
      Uint8Array.from({ length: 640 }, (_, i) => (i * 7 + seed) & 255),
    );
    for (const [sequence, data] of chunks.entries()) {
      caller.send({ case: "audio", value: { sequence, captureMs: sequence * 20, data } });
    }
    caller.send({ case: "interrupt", value: {} });
    const frame = Uint8Array.from({ length: 640 }, (_, i) => 255 - (i & 255));
    // The interrupt comes after the audio, so the audio has arrived when it has.
    await until(() => call.events.length > 0);
    expect(call.audio).toEqual(chunks);
    expect(call.captureMs).toEqual([0, 20, 40]);
    call.transport.sendAudio(frame, 1, 0, 0);
    call.transport.sendAudio(frame, 1, 320, 0);
    call.transport.sendClear(1);
    await caller.until(() => caller.messagesOf("clear").length > 0);
    const audio = caller.messagesOf("audio");
    expect(audio.map(({ sequence }) => sequence)).toEqual([0, 1]);
    expect(audio.map(({ positionSamples }) => positionSamples)).toEqual([0, 320]);
    expect(audio.map(({ data }) => Buffer.from(data).equals(frame))).toEqual([true, true]);
    expect(only(caller.messagesOf("clear")).generation).toBe(1);
  });

  test("hands every control message to the call and ends with 1000", async () => {
    await using service = startTestListener();
    const caller = await dialStarted(service.port);
    caller.send({ case: "played", value: { item: 1, samples: 160, generation: 2 } });
    caller.send({ case: "interrupt", value: {} });
    caller.send({ case: "endOfTurn", value: {} });
    caller.send({ case: "text", value: { text: "hello" } });
    caller.send({ case: "dtmf", value: { digits: "12#" } });
    caller.send({ case: "update", value: { turnDetection: TurnDetection.NONE } });
    caller.send({ case: "end", value: { reason: "done" } });
    expect((await caller.closed).code).toBe(1000);
    const call = only(service.opener.calls);
    expect(call.events).toEqual([
      "played 1 160 2",
      "interrupt",
      "end of turn",
      "text hello",
      "dtmf 12#",
      "update undefined none",
      "end done",
    ]);
    expect(call.isClosed).toBe(true);
    expect(only(caller.messagesOf("ended")).reason).toBe("caller_ended");
  });

  test("tells the call when the caller's socket is gone", async () => {
    await using service = startTestListener();
    const caller = await dialStarted(service.port);
    caller.socket.terminate();
    const call = only(service.opener.calls);
    await until(() => call.isClosed);
    expect(call.events).toEqual([]);
    expect(service.clock.pendingTimers()).toBe(0);
  });

  test("gives a capture clock to a caller that sends none, with a jump where a chunk is missing", async () => {
    await using service = startTestListener();
    const caller = await dialStarted(service.port);
    const data = new Uint8Array(640);
    for (const sequence of [0, 1, 4, 4, 5])
      caller.send({ case: "audio", value: { sequence, data } });
    caller.send({ case: "interrupt", value: {} });
    const call = only(service.opener.calls);
    await until(() => call.events.length > 0);
    expect(call.captureMs).toEqual([0, 20, 80, 100]);
  });

  test("counts messages both ways", async () => {
    await using service = startTestListener();
    const caller = await dialStarted(service.port);
    caller.send({ case: "end", value: {} });
    await caller.closed;
    expect(service.listener.messagesReceived()).toBe(2);
    expect(service.listener.messagesSent()).toBe(2);
    expect(caller.received.length).toBe(2);
  });
});

describe("/v1/stream in JSON", () => {
  test("speaks the same messages as text", async () => {
    await using service = startTestListener();
    const url = `ws://127.0.0.1:${service.port}/v1/stream`;
    const caller = await dialSocket(url, { protocols: ["voxbridge.v1.json"] });
    expect(caller.socket.protocol).toBe("voxbridge.v1.json");
    const start = { start: { encoding: "ENCODING_MULAW", sampleRateHz: 8000, futureField: 1 } };
    caller.socket.send(JSON.stringify(start));
    await caller.until(() => caller.received.length > 0);
    const call = only(service.opener.calls);
    expect(call.request.transport).toBe("json");
    expect(call.request.encoding).toBe("mulaw");
    const audio = { sequence: 0, captureMs: 5, data: Buffer.alloc(160, 7).toString("base64") };
    caller.socket.send(JSON.stringify({ audio }));
    caller.socket.send(JSON.stringify({ text: { text: "hi" } }));
    await until(() => call.events.length > 0);
    expect(call.audio).toEqual([new Uint8Array(160).fill(7)]);
    call.transport.sendAudio(new Uint8Array(160).fill(9), 1, 0, 0);
    await caller.until(() => caller.received.length > 1);
    const [started, sent] = caller.received.map((text) => JSON.parse(String(text)) as JsonFrame);
    expect(started?.started?.encoding).toBe("ENCODING_MULAW");
    expect(Buffer.from(sent?.audio?.data ?? "", "base64")).toEqual(Buffer.alloc(160, 9));
    caller.socket.close();
  });
});
