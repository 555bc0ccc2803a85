// Goal: where we dial and to whom we show a key. Method: a table.
import { describe, expect, test } from "bun:test";
import {
  type HeaderFacts,
  realtimeHeaders,
  realtimeUrl,
  transcriptionUrl,
} from "../../service/provider/upstream-address.ts";

const factsOf = (url: string): HeaderFacts => ({
  url,
  apiKey: "sk-1",
  dialect: "ga",
  keyHeader: "auto",
});

describe("realtimeUrl()", () => {
  test.each([
    ["wss://api.openai.com/v1/realtime", "wss://api.openai.com/v1/realtime?model=m%201"],
    ["ws://localhost:1/x?a=b&model=old#f", "ws://localhost:1/x?a=b&model=m+1"],
  ])("adds the model to %s", (address, url) => {
    expect(decodeURIComponent(realtimeUrl(address, "m 1").replaceAll("+", " "))).toBe(
      decodeURIComponent(url.replaceAll("+", " ")),
    );
  });

  test.each([
    ["https://api.openai.com/v1/realtime", "scheme is https://"],
    ["api.openai.com", "not a URL"],
    ["wss://user:secret@api.openai.com/v1/realtime", "user name or password"],
  ])("refuses %s and does not repeat secrets", (address, part) => {
    expect(() => realtimeUrl(address, "m")).toThrow(part);
    expect(() => realtimeUrl(address, "m")).not.toThrow("secret");
  });
});

describe("transcriptionUrl()", () => {
  test("adds the intent and no model; other query fields stay", () => {
    expect(transcriptionUrl("wss://api.openai.com/v1/realtime")).toBe(
      "wss://api.openai.com/v1/realtime?intent=transcription",
    );
    expect(transcriptionUrl("ws://localhost:1/x?a=b#f")).toBe(
      "ws://localhost:1/x?a=b&intent=transcription",
    );
    expect(() => transcriptionUrl("https://api.openai.com/v1/realtime")).toThrow(
      "scheme is https://",
    );
  });
});

describe("realtimeHeaders()", () => {
  test.each([
    ["wss://api.openai.com/v1/realtime", true],
    ["ws://127.0.0.1:9/v1/realtime", true],
    ["ws://[::1]:9/v1/realtime", true],
    ["ws://localhost:9/v1/realtime", true],
    ["ws://10.0.0.7/v1/realtime", false],
    ["ws://127.0.0.1.example.org/v1/realtime", false],
    ["ws://example.org/v1/realtime", false],
  ])("shows the key to %s: %p", (url, isShown) => {
    const headers = realtimeHeaders(factsOf(url));
    expect(headers).toEqual(isShown ? { authorization: "Bearer sk-1" } : {});
    expect(realtimeHeaders({ ...factsOf(url), apiKey: "" })).toEqual({});
  });

  test.each([
    ["wss://mine.openai.azure.com/openai/v1/realtime", true],
    ["wss://mine.services.ai.azure.com/openai/v1/realtime", true],
    ["wss://openai.azure.com.example.org/openai/v1/realtime", false],
  ])("uses the header of Azure for %s: %p", (url, isAzure) => {
    const wanted = isAzure ? { "api-key": "sk-1" } : { authorization: "Bearer sk-1" };
    expect(realtimeHeaders(factsOf(url))).toEqual(wanted);
  });

  test("takes the header that the operator names, also behind a gateway", () => {
    const facts = factsOf("wss://gateway.example.org/v1/realtime");
    const own = realtimeHeaders({ ...facts, keyHeader: "api-key" });
    expect(own).toEqual({ "api-key": "sk-1" });
    const azure = factsOf("wss://mine.openai.azure.com/openai/v1/realtime");
    const bearer = realtimeHeaders({ ...azure, keyHeader: "authorization" });
    expect(bearer).toEqual({ authorization: "Bearer sk-1" });
  });

  test("asks for the old protocol only in its dialect, with or without a key", () => {
    const facts = factsOf("wss://old.example.org/v1/realtime");
    const beta = { "openai-beta": "realtime=v1" };
    expect(realtimeHeaders({ ...facts, dialect: "beta" })).toMatchObject(beta);
    expect(realtimeHeaders({ ...facts, dialect: "beta", apiKey: "" })).toEqual(beta);
    expect(realtimeHeaders({ ...facts, dialect: "mixed", apiKey: "" })).toEqual({});
  });
});
