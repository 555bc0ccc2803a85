// Media Streams over real sockets on a free port: the whole protocol both ways, and the way from
// the webhook to the stream. What is refused: tests/fault/bad-input-twilio-fault.test.ts.
import { describe, expect, test } from "bun:test";
import {
  AUTH_TOKEN,
  CALL_SID,
  PUBLIC_URL,
  STREAM_SID,
  dialPhone,
  phoneDtmf,
  phoneMark,
  phoneMedia,
  phonePayload,
  phoneStart,
  phoneStop,
  postWebhook,
  streamPath,
  upgradeHeaders,
} from "./support/phone-caller.ts";
import { dialSocket, only, until } from "./support/stream-caller.ts";
import { startTestListener } from "./support/test-listener.ts";

const withTwilio = { twilioAuthTokens: [AUTH_TOKEN], publicUrl: PUBLIC_URL };

describe("/twilio/media", () => {
  test("opens an 8 kHz mu-law call and hands on media, digits, marks and stop", async () => {
    await using service = startTestListener();
    const caller = await dialPhone(service.port, { customParameters: { tenant: "t1" } });
    caller.socket.send(phoneMedia(1, 5, phonePayload(1)));
    caller.socket.send(phoneMedia(2, 25, phonePayload(2)));
    // Written differently, as JSON allows: read all the same.
    caller.socket.send(JSON.stringify(JSON.parse(phoneMedia(3, 145, phonePayload(3))), null, 1));
    caller.socket.send(phoneDtmf("7"));
    caller.socket.send(phoneMark("vb:2:5:1600"));
    caller.socket.send(phoneMark("someone else's"));
    caller.socket.send(phoneStop());
    expect((await caller.closed).code).toBe(1000);
    const call = only(service.opener.calls);
    expect(call.request.encoding).toBe("mulaw");
    expect([call.request.rateHz, call.request.channels]).toEqual([8000, 1]);
    expect([...call.request.metadata]).toEqual([
      ["tenant", "t1"],
      ["call_sid", CALL_SID],
    ]);
    expect(call.audio).toEqual([1, 2, 3].map((value) => new Uint8Array(160).fill(value)));
    expect(call.captureMs).toEqual([5, 25, 145]);
    expect(call.events).toEqual(["dtmf 7", "played 5 1600 2", "end stop"]);
    expect(call.isClosed).toBe(true);
  });

  test("sends media, clear, one mark for each 100 ms and one at the item's end", async () => {
    await using service = startTestListener();
    const caller = await dialPhone(service.port);
    await until(() => service.opener.calls.length === 1);
    const { transport } = only(service.opener.calls);
    for (let frame = 0; frame < 7; frame += 1) {
      transport.sendAudio(new Uint8Array(160).fill(frame), 3, frame * 160, 1);
    }
    transport.sendItemEnd(3, 7 * 160, 1);
    transport.sendClear(2);
    await caller.until(() => caller.received.length === 10);
    const messages = caller.received.map((text) => JSON.parse(String(text)));
    expect(messages.every(({ streamSid }) => streamSid === STREAM_SID)).toBe(true);
    expect(messages.map(({ event, mark }) => mark?.name ?? event)).toEqual([
      "media",
      "media",
      "media",
      "media",
      "media",
      "vb:1:3:800",
      "media",
      "media",
      "vb:1:3:1120",
      "clear",
    ]);
    expect(messages[4].media).toEqual({ payload: phonePayload(4) });
    caller.socket.close();
  });

  test("does not mark an item's end twice when the last frame was marked", async () => {
    await using service = startTestListener();
    const caller = await dialPhone(service.port);
    await until(() => service.opener.calls.length === 1);
    const { transport } = only(service.opener.calls);
    for (let frame = 0; frame < 5; frame += 1) {
      transport.sendAudio(new Uint8Array(160), 1, frame * 160, 0);
    }
    transport.sendItemEnd(1, 800, 0);
    transport.sendClear(1);
    await caller.until(() => String(caller.received.at(-1)).includes('"clear"'));
    expect(caller.received.filter((text) => String(text).includes('"mark"')).length).toBe(1);
    caller.socket.close();
  });

  test("takes linear 16 kHz from a platform that offers it", async () => {
    await using service = startTestListener();
    const mediaFormat = { encoding: "audio/x-l16", sampleRate: 16_000, channels: 1 };
    const caller = await dialPhone(service.port, { mediaFormat });
    await until(() => service.opener.calls.length === 1);
    const { request } = only(service.opener.calls);
    expect([request.encoding, request.rateHz]).toEqual(["pcm16", 16_000]);
    caller.socket.close();
  });

  test("probes a quiet stream with a mark, whose echo keeps it open", async () => {
    await using service = startTestListener();
    const caller = await dialPhone(service.port);
    await until(() => service.opener.calls.length === 1);
    for (let round = 0; round < 4; round += 1) {
      const received = service.listener.messagesReceived();
      service.clock.advance(5_000);
      await caller.until(() => caller.received.length === round + 1);
      const { mark } = JSON.parse(String(caller.received[round])) as { mark: { name: string } };
      caller.socket.send(phoneMark(mark.name));
      await until(() => service.listener.messagesReceived() > received);
    }
    expect(only(service.opener.calls).isClosed).toBe(false);
    caller.socket.close();
  });
});

describe("POST /twilio/voice", () => {
  test("answers TwiML whose stream opens the call that was dialled ahead", async () => {
    await using service = startTestListener(withTwilio);
    const parameters = { CallSid: CALL_SID, From: "+14158675310", To: "+18005551212" };
    const response = await postWebhook(service.port, parameters);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toStartWith("text/xml");
    const path = streamPath(await response.text());
    const prepared = only(service.opener.prepared);
    expect(prepared.request.encoding).toBe("mulaw");
    const url = `ws://127.0.0.1:${service.port}${path}`;
    const caller = await dialSocket(url, { headers: upgradeHeaders(path) });
    caller.socket.send(phoneStart());
    await until(() => service.opener.calls.length === 1);
    expect(only(service.opener.calls).token).toBe(prepared.token);
    caller.socket.close();
  });

  test("rejects as busy when no call can be taken", async () => {
    await using service = startTestListener(withTwilio);
    service.opener.setAdmission("full");
    const response = await postWebhook(service.port, { CallSid: CALL_SID });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<Response><Reject reason="busy"/></Response>');
    expect(service.opener.prepared).toEqual([]);
  });

  test("takes either of two tokens while they are rotated", async () => {
    const twilioAuthTokens = ["a-newer-token-0123456789abcdef00", AUTH_TOKEN];
    await using service = startTestListener({ ...withTwilio, twilioAuthTokens });
    const response = await postWebhook(service.port, { CallSid: CALL_SID });
    const path = streamPath(await response.text());
    const url = `ws://127.0.0.1:${service.port}${path}`;
    const caller = await dialSocket(url, { headers: upgradeHeaders(path) });
    caller.socket.close();
  });
});
