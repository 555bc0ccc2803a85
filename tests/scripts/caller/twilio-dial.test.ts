// Signature and TwiML as Twilio does them; the vector was checked against twilio 6.2's own library.
import { describe, expect, test } from "bun:test";
import { dialTwilio, readTwiml, signTwilio } from "../../../scripts/caller/twilio-dial.ts";

describe("signTwilio()", () => {
  test("signs URL and sorted parameters", () => {
    const parameters = {
      CallSid: "CA1234567890ABCDE",
      Caller: "+14158675310",
      Digits: "1234",
      From: "+14158675310",
      To: "+18005551212",
    };
    expect(signTwilio("12345", "https://example.com/myapp.php?foo=1&bar=2", parameters)).toBe(
      "L/OH5YylLD5NRKLltdqwSvS0BnU=",
    );
  });
});

describe("readTwiml()", () => {
  test("finds the stream and its parameters", () => {
    const text =
      '<?xml version="1.0"?><Response><Connect><Stream name="a" url="wss://h/p?a=1&amp;b=2">' +
      '<Parameter name="t" value="&lt;x&gt;"/></Stream></Connect></Response>';
    expect(readTwiml(text)).toEqual({ url: "wss://h/p?a=1&b=2", parameters: { t: "<x>" } });
  });

  test("knows a refusal", () => {
    expect(readTwiml('<Response><Reject reason="busy"/></Response>')).toBeNull();
  });
});

describe("dialTwilio()", () => {
  const ids = { callSid: "CA1", accountSid: "AC1" };

  test("takes the plain path without a token", async () => {
    expect(
      await dialTwilio({ serviceUrl: "http://127.0.0.1:8080", signing: undefined, ...ids }),
    ).toEqual({ url: "ws://127.0.0.1:8080/twilio/media", headers: {}, customParameters: {} });
  });

  test("goes through the signed webhook and signs the upgrade for the public address", async () => {
    let seen = "";
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        seen = `${request.headers.get("x-twilio-signature")} ${await request.text()}`;
        return new Response(
          '<Response><Connect><Stream url="wss://voice.example/twilio/media/t1"/></Connect></Response>',
        );
      },
    });
    const route = await dialTwilio({
      serviceUrl: `http://127.0.0.1:${server.port}`,
      signing: { authToken: "12345", publicUrl: "https://voice.example" },
      ...ids,
    });
    const form = { AccountSid: "AC1", CallSid: "CA1", From: "+15005550006", To: "+15005550001" };
    expect(seen).toBe(
      `${signTwilio("12345", "https://voice.example/twilio/voice", form)} ` +
        new URLSearchParams(form).toString(),
    );
    expect(route).toEqual({
      url: `ws://127.0.0.1:${server.port}/twilio/media/t1`,
      headers: {
        "X-Twilio-Signature": signTwilio("12345", "wss://voice.example/twilio/media/t1", {}),
      },
      customParameters: {},
    });
  });

  test("says what the webhook answered", async () => {
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => new Response("bad signature", { status: 403 }),
    });
    expect(
      dialTwilio({
        serviceUrl: `http://127.0.0.1:${server.port}`,
        signing: { authToken: "x", publicUrl: "https://voice.example" },
        ...ids,
      }),
    ).rejects.toThrow("it answered 403 bad signature");
  });
});
