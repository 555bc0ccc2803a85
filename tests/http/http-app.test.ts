// Everything the port answers that is no socket, over a real port: health, metrics, webhooks, and
// errors that say what to do.
import { describe, expect, test } from "bun:test";
import { escapeXml } from "../../service/http/twilio-webhook.ts";
import { twilioSignature } from "../../service/transport/twilio-signature.ts";
import {
  AUTH_TOKEN,
  CALL_SID,
  PUBLIC_URL,
  postWebhook,
  streamPath,
} from "../transport/support/phone-caller.ts";
import { httpAnswer } from "../transport/support/stream-caller.ts";
import { startTestListener, type TestListener } from "../transport/support/test-listener.ts";

const KEY = "key-one-0123456789abcdef";
const withTwilio = { twilioAuthTokens: [AUTH_TOKEN], publicUrl: PUBLIC_URL };

function get(service: TestListener, path: string, headers = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${service.port}${path}`, { headers });
}

describe("/health", () => {
  test("live always, ready while one more call would be taken", async () => {
    await using service = startTestListener();
    const ready = async (): Promise<unknown> => {
      const response = await get(service, "/health/ready");
      return [response.status, await response.json()];
    };
    expect(await ready()).toEqual([200, { status: "ready" }]);
    service.opener.setAdmission("full");
    expect(await ready()).toEqual([503, { status: "full" }]);
    service.opener.setAdmission("key_limit");
    expect(await ready()).toEqual([200, { status: "ready" }]);
    service.listener.drain();
    expect(await ready()).toEqual([503, { status: "draining" }]);
    expect((await get(service, "/health/live")).status).toBe(200);
  });
});

describe("/metrics", () => {
  test("T28: without keys for this machine only, not through a proxy on it", async () => {
    await using service = startTestListener();
    const response = await get(service, "/metrics");
    expect([response.status, await response.text()]).toEqual([200, "metrics 1\n"]);
    expect(response.headers.get("content-type")).toStartWith("text/plain; version=0.0.4");
    const proxied = await httpAnswer(
      await get(service, "/metrics", { forwarded: "for=203.0.113.9" }),
    );
    expect([proxied.status, proxied.code]).toEqual([403, "loopback_only"]);
  });

  test("T28: with keys only with a key", async () => {
    await using service = startTestListener({ apiKeys: [KEY] });
    expect((await get(service, "/metrics")).status).toBe(401);
    expect((await get(service, "/metrics", service.headers)).status).toBe(200);
  });
});

describe("Twilio webhooks", () => {
  test("T4: take a signed form by POST and nothing else", async () => {
    await using service = startTestListener(withTwilio);
    const wrongMethod = await get(service, "/twilio/voice");
    expect(wrongMethod.headers.get("allow")).toBe("POST");
    expect((await httpAnswer(wrongMethod)).status).toBe(405);
    const url = `http://127.0.0.1:${service.port}/twilio/voice`;
    const wrongType = await fetch(url, { method: "POST", body: "{}" });
    expect((await httpAnswer(wrongType)).status).toBe(415);
    const noCall = await postWebhook(service.port, { From: "+14158675310" });
    expect([noCall.status, (await httpAnswer(noCall)).code]).toEqual([400, "call_sid_invalid"]);
    const oddCall = await postWebhook(service.port, { CallSid: 'CA"/><x' });
    expect((await httpAnswer(oddCall)).code).toBe("call_sid_invalid");
    expect(service.opener.prepared).toEqual([]);
  });

  test("sign the URL with its query, behind a path of the public URL", async () => {
    const publicUrl = `${PUBLIC_URL}/voxbridge`;
    await using service = startTestListener({ ...withTwilio, publicUrl });
    const path = "/twilio/voice?tenant=1";
    const wrong = await postWebhook(service.port, { CallSid: CALL_SID }, { path });
    expect(wrong.status).toBe(403);
    const parameters = new Map([["CallSid", [CALL_SID]]]);
    const signature = twilioSignature(AUTH_TOKEN, publicUrl + path, parameters);
    const right = await postWebhook(service.port, { CallSid: CALL_SID }, { path, signature });
    const twiml = await right.text();
    expect(streamPath(twiml)).toStartWith("/voxbridge/twilio/media/");
    expect(twiml).toContain(`statusCallback="${publicUrl}/twilio/status"`);
  });

  test("count stream events and answer 204", async () => {
    await using service = startTestListener(withTwilio);
    const path = "/twilio/status";
    const parameters = { StreamEvent: "stream-started", StreamSid: "MZ1" };
    expect((await postWebhook(service.port, parameters, { path })).status).toBe(204);
    const forged = await postWebhook(service.port, parameters, { path, signature: "x" });
    expect((await httpAnswer(forged)).status).toBe(403);
  });

  test("refuse a body over 64 KiB", async () => {
    await using service = startTestListener(withTwilio);
    const big = { CallSid: CALL_SID, More: "x".repeat(65 * 1024) };
    expect((await postWebhook(service.port, big)).status).toBe(413);
  });
});

describe("any other request", () => {
  test("404 and 405 are JSON and say what to do", async () => {
    await using service = startTestListener();
    const unknown = await httpAnswer(await get(service, "/nothing"));
    expect([unknown.status, unknown.code]).toEqual([404, "not_found"]);
    const url = `http://127.0.0.1:${service.port}/health/live`;
    const wrongMethod = await httpAnswer(await fetch(url, { method: "DELETE" }));
    expect([wrongMethod.status, wrongMethod.code]).toEqual([405, "method_refused"]);
  });

  test("a bug behind a route ends that request only", async () => {
    await using service = startTestListener({ ...withTwilio });
    const { opener } = service;
    opener.prepare = () => {
      throw new Error("planted fault");
    };
    const answer = await httpAnswer(await postWebhook(service.port, { CallSid: CALL_SID }));
    expect([answer.status, answer.code]).toEqual([500, "internal"]);
    expect((await get(service, "/health/live")).status).toBe(200);
  });
});

describe("escapeXml()", () => {
  test("leaves nothing that could end an attribute", () => {
    expect(escapeXml(`a&b<c>d"e'f`)).toBe("a&amp;b&lt;c&gt;d&quot;e&apos;f");
  });
});
