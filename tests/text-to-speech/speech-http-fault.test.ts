// Goal: whatever a speech server does wrong ends in one failure of the closed list (S2-87), in time,
// with nothing left running, and the chain's next engine speaks instead.
// Method: the speech simulator over loopback, one fault each; the clock is moved, nothing sleeps.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import type { SynthesisRequest } from "../../service/contract/text-to-speech.ts";
import type { SpeechFault } from "../../service/simulator/speech-answer.ts";
import type { SpeechSimulator } from "../../service/simulator/speech-simulator.ts";
import { createSpeechChain } from "../../service/text-to-speech/speech-chain.ts";
import type { SpeechHttpSettings } from "../../service/text-to-speech/speech-http.ts";
import { failureOf, NEVER, settled } from "../provider/provider-fixture.ts";
import { openSocketCensus, type SocketCensus } from "../support/socket-census.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";
import { samplesIn, SENTENCE, speechOf, speechServer } from "./engine-fixture.ts";

let census: SocketCensus;
let clock: SteppedClock;
let server: SpeechSimulator;
beforeEach(() => {
  census = openSocketCensus();
  clock = createSteppedClock();
  server = speechServer(clock);
});
afterEach(async () => {
  await server.stop();
  census.close();
});

function say(settings: Partial<SpeechHttpSettings> = {}, change: Partial<SynthesisRequest> = {}) {
  const engine = speechOf(server.url, settings, { clock });
  const spoken = engine.synthesize({ ...SENTENCE, ...change }, NEVER);
  return settled(Array.fromAsync(spoken), clock, census);
}

describe("a speech server that fails", () => {
  test.each<[string, SpeechFault, string, boolean]>([
    ["answers 500", { kind: "status", status: 500 }, "engine_unavailable", true],
    ["answers 429", { kind: "status", status: 429, retryAfter: "2" }, "engine_rate_limited", true],
    ["answers 401", { kind: "status", status: 401 }, "engine_refused", false],
    ["never answers", { kind: "silence" }, "engine_timeout", true],
    ["stops in mid-stream", { kind: "stall", afterPieces: 3 }, "engine_timeout", true],
    ["dies in mid-stream", { kind: "break", afterPieces: 3 }, "engine_unavailable", true],
    ["sends MP3", { kind: "content_type" }, "engine_protocol", false],
    ["sends a page", { kind: "html" }, "engine_protocol", false],
    ["sends what is no 16 bit mono", { kind: "garbage" }, "engine_protocol", false],
    ["sends without end", { kind: "endless" }, "engine_protocol", false],
  ])("S2-87: it %s", async (_, fault, code, isRetryable) => {
    server.failNext(fault);
    const failure = await failureOf(say());
    expect([failure.code as string, failure.isRetryable]).toEqual([code, isRetryable]);
    expect(failure.provider).toBe("speech");
    if (code === "engine_rate_limited") expect(failure.retryAfterMs).toBe(2_000);
    // The server notices that it was left a little later; then nobody waits for anything.
    while (server.active() > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(clock.pendingTimers()).toBe(0);
  });

  test("it refuses the connection", async () => {
    const engine = speechOf("http://127.0.0.1:9/v1", {}, { clock });
    const spoken = Array.fromAsync(engine.synthesize(SENTENCE, NEVER));
    expect((await failureOf(settled(spoken, clock, census))).code).toBe("engine_unavailable");
  });

  test("no answer is waited for longer than its deadline", async () => {
    server.failNext({ kind: "silence" });
    await failureOf(say({ answerMsMax: 700 }));
    expect(clock.nowMs()).toBe(700);
  });

  test("an answer without audio is no audio, not an error of the wire", async () => {
    server.failNext({ kind: "empty" });
    expect(await say()).toEqual([]);
  });

  test("a failure before the first audio is tried again, one in the middle is not", async () => {
    server.failNext({ kind: "status", status: 503 });
    expect(samplesIn(await say({ retriesMax: 1 }))).toBeGreaterThan(0);
    expect(server.requests()).toBe(2);
    server.failNext({ kind: "break", afterPieces: 2 });
    await failureOf(say({ retriesMax: 1 }));
    expect(server.requests()).toBe(3);
  });

  test("torn samples are put together again", async () => {
    const whole = await say();
    server.failNext({ kind: "torn" });
    const torn = await say();
    const bytes = (chunks: typeof whole) =>
      Buffer.concat(chunks.map(({ audio }) => Buffer.from(audio.buffer)));
    expect(Buffer.compare(bytes(torn), bytes(whole))).toBe(0);
  });

  test("a voice that the server does not have: asked once, known after", async () => {
    const engine = speechOf(server.url, {}, { clock });
    const ask = () =>
      failureOf(
        settled(
          Array.fromAsync(engine.synthesize({ ...SENTENCE, voice: "nobody" }, NEVER)),
          clock,
          census,
        ),
      );
    expect((await ask()).code).toBe("voice_not_found");
    expect(server.requests()).toBe(1);
    expect((await ask()).code).toBe("voice_not_found");
    expect(server.requests()).toBe(1);
  });

  test("a list of voices that cannot be read is told", async () => {
    const odd = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => Response.json({ voices: [{ nothing: 1 }, 7] }),
    });
    const engine = speechOf(`http://127.0.0.1:${odd.port}/v1`, {}, { clock });
    expect((await failureOf(settled(engine.voices(NEVER), clock, census))).code).toBe(
      "engine_protocol",
    );
    await odd.stop(true);
  });
});

describe("a chain of speech engines", () => {
  function chainOf(fault: SpeechFault) {
    const second = speechServer(clock, { voices: ["amy"] });
    const chain = createSpeechChain(
      [
        { engine: speechOf(server.url, { provider: "first" }, { clock }), voice: "" },
        { engine: speechOf(second.url, { provider: "second" }, { clock }), voice: "amy" },
      ],
      { clock, metrics: NO_METRICS },
    );
    server.failNext(fault);
    const speak = () => settled(Array.fromAsync(chain.synthesize(SENTENCE, NEVER)), clock, census);
    return { second, speak };
  }

  test.each<SpeechFault>([
    { kind: "status", status: 503 },
    { kind: "silence" },
    { kind: "content_type" },
    { kind: "garbage" },
  ])("speaks with the next one, in its own voice: %j", async (fault) => {
    const { second, speak } = chainOf(fault);
    expect(samplesIn(await speak())).toBeGreaterThan(0);
    expect(second.records.map(({ request }) => request.voice)).toEqual(["amy"]);
    await second.stop();
  });

  test("does not begin a sentence again that was half spoken", async () => {
    const { second, speak } = chainOf({ kind: "break", afterPieces: 3 });
    expect((await failureOf(speak())).code).toBe("engine_unavailable");
    expect(second.requests()).toBe(0);
    await second.stop();
  });
});
