// Goal: where we dial and to whom we show a key. Method: a table.
import { describe, expect, test } from "bun:test";
import { realtimeHeaders, realtimeUrl } from "../../service/upstream/upstream-address.ts";

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
    const headers = realtimeHeaders(url, "sk-1");
    expect(headers).toEqual(isShown ? { authorization: "Bearer sk-1" } : {});
    expect(realtimeHeaders(url, "")).toEqual({});
  });

  test.each([
    ["wss://mine.openai.azure.com/openai/v1/realtime", true],
    ["wss://mine.services.ai.azure.com/openai/v1/realtime", true],
    ["wss://openai.azure.com.example.org/openai/v1/realtime", false],
  ])("uses the header of Azure for %s: %p", (url, isAzure) => {
    const wanted = isAzure ? { "api-key": "sk-1" } : { authorization: "Bearer sk-1" };
    expect(realtimeHeaders(url, "sk-1")).toEqual(wanted);
  });
});
