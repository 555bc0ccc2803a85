// Goal: what every provider's client promises on a good day: connections kept, keys where they
// belong, retries with pauses that fit.
// Method: real sockets on loopback, a server that counts connections; the stepped clock.
import { describe, expect, test } from "bun:test";
import { CircuitBreaker } from "../../service/provider/circuit-breaker.ts";
import { retryAfterMsOf } from "../../service/provider/http-failure.ts";
import { createMetricsRegistry } from "../../service/telemetry/metrics-registry.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { askJson, clientOf, failureOf, NEVER, settled } from "./provider-fixture.ts";
import { rawAnswer, startRawHttpServer } from "./raw-http-server.ts";

describe("createProviderHttp()", () => {
  test("S3-04: ten requests in a row, one of them refused, use one connection", async () => {
    await using server = startRawHttpServer((_, index) =>
      index === 4 ? rawAnswer('{"error":{}}', { status: 400 }) : rawAnswer(`{"n":${index}}`),
    );
    const client = clientOf(server.url);
    for (let index = 0; index < 10; index += 1) {
      if (index === 4) await failureOf(askJson(client));
      else expect(await askJson(client)).toEqual({ n: index });
    }
    expect(server.requests).toHaveLength(10);
    expect(server.connections()).toBe(1);
  });

  test("adds path and parameters to the base's and sends the key as Bearer, or in its own header", async () => {
    await using server = startRawHttpServer(() => rawAnswer("{}"));
    await askJson(clientOf(`${server.url}/v1/?api-version=3`, { key: "k-1" }));
    await askJson(clientOf(server.url, { key: "k-2", keyHeader: "x-api-key" }));
    expect(server.requests[0]).toStartWith("GET /v1/x?api-version=3 HTTP/1.1");
    expect(server.requests[0]?.toLowerCase()).toContain("authorization: bearer k-1\r\n");
    expect(server.requests[1]?.toLowerCase()).toContain("x-api-key: k-2\r\n");
    expect(server.requests[1]?.toLowerCase()).not.toContain("authorization");
  });

  test("refuses addresses that a key must not go to, and odd ones", () => {
    const refused = (address: string, key: string) =>
      expect(() => clientOf(address, { key })).toThrow("Cannot use test: its address");
    refused("http://example.com/v1", "secret");
    refused("http://192.168.1.4:8000/v1", "secret");
    refused("ftp://127.0.0.1", "");
    refused("https://user:pass@example.com", "");
    refused("no address", "");
    clientOf("http://ollama:11434/v1");
    clientOf("http://127.0.0.1:1/v1", { key: "secret" });
    clientOf("http://[::1]:1/v1", { key: "secret" });
  });

  test("tries again after 5xx with pauses that grow, as often as allowed", async () => {
    const { fetch, asked } = answering(() => new Response("{}", { status: 503 }));
    const clock = createSteppedClock();
    const metrics = createMetricsRegistry();
    const client = clientOf("http://127.0.0.1", { retriesMax: 3 }, { clock, metrics, fetch });
    const failure = await failureOf(settled(askJson(client), clock));
    expect(failure.code).toBe("engine_unavailable");
    expect(asked()).toBe(4);
    // Pauses of 100..200, 200..400 and 400..800 ms.
    expect(clock.nowMs()).toBeGreaterThanOrEqual(700);
    expect(clock.nowMs()).toBeLessThanOrEqual(1_410);
    expect(metrics.print()).toContain('voxbridge_provider_retries_total{provider="test"} 3');
    expect(metrics.print()).toContain('{code="engine_unavailable",provider="test"} 1');
  });

  test("a second attempt that works is an answer", async () => {
    const { fetch } = answering((index) =>
      index === 0 ? new Response("{}", { status: 500 }) : Response.json({ ok: 1 }),
    );
    const clock = createSteppedClock();
    const client = clientOf("http://127.0.0.1", { retriesMax: 1 }, { clock, fetch });
    expect(await settled(askJson(client), clock)).toEqual({ ok: 1 });
  });

  test("waits as long as Retry-After says, and not at all when that is too long", async () => {
    const { fetch, asked } = answering((index) => {
      if (index === 1) return Response.json({});
      const headers = { "retry-after": index === 0 ? "3" : "60" };
      return new Response("{}", { status: 429, headers });
    });
    const clock = createSteppedClock();
    const client = clientOf("http://127.0.0.1", { retriesMax: 2 }, { clock, fetch });
    await settled(askJson(client), clock);
    expect(clock.nowMs()).toBeGreaterThanOrEqual(3_000);
    expect(clock.nowMs()).toBeLessThan(3_010);
    const failure = await failureOf(settled(askJson(client), clock));
    expect(failure.code).toBe("engine_rate_limited");
    expect(failure.retryAfterMs).toBe(60_000);
    expect(asked()).toBe(3);
  });

  test("does not wait for a retry that cannot end in time", async () => {
    const headers = { "retry-after": "3" };
    const { fetch, asked } = answering(() => new Response("{}", { status: 429, headers }));
    const clock = createSteppedClock();
    const settings = { retriesMax: 5, totalMsMax: 2_000 };
    await failureOf(askJson(clientOf("http://127.0.0.1", settings, { clock, fetch })));
    expect(asked()).toBe(1);
    expect(clock.pendingTimers()).toBe(0);
  });

  test("reads Retry-After as seconds and as a date, bounded, and nothing else", () => {
    const nowMs = Date.parse("Wed, 21 Oct 2026 07:28:00 GMT");
    expect(retryAfterMsOf("120", nowMs)).toBe(120_000);
    expect(retryAfterMsOf("1.5", nowMs)).toBe(1_500);
    expect(retryAfterMsOf("Wed, 21 Oct 2026 07:28:30 GMT", nowMs)).toBe(30_000);
    expect(retryAfterMsOf("Wed, 21 Oct 2020 07:28:30 GMT", nowMs)).toBe(0);
    expect(retryAfterMsOf("999999999", nowMs)).toBe(86_400_000);
    for (const odd of [null, "", "-1", "soon", "1e9", "Wed, nonsense"]) {
      expect(retryAfterMsOf(odd, nowMs)).toBe(-1);
    }
  });

  test("a breaker is told of failures and keeps requests away while the provider rests", async () => {
    await using server = startRawHttpServer((_, index) =>
      rawAnswer("{}", { status: index < 2 ? 500 : 200 }),
    );
    const clock = createSteppedClock();
    const breaker = new CircuitBreaker({ failuresMax: 2, restMs: 1_000 }, clock);
    const client = clientOf(server.url, {}, { clock, breaker });
    await failureOf(askJson(client));
    await failureOf(askJson(client));
    const failure = await failureOf(askJson(client));
    expect(failure.code).toBe("engine_resting");
    expect(failure.retryAfterMs).toBe(1_000);
    expect(server.requests).toHaveLength(2);
    clock.advance(1_000);
    expect(await askJson(client)).toEqual({});
    expect(breaker.state()).toBe("closed");
  });

  test("a refused request does not rest the provider, an answer nobody can read does", async () => {
    await using server = startRawHttpServer((_, index) =>
      index < 3 ? rawAnswer("{}", { status: 400 }) : rawAnswer("no json"),
    );
    const clock = createSteppedClock();
    const breaker = new CircuitBreaker({ failuresMax: 2, restMs: 1_000 }, clock);
    const client = clientOf(server.url, {}, { clock, breaker });
    for (let index = 0; index < 3; index += 1) await failureOf(askJson(client));
    expect(breaker.state()).toBe("closed");
    for (let index = 0; index < 2; index += 1) await failureOf(askJson(client));
    expect(breaker.state()).toBe("resting");
  });

  test("leaves no timer and no listener behind", async () => {
    await using server = startRawHttpServer(() => rawAnswer("{}"));
    const clock = createSteppedClock();
    await askJson(clientOf(server.url, {}, { clock }), NEVER);
    expect(clock.pendingTimers()).toBe(0);
  });
});

/** A fetch without sockets, so that no time passes but what a retry waits for. */
function answering(answer: (index: number) => Response) {
  let count = 0;
  const fetch = () => {
    count += 1;
    return Promise.resolve(answer(count - 1));
  };
  return { fetch, asked: () => count };
}
