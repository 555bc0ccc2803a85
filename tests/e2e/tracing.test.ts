// Goal: a call becomes spans at a collector, call over turn over response and tool, with nothing in
// them that was said. Method: a whole service on a stepped clock over real sockets, a collector of
// our own on loopback that keeps what OpenTelemetry's exporter posts.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { parseScript } from "../../service/simulator/script.ts";
import { attributeOf, startCollector } from "../support/span-collector.ts";
import { loadSpeech } from "../support/speech-files.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import { ask, dial, routed, startThinkersService, untilAnswered } from "./thinkers-fixture.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const TURN_MS_MAX = 30_000;
const SECRET_WORDS = "the vault's number";

describe("tracing", () => {
  test("S1-41: call, turn, response and tool are spans under one another, without words", async () => {
    await using collector = startCollector();
    const script = parseScript(
      JSON.stringify({
        turns: [
          {
            when: { turn: 1 },
            transcript: SECRET_WORDS,
            answer: {
              text: SECRET_WORDS,
              toolCalls: [{ name: "look_up", arguments: { q: SECRET_WORDS } }],
            },
          },
        ],
      }),
    );
    const service = await startSteppedService({
      argv: ["--tracing-endpoint", collector.url, "--tracing-headers", "x-team=voice%20one"],
      simulator: { script },
    });
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => noticesOf(caller, "toolStatus").length === 2, TURN_MS_MAX);
    await service.run(3_000);
    caller.hangUp();
    await service.run(100);
    await service[Symbol.asyncDispose]();

    const spans = collector.spans();
    const named = (part: string) => spans.filter(({ name }) => name.startsWith(part));
    const [call] = named("voxbridge.call");
    const [turn] = named("turn");
    const [chat] = named("chat ");
    const [tool] = named("execute_tool look_up");
    expect(call?.parentSpanId ?? "").toBe("");
    expect(turn?.parentSpanId).toBe(call?.spanId ?? "none");
    expect(chat?.parentSpanId).toBe(turn?.spanId ?? "none");
    expect(tool?.parentSpanId).toBe(turn?.spanId ?? "none");
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(attributeOf(chat, "gen_ai.operation.name")).toBe("chat");
    expect(Number(attributeOf(chat, "gen_ai.usage.output_tokens"))).toBeGreaterThan(0);
    expect(attributeOf(chat, "gen_ai.response.finish_reasons")).toEqual(["completed"]);
    expect(attributeOf(tool, "gen_ai.tool.name")).toBe("look_up");
    // Nobody answers that tool here: it failed, and the span says so.
    expect(tool?.status.code).toBe(2);
    expect(Number(attributeOf(turn, "voxbridge.perceived_ms"))).toBeGreaterThan(0);
    for (const span of spans) {
      expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
    }
    expect(collector.headers[0]).toBe("voice one");
    expect(collector.bodies.join("")).not.toContain(SECRET_WORDS);
  });

  test("S1-41: a thinker's work is a span under its tool call, with how it ended", async () => {
    await using collector = startCollector();
    const turns = [
      routed(1, "knowledge", SECRET_WORDS),
      routed(2, "knowledge", SECRET_WORDS),
      routed(3, "research", SECRET_WORDS),
    ];
    const running = await startThinkersService({
      turns,
      chat: `
  - when: { system: "from what you know" }
    answer: { text: "${SECRET_WORDS}", firstTokenMs: 700, tokensPerSecond: 0 }
  - answer: { fault: { kind: silence } }
`,
      argv: [
        ...["--tracing-endpoint", collector.url, "--thinkers-research-timeout-seconds", "2"],
        ...["--thinkers-knowledge-cache-seconds", "120"],
      ],
    });
    const { service } = running;
    const caller = await dial(service);
    for (const turn of [1, 2, 3]) {
      ask(caller);
      await untilAnswered(service, caller, turn);
      await service.until(() => noticesOf(caller, "receipt").length === 2 * turn, TURN_MS_MAX);
    }
    caller.hangUp();
    await service.run(100);
    await running[Symbol.asyncDispose]();

    const spans = collector.spans();
    const tools = spans.filter(({ name }) => name === "execute_tool route_to_thinker");
    const runs = spans.filter(({ name }) => name.startsWith("invoke_agent "));
    expect(runs.map(({ parentSpanId }) => parentSpanId)).toEqual(tools.map(({ spanId }) => spanId));
    expect(runs.map(({ name }) => name.split(" ")[1])).toEqual([
      "knowledge",
      "knowledge",
      "research",
    ]);
    const outcomes = runs.map((run) => attributeOf(run, "voxbridge.outcome"));
    expect(outcomes).toEqual(["answered", "cached", "timed_out"]);
    for (const run of runs) {
      expect(attributeOf(run, "gen_ai.operation.name")).toBe("invoke_agent");
      expect(attributeOf(run, "gen_ai.agent.name")).toBe(run.name.split(" ")[1]);
    }
    expect(runs.map(({ status }) => status.code ?? 0)).toEqual([0, 0, 2]);
    expect(collector.bodies.join("")).not.toContain(SECRET_WORDS);
  });

  test("a collector that is not there costs the call nothing", async () => {
    const service = await startSteppedService({
      argv: ["--tracing-endpoint", "http://127.0.0.1:9"],
    });
    const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
    caller.say(loadSpeech("yes", WIDE));
    await service.until(() => noticesOf(caller, "receipt").length === 1, TURN_MS_MAX);
    caller.hangUp();
    await service.run(100);
    expect(service.complaints).toEqual([]);
    await service[Symbol.asyncDispose]();
    expect(service.complaints).toEqual([expect.stringContaining("spans not sent")]);
  });
});
