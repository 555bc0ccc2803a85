// Bad input on an open Media Streams socket: each row of the table in docs/protocol.md as a phone
// platform meets it, with a second call beside it that must go on untouched.
import { describe, expect, test } from "bun:test";
import {
  AUTH_TOKEN,
  CALL_SID,
  dialPhone,
  PUBLIC_URL,
  phoneDtmf,
  phoneMark,
  phoneMedia,
  phonePayload,
  phoneStart,
  phoneStop,
  postWebhook,
  STREAM_SID,
  streamPath,
  upgradeHeaders,
} from "../transport/support/phone-caller.ts";
import { dialSocket, type SocketCaller, until } from "../transport/support/stream-caller.ts";
import { startTestListener, type TestListener } from "../transport/support/test-listener.ts";
import { openWitness, type WitnessCall } from "../transport/support/witness-call.ts";

interface Scene {
  readonly service: TestListener;
  readonly caller: SocketCaller;
  readonly call: TestListener["opener"]["calls"][number];
  readonly witness: WitnessCall;
}

/**
 * A phone call that misbehaves beside a witness; then its close, its call told, the witness well.
 */
async function expectClose(
  code: number,
  reason: string,
  act: (scene: Scene) => void | Promise<void>,
): Promise<void> {
  await using service = startTestListener();
  const witness = await openWitness(service);
  const caller = await dialPhone(service.port);
  await until(() => service.opener.calls.length === 2);
  const call = service.opener.calls[1];
  if (call === undefined) throw new Error("the phone has no call");
  await act({ service, caller, call, witness });
  expect(await caller.closed).toEqual({ code, reason });
  await until(() => call.isClosed);
  await witness.goesOn();
}

/** A phone call that misbehaves without being closed; `act` must end with a digit 9. */
async function expectGoesOn(act: (caller: SocketCaller) => void): Promise<Scene["call"]> {
  await using service = startTestListener();
  const witness = await openWitness(service);
  const caller = await dialPhone(service.port);
  act(caller);
  caller.socket.send(phoneDtmf("9"));
  await until(() => service.opener.calls[1]?.events.includes("dtmf 9") === true);
  const call = service.opener.calls[1];
  if (call === undefined) throw new Error("the phone has no call");
  expect(call.isClosed).toBe(false);
  await witness.goesOn();
  return call;
}

describe("on an open media stream", () => {
  test("1003: a binary message", async () => {
    await expectClose(1003, "messages must be text", ({ caller }) =>
      caller.socket.send(new Uint8Array(160)),
    );
  });

  test("1007: text that is no message", async () => {
    for (const text of ["{", "7", '{"event":5}', '{"event":"media"}', '{"event":"dtmf"}']) {
      await expectClose(1007, "message cannot be decoded", ({ caller }) =>
        caller.socket.send(text),
      );
    }
  });

  test("T7 1008: media before start", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    const caller = await dialSocket(`ws://127.0.0.1:${service.port}/twilio/media`);
    caller.socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
    caller.socket.send(phoneMedia(1, 0, phonePayload(0)));
    expect((await caller.closed).code).toBe(1008);
    expect(service.opener.calls.length).toBe(1);
    await witness.goesOn();
  });

  test("T7 1008: a second start", async () => {
    await expectClose(1008, "start must come once", ({ caller }) =>
      caller.socket.send(phoneStart()),
    );
  });

  test("T7 1008: a message of another stream", async () => {
    const other = `MZ${"0".repeat(32)}`;
    for (const message of [phoneMedia(1, 0, phonePayload(0)), phoneMark("vb:0:1:1"), phoneStop()]) {
      await expectClose(1008, "streamSid is another stream's", ({ caller }) =>
        caller.socket.send(message.replaceAll(STREAM_SID, other)),
      );
    }
  });

  test("I8 1011: a bug in the call", async () => {
    await expectClose(1011, "internal error", ({ service, caller }) => {
      service.opener.setFaulty(true);
      caller.socket.send(phoneDtmf("1"));
    });
  });

  test("4400: a media format that we do not speak says which we do", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    for (const mediaFormat of [
      { encoding: "audio/opus", sampleRate: 48_000, channels: 1 },
      { encoding: "audio/x-mulaw", sampleRate: 16_000, channels: 1 },
      { encoding: "audio/x-mulaw", sampleRate: 8_000, channels: 2 },
      { encoding: "audio/x-l16", sampleRate: 11_025, channels: 1 },
    ]) {
      const caller = await dialPhone(service.port, { mediaFormat });
      const { code, reason } = await caller.closed;
      expect(code).toBe(4400);
      expect(reason).toStartWith("start refused, allowed: audio/x-mulaw");
    }
    expect(service.opener.calls.length).toBe(1);
    await witness.goesOn();
  });

  test("T6 4400: a start of another call than the token's", async () => {
    const settings = { twilioAuthTokens: [AUTH_TOKEN], publicUrl: PUBLIC_URL };
    await using service = startTestListener(settings);
    const witness = await openWitness(service);
    const response = await postWebhook(service.port, { CallSid: CALL_SID });
    const path = streamPath(await response.text());
    const url = `ws://127.0.0.1:${service.port}${path}`;
    const caller = await dialSocket(url, { headers: upgradeHeaders(path) });
    caller.socket.send(phoneStart({ callSid: `CA${"f".repeat(32)}` }));
    const closed = await caller.closed;
    expect(closed).toEqual({ code: 4400, reason: "start names another call than the URL" });
    expect(service.opener.calls.length).toBe(1);
    await witness.goesOn();
  });

  test("4400: the call is refused after all", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    service.opener.setRefusal({ refusal: "draining", message: "the service is stopping" });
    const caller = await dialPhone(service.port);
    expect(await caller.closed).toEqual({ code: 4400, reason: "the service is stopping" });
    await witness.goesOn();
  });

  test("4408: no start within five seconds, connected or not", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    const caller = await dialSocket(`ws://127.0.0.1:${service.port}/twilio/media`);
    caller.socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
    await until(() => service.listener.connections() === 2);
    service.clock.advance(5_000);
    expect((await caller.closed).code).toBe(4408);
    await witness.goesOn();
  });

  test("4408: no message for ten seconds, not even the echo of a probe", async () => {
    await expectClose(4408, "no complete message in 10 s", async ({ service, caller, witness }) => {
      service.clock.advance(5_000);
      await caller.until(() => caller.received.length === 1);
      expect(String(caller.received[0])).toContain('"mark":{"name":"vb:probe"}');
      await witness.goesOn();
      service.clock.advance(5_000);
    });
  });

  test("4429: audio faster than 1.5 times real time and two seconds", async () => {
    const reason = "audio comes faster than real time allows";
    await expectClose(4429, reason, async ({ caller, call }) => {
      const send = (chunk: number): void =>
        caller.socket.send(phoneMedia(chunk, chunk * 20, phonePayload(0)));
      for (let chunk = 1; chunk <= 100; chunk += 1) send(chunk);
      await until(() => call.audio.length === 100);
      send(101);
    });
  });

  test("T16 1007: the tenth payload in a row that is not base64 audio", async () => {
    await expectClose(1007, "media payloads are not audio", ({ caller }) => {
      const bad = ["", "A", "AB=C", "####", "AAA", "Zm9v\\u0000", "=A==", "A===", "ÄÄÄÄ"];
      for (const [index, payload] of bad.entries()) {
        caller.socket.send(phoneMedia(index + 1, index * 20, payload));
      }
      caller.socket.send(phoneMedia(10, 200, Buffer.alloc(1_601).toString("base64")));
    });
  });
});

describe("dropped and counted, and the call goes on", () => {
  test("T16: a payload that is not base64 audio, between good ones", async () => {
    const call = await expectGoesOn((caller) => {
      caller.socket.send(phoneMedia(1, 0, phonePayload(1)));
      caller.socket.send(phoneMedia(2, 20, "not base64!"));
      caller.socket.send(phoneMedia(3, 40, Buffer.alloc(1_601).toString("base64")));
      caller.socket.send(phoneMedia(4, 60, phonePayload(4)));
    });
    expect(call.audio.map((bytes) => bytes[0])).toEqual([1, 4]);
    expect(call.captureMs).toEqual([0, 60]);
  });

  test("T7: a chunk that was here before, an outbound track, an unknown event", async () => {
    const call = await expectGoesOn((caller) => {
      caller.socket.send(phoneMedia(1, 0, phonePayload(1)));
      caller.socket.send(phoneMedia(1, 0, phonePayload(1)));
      caller.socket.send(phoneMedia(2, 20, phonePayload(9)).replace("inbound", "outbound"));
      caller.socket.send('{"event":"future","streamSid":"x"}');
      caller.socket.send(phoneMedia(2, 20, phonePayload(2)));
    });
    expect(call.audio.map((bytes) => bytes[0])).toEqual([1, 2]);
  });

  test("T7: media after stop", async () => {
    await expectClose(1000, "end", async ({ caller, call }) => {
      caller.socket.send(phoneStop());
      caller.socket.send(phoneMedia(1, 0, phonePayload(0)));
      await caller.closed;
      expect(call.audio).toEqual([]);
    });
  });
});
