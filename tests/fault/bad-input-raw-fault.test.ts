// Bytes that no client library would send: broken heads, lying hosts, compression offers, and a
// good conversation cut at every byte. A second call beside each must go on untouched.
import { describe, expect, test } from "bun:test";
import { dialRaw, maskedFrame } from "../transport/support/raw-caller.ts";
import { rawRequest } from "../transport/support/raw-http.ts";
import { encodeClient, startMessage, until } from "../transport/support/stream-caller.ts";
import { startTestListener } from "../transport/support/test-listener.ts";
import { openWitness } from "../transport/support/witness-call.ts";

const UPGRADE =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: voxbridge.v1.proto\r\n";

function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0);
}

describe("raw bytes", () => {
  test("a Host header that is no host changes nothing", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    for (const host of ["", "a b", "%", "[", "x".repeat(2_000), "evil.example.com/v1/stream?"]) {
      const head = `GET /health/live HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
      expect([200, 400, 404]).toContain(statusOf(await rawRequest(service.port, head)));
      const upgrade = `GET /v1/stream HTTP/1.1\r\nHost: ${host}\r\n${UPGRADE}\r\n`;
      expect([101, 400, 404]).toContain(statusOf(await rawRequest(service.port, upgrade)));
    }
    await witness.goesOn();
  });

  test("broken heads get 400 at most", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    for (const head of [
      "\r\n\r\n",
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
      "GET /v1/stream HTTP/1.1\nHost: x\n\n",
      `POST /twilio/voice HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ]) {
      const status = statusOf(await rawRequest(service.port, head));
      expect([0, 400, 404, 426, 505]).toContain(status);
    }
    await witness.goesOn();
  });

  test("T15: an offer of compression is not taken", async () => {
    await using service = startTestListener();
    const offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    const head = `GET /v1/stream HTTP/1.1\r\nHost: x\r\n${UPGRADE}${offer}\r\n`;
    const answer = await rawRequest(service.port, head);
    expect(statusOf(answer)).toBe(101);
    expect(answer.toLowerCase()).not.toContain("sec-websocket-extensions");
  });

  test("a bug before the upgrade is a 500 in JSON, without source", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    const { admission } = service.opener;
    service.opener.admission = () => {
      throw new Error("planted fault");
    };
    const head = `GET /v1/stream HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`;
    const answer = await rawRequest(service.port, head);
    expect(statusOf(answer)).toBe(500);
    expect(answer).toContain('"code":"internal"');
    expect(answer).not.toContain("planted");
    service.opener.admission = admission;
    await witness.goesOn();
  });
});

describe("a conversation cut in two", () => {
  test("arrives whole, wherever the bytes are cut", async () => {
    await using service = startTestListener();
    const data = Uint8Array.from({ length: 64 }, (_, index) => index);
    const bytes = Buffer.concat([
      maskedFrame(encodeClient(startMessage())),
      maskedFrame(encodeClient({ case: "audio", value: { sequence: 0, captureMs: 7, data } })),
      maskedFrame(encodeClient({ case: "dtmf", value: { digits: "7" } })),
    ]);
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const caller = await dialRaw(service.port);
      caller.write(bytes.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      caller.write(bytes.subarray(cut));
      await until(() => service.opener.calls[cut - 1]?.events.length === 1);
      const call = service.opener.calls[cut - 1];
      expect(call?.events).toEqual(["dtmf 7"]);
      expect(call?.audio).toEqual([data]);
      expect(call?.captureMs).toEqual([7]);
    }
  });
});
