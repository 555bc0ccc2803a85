// Bad input before the upgrade: one test per row of the table in docs/protocol.md. Each has a
// second call beside it that must go on untouched, and nothing may have been opened or dialled.
import { describe, expect, test } from "bun:test";
import { twilioSignature } from "../../service/transport/twilio-signature.ts";
import {
  AUTH_TOKEN,
  CALL_SID,
  PUBLIC_URL,
  postWebhook,
  streamPath,
  upgradeHeaders,
} from "../transport/support/phone-caller.ts";
import { dialSocket, httpAnswer, knock } from "../transport/support/stream-caller.ts";
import { startTestListener, type TestListener } from "../transport/support/test-listener.ts";
import { openWitness } from "../transport/support/witness-call.ts";

const KEY = "key-one-0123456789abcdef";
const withKeys = { apiKeys: [KEY, "key-two-0123456789abcdef"] };
const withTwilio = { twilioAuthTokens: [AUTH_TOKEN], publicUrl: PUBLIC_URL };

async function mintedPath(service: TestListener): Promise<string> {
  const response = await postWebhook(service.port, { CallSid: CALL_SID });
  return streamPath(await response.text());
}

describe("before the upgrade, /v1/stream", () => {
  test("400: the subprotocol is unknown or missing", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    for (const offered of ["voxbridge.v2.proto", "chat, superchat", ""]) {
      const answer = await knock(service.port, "/v1/stream", { "Sec-WebSocket-Protocol": offered });
      expect([answer.status, answer.code]).toEqual([400, "subprotocol_unknown"]);
    }
    expect(service.opener.calls.length).toBe(1);
    await witness.goesOn();
  });

  test("T1 401: the key is missing, wrong or in the query", async () => {
    await using service = startTestListener(withKeys);
    const witness = await openWitness(service);
    for (const [path, headers] of [
      ["/v1/stream", {}],
      ["/v1/stream", { authorization: "Bearer key-one-0123456789abcdeX" }],
      ["/v1/stream", { authorization: `Basic ${KEY}` }],
      ["/v1/stream", { authorization: "Bearer " }],
      [`/v1/stream?key=${KEY}`, {}],
      [`/v1/stream?authorization=Bearer%20${KEY}`, {}],
    ] as const) {
      const answer = await knock(service.port, path, headers);
      expect([answer.status, answer.code]).toEqual([401, "key_refused"]);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    }
    expect(service.opener.calls.length).toBe(1);
    await witness.goesOn();
  });

  test("T8 403: a web page of another origin, even with a key", async () => {
    const origins = ["https://console.example.com"];
    await using service = startTestListener({ ...withKeys, origins });
    const witness = await openWitness(service);
    for (const origin of ["https://evil.example.com", "http://console.example.com", "null"]) {
      const answer = await knock(service.port, "/v1/stream", { ...service.headers, origin });
      expect([answer.status, answer.code]).toEqual([403, "origin_refused"]);
    }
    const headers = { ...service.headers, origin: "https://console.example.com" };
    const url = `ws://127.0.0.1:${service.port}/v1/stream`;
    const allowed = await dialSocket(url, { protocols: ["voxbridge.v1.proto"], headers });
    allowed.socket.close();
    await witness.goesOn();
  });

  test("426: not an upgrade at all", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    const answer = await httpAnswer(await fetch(`http://127.0.0.1:${service.port}/v1/stream`));
    expect([answer.status, answer.code]).toEqual([426, "upgrade_required"]);
    await witness.goesOn();
  });

  test("T18 429: one address knocks too often, and may again after ten seconds", async () => {
    await using service = startTestListener({ upgradesPerAddress: 2 });
    const witness = await openWitness(service);
    // As a proxy on this machine passes strangers on; this machine's own callers are not counted.
    const stranger = { "x-forwarded-for": "203.0.113.9" };
    const wrong = { ...stranger, "Sec-WebSocket-Protocol": "none" };
    expect((await knock(service.port, "/v1/stream", wrong)).status).toBe(400);
    expect((await knock(service.port, "/v1/stream", wrong)).status).toBe(400);
    const answer = await knock(service.port, "/v1/stream", stranger);
    expect([answer.status, answer.code]).toEqual([429, "address_limit"]);
    expect(answer.headers.get("retry-after")).toBe("5");
    const other = { ...wrong, "x-forwarded-for": "203.0.113.10" };
    expect((await knock(service.port, "/v1/stream", other)).status).toBe(400);
    await witness.goesOn();
    service.clock.advance(9_000);
    await witness.goesOn();
    service.clock.advance(9_000);
    expect((await knock(service.port, "/v1/stream", wrong)).status).toBe(400);
    await witness.goesOn();
  });

  test("T18 429: the key has as many calls as it may", async () => {
    await using service = startTestListener(withKeys);
    const witness = await openWitness(service);
    service.opener.setAdmission("key_limit");
    const answer = await knock(service.port, "/v1/stream", service.headers);
    expect([answer.status, answer.code]).toEqual([429, "key_limit"]);
    expect(answer.headers.get("retry-after")).toBe("5");
    await witness.goesOn();
  });

  test("503: every line is taken", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    service.opener.setAdmission("full");
    const answer = await knock(service.port, "/v1/stream");
    expect([answer.status, answer.code]).toEqual([503, "full"]);
    expect(answer.headers.get("retry-after")).toBe("5");
    await witness.goesOn();
  });

  test("503: the service is stopping", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    service.listener.drain();
    const answer = await knock(service.port, "/v1/stream");
    expect([answer.status, answer.code]).toEqual([503, "draining"]);
    expect(answer.headers.get("retry-after")).toBe("5");
    await witness.goesOn();
  });
});

describe("before the upgrade, Twilio", () => {
  test("T4 403: the webhook's signature is missing, wrong or over other parameters", async () => {
    await using service = startTestListener(withTwilio);
    const witness = await openWitness(service);
    const parameters = { CallSid: CALL_SID };
    const foreign = "L/OH5YylLD5NRKLltdqwSvS0BnU=";
    for (const signature of [null, "", "garbage", foreign]) {
      const response = await postWebhook(service.port, parameters, { signature });
      const answer = await httpAnswer(response);
      expect([answer.status, answer.code]).toEqual([403, "signature_refused"]);
    }
    expect(service.opener.prepared).toEqual([]);
    await witness.goesOn();
  });

  test("T5 403: the upgrade's signature is missing, or made for https instead of wss", async () => {
    await using service = startTestListener(withTwilio);
    const witness = await openWitness(service);
    const path = await mintedPath(service);
    const https = twilioSignature(AUTH_TOKEN, PUBLIC_URL + path, new Map());
    for (const headers of [{}, upgradeHeaders(`${path}x`), { "x-twilio-signature": https }]) {
      const answer = await knock(service.port, path, headers);
      expect([answer.status, answer.code]).toEqual([403, "signature_refused"]);
    }
    await witness.goesOn();
  });

  test("T6 403: the token was used before, though the signature is right", async () => {
    await using service = startTestListener(withTwilio);
    const witness = await openWitness(service);
    const path = await mintedPath(service);
    const headers = upgradeHeaders(path);
    const first = await dialSocket(`ws://127.0.0.1:${service.port}${path}`, { headers });
    const answer = await knock(service.port, path, headers);
    expect([answer.status, answer.code]).toEqual([403, "token_refused"]);
    first.socket.close();
    await witness.goesOn();
  });

  test("T6 403: the token is forged, changed or older than a minute", async () => {
    await using service = startTestListener(withTwilio);
    const witness = await openWitness(service);
    const path = await mintedPath(service);
    const forged = [
      "/twilio/media/",
      "/twilio/media/x",
      path.replace(CALL_SID, `CA${"f".repeat(32)}`),
      `${path}A`,
      path.replace(/\.(\d+)\./, (_, seconds) => `.${Number(seconds) + 60}.`),
    ];
    for (const other of forged) {
      const answer = await knock(service.port, other, upgradeHeaders(other));
      expect([answer.status, answer.code]).toEqual([403, "token_refused"]);
    }
    // The witness must speak at least every ten seconds.
    for (let step = 0; step < 7; step += 1) {
      service.clock.advance(9_000);
      await witness.goesOn();
    }
    const late = await knock(service.port, path, upgradeHeaders(path));
    expect([late.status, late.code]).toEqual([403, "token_refused"]);
    expect(service.opener.calls.length).toBe(1);
    await witness.goesOn();
  });

  test("403: the plain path, once an auth token is set", async () => {
    await using service = startTestListener(withTwilio);
    const witness = await openWitness(service);
    const path = "/twilio/media";
    const answer = await knock(service.port, path, upgradeHeaders(path));
    expect([answer.status, answer.code]).toEqual([403, "token_refused"]);
    await witness.goesOn();
  });

  test("403: the plain path through a proxy or tunnel, from outside this machine", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    const headers = { "x-forwarded-for": "203.0.113.9" };
    const answer = await knock(service.port, "/twilio/media", headers);
    expect([answer.status, answer.code]).toEqual([403, "loopback_only"]);
    await witness.goesOn();
  });

  test("404: Twilio is not configured", async () => {
    await using service = startTestListener();
    const witness = await openWitness(service);
    const webhook = await httpAnswer(await postWebhook(service.port, { CallSid: CALL_SID }));
    expect([webhook.status, webhook.code]).toEqual([404, "not_configured"]);
    const media = await knock(service.port, "/twilio/media/some-token");
    expect([media.status, media.code]).toEqual([404, "not_configured"]);
    await witness.goesOn();
  });

  test("Reject busy: every line is taken, or the service is stopping", async () => {
    await using service = startTestListener(withTwilio);
    const witness = await openWitness(service);
    const busy = '<Response><Reject reason="busy"/></Response>';
    service.opener.setAdmission("full");
    const full = await postWebhook(service.port, { CallSid: CALL_SID });
    expect([full.status, (await full.text()).endsWith(busy)]).toEqual([200, true]);
    service.opener.setAdmission(null);
    service.listener.drain();
    const draining = await postWebhook(service.port, { CallSid: CALL_SID });
    expect([draining.status, (await draining.text()).endsWith(busy)]).toEqual([200, true]);
    expect(service.opener.prepared).toEqual([]);
    await witness.goesOn();
  });

  test("503: the line was taken between webhook and upgrade; the token stays good", async () => {
    await using service = startTestListener(withTwilio);
    const witness = await openWitness(service);
    const path = await mintedPath(service);
    const headers = upgradeHeaders(path);
    service.opener.setAdmission("full");
    const answer = await knock(service.port, path, headers);
    expect([answer.status, answer.code]).toEqual([503, "full"]);
    service.opener.setAdmission(null);
    const caller = await dialSocket(`ws://127.0.0.1:${service.port}${path}`, { headers });
    caller.socket.close();
    await witness.goesOn();
  });
});
