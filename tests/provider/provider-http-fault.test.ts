// Goal: each way a provider fails has one code, in time, without a key in any text.
// Method: a bare socket that says the wrong bytes; the stepped clock decides when time is up.
import { describe, expect, test } from "bun:test";
import { createMetricsRegistry } from "../../service/telemetry/metrics-registry.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { askJson, clientOf, failureOf, NEVER } from "./provider-fixture.ts";
import { rawAnswer, startRawHttpServer } from "./raw-http-server.ts";

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

describe("a provider that fails", () => {
  test("refuses connections: engine_unavailable", async () => {
    const server = startRawHttpServer(() => rawAnswer("{}"));
    await server[Symbol.asyncDispose]();
    const failure = await failureOf(askJson(clientOf(server.url)));
    expect(failure.code).toBe("engine_unavailable");
    expect(failure.isRetryable).toBe(true);
  });

  test("closes without an answer, or within its body: engine_unavailable", async () => {
    const begun = `${HEAD}content-length: 100\r\n\r\n{"a":`;
    await using server = startRawHttpServer((_, index) => ({
      text: index === 0 ? "" : begun,
      close: true,
    }));
    const client = clientOf(server.url);
    expect((await failureOf(askJson(client))).code).toBe("engine_unavailable");
    expect((await failureOf(askJson(client))).code).toBe("engine_unavailable");
  });

  test("never answers: engine_timeout after answerMsMax", async () => {
    await using server = startRawHttpServer(() => ({ text: "" }));
    const clock = createSteppedClock();
    const failing = failureOf(askJson(clientOf(server.url, {}, { clock })));
    await server.arrived(1);
    clock.advance(1_000);
    expect((await failing).code).toBe("engine_timeout");
    expect(clock.pendingTimers()).toBe(0);
  });

  test("stops within its body: engine_timeout after silenceMsMax", async () => {
    await using server = startRawHttpServer(() => ({
      text: `${HEAD}content-length: 100\r\n\r\n{"a":`,
    }));
    const clock = createSteppedClock();
    const begun = Promise.withResolvers<void>();
    const client = clientOf(server.url, {}, { clock });
    const request = { method: "GET", path: "/", contentTypes: ["application/json"] } as const;
    const failing = failureOf(
      client.ask(request, NEVER, async (answer) => {
        for await (const _ of answer.chunks()) begun.resolve();
      }),
    );
    await begun.promise;
    await new Promise<void>((resolve) => setImmediate(resolve));
    clock.advance(500);
    expect((await failing).code).toBe("engine_timeout");
  });

  test("is not wanted any more: cancelled at once, and the connection ends", async () => {
    await using server = startRawHttpServer(() => ({ text: "" }));
    const controller = new AbortController();
    const failing = failureOf(askJson(clientOf(server.url), controller.signal));
    await server.arrived(1);
    controller.abort();
    const failure = await failing;
    expect(failure.code).toBe("cancelled");
    expect(failure.isRetryable).toBe(false);
    expect((await failureOf(askJson(clientOf(server.url), controller.signal))).code).toBe(
      "cancelled",
    );
    expect(server.requests).toHaveLength(1);
  });

  test("says too much: engine_protocol, and is not read to its end", async () => {
    await using server = startRawHttpServer(() => rawAnswer("x".repeat(1_000_000)));
    const failure = await failureOf(askJson(clientOf(server.url)));
    expect(failure.code).toBe("engine_protocol");
    expect(failure.message).toContain("over 1000 bytes");
  });

  test("answers HTML, or JSON that is none: engine_protocol, without its text", async () => {
    await using server = startRawHttpServer((_, index) =>
      index === 0
        ? rawAnswer("<h1>private</h1>", { type: "text/html; charset=utf-8" })
        : rawAnswer("{ private"),
    );
    const client = clientOf(server.url);
    const html = await failureOf(askJson(client));
    expect(html.code).toBe("engine_protocol");
    expect(html.message).toBe("Cannot use test: the answer is text/html, must be application/json");
    const garbage = await failureOf(askJson(client));
    expect(garbage.code).toBe("engine_protocol");
    expect(garbage.message).not.toContain("private");
  });

  test("sends elsewhere: engine_protocol, and the other place is never asked", async () => {
    await using other = startRawHttpServer(() => rawAnswer("{}"));
    await using server = startRawHttpServer(() =>
      rawAnswer("", { status: 307, headers: `location: ${other.url}/x\r\n` }),
    );
    const failure = await failureOf(askJson(clientOf(server.url, { key: "secret" })));
    expect(failure.code).toBe("engine_protocol");
    expect(other.requests).toEqual([]);
  });

  test.each([
    [400, "engine_refused", false],
    [401, "engine_refused", false],
    [404, "engine_refused", false],
    [408, "engine_timeout", true],
    [429, "engine_rate_limited", true],
    [500, "engine_unavailable", true],
    [501, "engine_unavailable", false],
    [503, "engine_unavailable", true],
  ] as const)("answers %p: %s", async (status, code, isRetryable) => {
    await using server = startRawHttpServer(() => rawAnswer("oops", { status }));
    const failure = await failureOf(askJson(clientOf(server.url)));
    expect(failure.code).toBe(code);
    expect(failure.isRetryable).toBe(isRetryable);
  });

  test("names its code in the message, never its words, which may repeat the key", async () => {
    const key = "sk-verysecretkey1234";
    const body = { error: { code: "invalid_api_key", message: `Incorrect key: ${key}` } };
    await using server = startRawHttpServer(() => rawAnswer(JSON.stringify(body), { status: 401 }));
    const failure = await failureOf(askJson(clientOf(`${server.url}?key=${key}`, { key })));
    expect(failure.message).toBe("Cannot use test: it answers 401 (invalid_api_key)");
    expect(Bun.inspect(failure)).not.toContain(key);
    await server[Symbol.asyncDispose]();
    const gone = await failureOf(askJson(clientOf(`${server.url}?key=${key}`, { key })));
    expect(Bun.inspect(gone)).not.toContain(key);
  });

  test("has no money left: 429 that no retry heals", async () => {
    const body = { error: { code: "insufficient_quota" } };
    await using server = startRawHttpServer(() => rawAnswer(JSON.stringify(body), { status: 429 }));
    expect((await failureOf(askJson(clientOf(server.url)))).isRetryable).toBe(false);
  });

  test("a stream that is left early counts as cancelled, one that breaks as its failure", async () => {
    const metrics = createMetricsRegistry();
    await using server = startRawHttpServer((_, index) => ({
      text: `${HEAD}content-length: 10\r\n\r\n12345`,
      close: index > 0,
    }));
    const client = clientOf(server.url, {}, { metrics });
    const request = { method: "GET", path: "/", contentTypes: ["application/json"] } as const;
    const stream = () => client.stream(request, NEVER, (answer) => answer.chunks());
    for await (const _ of stream()) break;
    expect(metrics.print()).toContain('{code="cancelled",provider="test"} 1');
    expect((await failureOf(Array.fromAsync(stream()))).code).toBe("engine_unavailable");
    expect(metrics.print()).toContain('{code="engine_unavailable",provider="test"} 1');
  });
});
