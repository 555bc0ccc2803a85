// Goal: the next engine answers when one fails; what failed is remembered for a while.
// Method: engines that are functions; the stepped clock.
import { describe, expect, test } from "bun:test";
import { VoxError, type VoxErrorCode } from "../../service/errors.ts";
import { FallbackChain } from "../../service/provider/fallback-chain.ts";
import { createMetricsRegistry } from "../../service/telemetry/metrics-registry.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { failureOf, NEVER } from "./provider-fixture.ts";

interface Engine {
  readonly name: string;
  failure: VoxErrorCode | null;
  /** Parts given before it fails. */
  parts: number;
}

function setUp() {
  const clock = createSteppedClock();
  const metrics = createMetricsRegistry();
  const engines: Engine[] = ["first", "second", "third"].map((name) => ({
    name,
    failure: null,
    parts: 0,
  }));
  const settings = { purpose: "test", rememberMs: 1_000 };
  const chain = new FallbackChain(engines, settings, { clock, metrics });
  const asked: string[] = [];
  const use = (engine: Engine) => {
    asked.push(engine.name);
    if (engine.failure === null) return Promise.resolve(engine.name);
    return Promise.reject(errorOf(engine.failure));
  };
  const [first, second, third] = engines;
  if (!first || !second || !third) throw new Error("three engines");
  return { clock, metrics, chain, asked, use, first, second, third };
}

function errorOf(code: VoxErrorCode): VoxError {
  return new VoxError(`Cannot use it: ${code}`, { code, isRetryable: true });
}

async function* stream(engine: Engine): AsyncGenerator<string> {
  for (let part = 0; part < engine.parts; part += 1) yield `${engine.name}${part}`;
  await Promise.resolve();
  if (engine.failure !== null) throw errorOf(engine.failure);
}

describe("FallbackChain", () => {
  test("asks the next when one fails or rests, and counts it", async () => {
    const { chain, use, first, second, asked, metrics } = setUp();
    first.failure = "engine_resting";
    second.failure = "engine_timeout";
    expect(await chain.ask(use, NEVER)).toBe("third");
    expect(asked).toEqual(["first", "second", "third"]);
    expect(metrics.print()).toContain('voxbridge_provider_fallbacks_total{purpose="test"} 2');
  });

  test("remembers which one worked, and gives the first its chance again later", async () => {
    const { chain, use, first, asked, clock } = setUp();
    first.failure = "engine_unavailable";
    await chain.ask(use, NEVER);
    first.failure = null;
    await chain.ask(use, NEVER);
    expect(asked).toEqual(["first", "second", "second"]);
    expect(chain.preferred().name).toBe("second");
    clock.advance(1_000);
    expect(await chain.ask(use, NEVER)).toBe("first");
  });

  test("when the remembered one fails, those before it are asked too", async () => {
    const { chain, use, first, second, third, asked } = setUp();
    first.failure = "engine_unavailable";
    await chain.ask(use, NEVER);
    second.failure = "engine_unavailable";
    third.failure = "engine_unavailable";
    first.failure = null;
    expect(await chain.ask(use, NEVER)).toBe("first");
    expect(asked.slice(2)).toEqual(["second", "third", "first"]);
  });

  test("rejects with the last failure when all fail", async () => {
    const { chain, use, first, second, third } = setUp();
    first.failure = "engine_unavailable";
    second.failure = "engine_unavailable";
    third.failure = "engine_rate_limited";
    expect((await failureOf(chain.ask(use, NEVER))).code).toBe("engine_rate_limited");
  });

  test("asks nobody else when the answer is not wanted any more, nor after a bug of ours", async () => {
    const { chain, use, first, asked } = setUp();
    first.failure = "cancelled";
    expect((await failureOf(chain.ask(use, NEVER))).code).toBe("cancelled");
    expect(asked).toEqual(["first"]);
    const bug = chain.ask(() => Promise.reject(new TypeError("bug")), NEVER);
    expect(await bug.catch((error: unknown) => error)).toBeInstanceOf(TypeError);
  });

  test("a stream goes on elsewhere only before its first part", async () => {
    const { chain, first, second } = setUp();
    first.failure = "engine_unavailable";
    second.parts = 2;
    expect(await Array.fromAsync(chain.stream(stream, NEVER))).toEqual(["second0", "second1"]);
    second.failure = "engine_unavailable";
    expect((await failureOf(Array.fromAsync(chain.stream(stream, NEVER)))).code).toBe(
      "engine_unavailable",
    );
  });
});
