// X-Twilio-Signature against the vector that Twilio's own library agrees with, and its variants.
import { describe, expect, test } from "bun:test";
import {
  isSignedByTwilio,
  NO_PARAMETERS,
  twilioSignature,
} from "../../service/transport/twilio-signature.ts";

const TOKEN = "12345";
const URL = "https://example.com/myapp.php?foo=1&bar=2";
const PARAMETERS = new Map([
  ["To", ["+18005551212"]],
  ["CallSid", ["CA1234567890ABCDE"]],
  ["Caller", ["+14158675310"]],
  ["Digits", ["1234"]],
  ["From", ["+14158675310"]],
]);
const SIGNATURE = "L/OH5YylLD5NRKLltdqwSvS0BnU=";

describe("twilioSignature()", () => {
  test("T4: gives the published signature, whatever the order of the parameters", () => {
    expect(twilioSignature(TOKEN, URL, PARAMETERS)).toBe(SIGNATURE);
    const reversed = new Map([...PARAMETERS].reverse());
    expect(twilioSignature(TOKEN, URL, reversed)).toBe(SIGNATURE);
  });

  test("takes each value of a repeated name once, sorted", () => {
    const repeated = new Map([["a", ["2", "1", "2"]]]);
    const written = new Map([["a1a2", [""]]]);
    expect(twilioSignature(TOKEN, URL, repeated)).toBe(twilioSignature(TOKEN, URL, written));
  });
});

describe("isSignedByTwilio()", () => {
  const request = { url: URL, parameters: PARAMETERS, signature: SIGNATURE };

  test("accepts any of the tokens and nothing else", () => {
    expect(isSignedByTwilio([TOKEN], request)).toBe(true);
    expect(isSignedByTwilio(["other", TOKEN], request)).toBe(true);
    expect(isSignedByTwilio(["other"], request)).toBe(false);
    expect(isSignedByTwilio([], request)).toBe(false);
  });

  test("T4: refuses another URL, other parameters and other signatures", () => {
    const wrong = [
      { ...request, url: "https://example.com/myapp.php?foo=1&bar=3" },
      { ...request, url: "https://evil.example.com/myapp.php?foo=1&bar=2" },
      { ...request, parameters: NO_PARAMETERS },
      { ...request, signature: null },
      { ...request, signature: "" },
      { ...request, signature: SIGNATURE.toLowerCase() },
      { ...request, signature: `${SIGNATURE}=` },
    ];
    for (const each of wrong) expect(isSignedByTwilio([TOKEN], each)).toBe(false);
  });

  test("T5: takes a wss URL with and without its port, and not its https form", () => {
    const parameters = NO_PARAMETERS;
    const url = "wss://voice.example.com/twilio/media/x";
    for (const signed of [
      url,
      "wss://voice.example.com:443/twilio/media/x",
      "wss://voice.example.com:80/twilio/media/x",
    ]) {
      const signature = twilioSignature(TOKEN, signed, parameters);
      expect(isSignedByTwilio([TOKEN], { url, parameters, signature })).toBe(true);
    }
    const bare = twilioSignature(TOKEN, url, parameters);
    const withPort = "wss://voice.example.com:8443/twilio/media/x";
    expect(isSignedByTwilio([TOKEN], { url: withPort, parameters, signature: bare })).toBe(true);
    const https = twilioSignature(TOKEN, url.replace("wss", "https"), parameters);
    expect(isSignedByTwilio([TOKEN], { url, parameters, signature: https })).toBe(false);
  });
});
