// Goal: each way a chat server fails ends in one code, in time. Method: the chat simulator's faults
// over real HTTP; the stepped clock.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { LanguageModelPart } from "../../service/contract/language-model.ts";
import { CircuitBreaker } from "../../service/provider/circuit-breaker.ts";
import type { ChatFault } from "../../service/simulator/chat-script.ts";
import { type ChatSimulator, createChatSimulator } from "../../service/simulator/chat-simulator.ts";
import { ASK } from "../conformance/language-model.ts";
import { failureOf, NEVER, settled } from "../provider/provider-fixture.ts";
import { rawAnswer, startRawHttpServer } from "../provider/raw-http-server.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { openSocketCensus, type SocketCensus } from "../support/socket-census.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { modelOf } from "./model-fixture.ts";

const open: ChatSimulator[] = [];
let census: SocketCensus;
beforeEach(() => {
  census = openSocketCensus();
});
afterEach(async () => {
  for (const simulator of open.splice(0)) await simulator.stop();
  census.close();
});

function setUp(key = "") {
  const clock = createSteppedClock();
  const random = createSeededRandom(1);
  const simulator = createChatSimulator({ clock, random, host: "127.0.0.1", port: 0, key });
  open.push(simulator);
  return { clock, simulator };
}

async function failing(fault: ChatFault, settings = {}) {
  const { clock, simulator } = setUp();
  simulator.failNext(fault);
  const parts: LanguageModelPart[] = [];
  const model = modelOf(simulator.url, settings, { clock });
  const reading = async () => {
    for await (const part of model.generate(ASK, NEVER)) parts.push(part);
  };
  const failure = await failureOf(settled(reading(), clock, census));
  return { failure, parts, clock, simulator };
}

describe("a chat server that fails", () => {
  test("is not there: engine_unavailable", async () => {
    const { simulator, clock } = setUp();
    await simulator.stop();
    const model = modelOf(simulator.url, {}, { clock });
    const failure = await failureOf(
      settled(Array.fromAsync(model.generate(ASK, NEVER)), clock, census),
    );
    expect(failure.code).toBe("engine_unavailable");
  });

  test("never answers, or stops in the middle: engine_timeout", async () => {
    const silent = await failing({ kind: "silence" });
    expect(silent.failure.code).toBe("engine_timeout");
    const stalled = await failing({ kind: "stall", afterTokens: 2 });
    expect(stalled.failure.code).toBe("engine_timeout");
    expect(stalled.parts).toHaveLength(2);
    expect(stalled.clock.pendingTimers()).toBe(0);
  });

  test("dies in the middle, abruptly or politely: engine_unavailable, and never an end part", async () => {
    for (const kind of ["break", "cut"] as const) {
      const { failure, parts } = await failing({ kind, afterTokens: 2 });
      expect(failure.code).toBe("engine_unavailable");
      expect(parts.map((part) => part.kind)).not.toContain("end");
    }
  });

  test("says garbage, HTML or a line of 1 MB: engine_protocol", async () => {
    for (const fault of [
      { kind: "garbage" },
      { kind: "html" },
      { kind: "long_line", bytes: 1_000_000 },
    ] as const) {
      expect((await failing(fault)).failure.code).toBe("engine_protocol");
    }
  });

  test("never stops talking: ended at the byte bound, and left", async () => {
    const { failure, simulator, clock } = await failing({ kind: "endless" });
    expect(failure.code).toBe("engine_protocol");
    for (let turn = 0; turn < 200_000 && simulator.active() > 0; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      clock.advance(1);
    }
    expect(simulator.active()).toBe(0);
  });

  test("answers 429 with Retry-After: engine_rate_limited that says when", async () => {
    const fault = { kind: "status", status: 429, code: "rate_limit_exceeded" } as const;
    const { failure } = await failing({ ...fault, retryAfter: "17" });
    expect(failure.code).toBe("engine_rate_limited");
    expect(failure.retryAfterMs).toBe(17_000);
  });

  test("is tried again before its first byte, not after", async () => {
    const { clock, simulator } = setUp();
    simulator.failNext({ kind: "status", status: 503, code: "simulated" });
    const model = modelOf(simulator.url, { retriesMax: 1 }, { clock });
    const parts = await settled(Array.fromAsync(model.generate(ASK, NEVER)), clock, census);
    expect(parts.at(-1)?.kind).toBe("end");
    expect(simulator.requests()).toBe(2);
    simulator.failNext({ kind: "break", afterTokens: 1 });
    await failureOf(settled(Array.fromAsync(model.generate(ASK, NEVER)), clock, census));
    expect(simulator.requests()).toBe(3);
  });

  test("does not take the key: engine_refused, without the key in any text", async () => {
    const { clock, simulator } = setUp("right");
    const model = modelOf(simulator.url, { key: "sk-wrong-key-12345" }, { clock });
    const failure = await failureOf(
      settled(Array.fromAsync(model.generate(ASK, NEVER)), clock, census),
    );
    expect(failure.code).toBe("engine_refused");
    expect(failure.message).toContain("invalid_api_key");
    expect(Bun.inspect(failure)).not.toContain("sk-wrong");
  });

  test("an answer that breaks in the middle counts for the breaker", async () => {
    const { clock, simulator } = setUp();
    const breaker = new CircuitBreaker({ failuresMax: 2, restMs: 1_000 }, clock);
    const model = modelOf(simulator.url, {}, { clock, breaker });
    for (let index = 0; index < 2; index += 1) {
      simulator.failNext({ kind: "cut", afterTokens: 1 });
      await failureOf(settled(Array.fromAsync(model.generate(ASK, NEVER)), clock, census));
    }
    const failure = await failureOf(Array.fromAsync(model.generate(ASK, NEVER)));
    expect(failure.code).toBe("engine_resting");
  });
});

describe("chat servers with habits of their own", () => {
  const stream = (...events: readonly unknown[]) => {
    const body = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
    return startRawHttpServer(() => rawAnswer(body, { type: "text/event-stream" }));
  };
  const delta = (fields: object, finish_reason: string | null = null) => ({
    choices: [{ delta: fields, finish_reason }],
  });
  const read = (url: string) => Array.fromAsync(modelOf(url).generate(ASK, NEVER));

  test("no index and no id of a tool call, no usage, no [DONE], finish stop", async () => {
    const call = (name: string) => ({ function: { name, arguments: "{}" } });
    await using server = stream(
      delta({ tool_calls: [{ ...call("a"), id: "x" }] }),
      delta({ tool_calls: [{ ...call("b"), id: "y" }], content: null }, "stop"),
    );
    expect(await read(server.url)).toEqual([
      { kind: "tool_call", call: { id: "x", name: "a", argumentsText: "{}" } },
      { kind: "tool_call", call: { id: "y", name: "b", argumentsText: "{}" } },
      { kind: "end", reason: "tool_calls", inputTokens: 0, outputTokens: 0 },
    ]);
  });

  test("an error in the middle of the stream is its failure, its words are not ours", async () => {
    await using server = stream(delta({ content: "a" }), {
      error: { code: "rate_limit_exceeded", message: "private" },
    });
    const failure = await failureOf(read(server.url));
    expect(failure.code).toBe("engine_rate_limited");
    expect(failure.message).not.toContain("private");
  });

  test("a tool call without a name, or too many of them: engine_protocol", async () => {
    await using nameless = stream(delta({ tool_calls: [{ index: 0, id: "x" }] }, "tool_calls"));
    expect((await failureOf(read(nameless.url))).code).toBe("engine_protocol");
    await using many = stream(delta({ tool_calls: [{ index: 32, id: "x" }] }, "tool_calls"));
    expect((await failureOf(read(many.url))).code).toBe("engine_protocol");
  });
});
