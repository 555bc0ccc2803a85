// Goal: every request to a text model is a span under what it was made for: a thinker's work, a tool
// call that is being classified, the call for its summary. Nothing said is in it.
// Method: a whole service on stepped time over real sockets, the chat simulator as model, a collector
// of our own that keeps what OpenTelemetry's exporter posts.
import { describe, expect, test } from "bun:test";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import {
  AUTHORIZED,
  callerToken,
  KNOWN_CALLERS_ARGV,
  untilRecord,
} from "../support/known-callers.ts";
import { attributeOf, type SentSpan, startCollector } from "../support/span-collector.ts";
import { noticesOf } from "../support/stepped-service.ts";
import {
  ask,
  dial,
  routed,
  startThinkersService,
  untilAnswered,
  WEATHER_CHAT,
  WIDE,
} from "./thinkers-fixture.ts";

const SECRET_WORDS = "the vault's number";

/** Two questions of one turn, so that both are thought about at the same time. */
function twoQuestions(first: string, second: string): object {
  const call = (domain: string) => ({
    name: "route_to_thinker",
    arguments: { domain, query: SECRET_WORDS },
  });
  const toolCalls = [call(first), call(second)];
  return {
    when: { turn: 1 },
    transcript: SECRET_WORDS,
    answer: { text: "One moment.", toolCalls },
  };
}

const named = (spans: readonly SentSpan[], start: string) =>
  spans.filter(({ name }) => name.startsWith(start));

/** The text models' requests; the voice's own answers are speech. */
const requestsOf = (spans: readonly SentSpan[]) =>
  named(spans, "chat ").filter((span) => attributeOf(span, "gen_ai.output.type") !== "speech");

const under = (spans: readonly SentSpan[], parent: SentSpan | undefined) =>
  requestsOf(spans).filter(({ parentSpanId }) => parentSpanId === parent?.spanId);

describe("tracing of text models", () => {
  test("S1-41: each request of a thinker is a chat span under its own invoke_agent", async () => {
    await using collector = startCollector();
    const running = await startThinkersService({
      turns: [twoQuestions("weather", "knowledge")],
      chat: `${WEATHER_CHAT}
  - when: { system: "from what you know" }
    answer: { text: "${SECRET_WORDS}", firstTokenMs: 600, tokensPerSecond: 0 }
`,
      argv: ["--tracing-endpoint", collector.url],
    });
    const { service } = running;
    const caller = await dial(service);
    ask(caller);
    await untilAnswered(service, caller, 2);
    await running[Symbol.asyncDispose]();

    const spans = collector.spans();
    const weather = under(spans, named(spans, "invoke_agent weather")[0]);
    const knowledge = under(spans, named(spans, "invoke_agent knowledge")[0]);
    expect(requestsOf(spans)).toHaveLength(3);
    const reasons = weather.map((span) => attributeOf(span, "gen_ai.response.finish_reasons"));
    expect(reasons).toEqual([["tool_calls"], ["stop"]]);
    expect(knowledge).toHaveLength(1);
    const [asked] = knowledge;
    expect(asked?.name).toBe("chat simulator");
    expect(attributeOf(asked, "gen_ai.operation.name")).toBe("chat");
    expect(attributeOf(asked, "gen_ai.provider.name")).toBe("openai");
    expect(attributeOf(asked, "gen_ai.request.model")).toBe("simulator");
    expect(Number(attributeOf(asked, "gen_ai.request.max_tokens"))).toBeGreaterThan(0);
    expect(Number(attributeOf(asked, "gen_ai.usage.input_tokens"))).toBeGreaterThan(0);
    expect(Number(attributeOf(asked, "gen_ai.usage.output_tokens"))).toBeGreaterThan(0);
    expect(Number(attributeOf(asked, "gen_ai.response.time_to_first_chunk"))).toBeCloseTo(0.6, 1);
    expect(attributeOf(asked, "server.address")).toBe("127.0.0.1");
    const port = new URL(service.running.chatSimulator?.url ?? "").port;
    expect(Number(attributeOf(asked, "server.port"))).toBe(Number(port));
    expect(attributeOf(asked, "voxbridge.provider")).toBe("thinker_knowledge");
    expect(collector.bodies.join("")).not.toContain(SECRET_WORDS);
  });

  test("S1-41: a request that fails says how, and one question too many has a span", async () => {
    await using collector = startCollector();
    const running = await startThinkersService({
      turns: [twoQuestions("knowledge", "research")],
      chat: `
  - answer: { fault: { kind: status, status: 401 } }
`,
      argv: ["--tracing-endpoint", collector.url, "--thinkers-per-call-max", "1"],
    });
    const { service } = running;
    const caller = await dial(service);
    ask(caller);
    await untilAnswered(service, caller, 2);
    await running[Symbol.asyncDispose]();

    const spans = collector.spans();
    const [request] = requestsOf(spans);
    expect(attributeOf(request, "error.type")).toBe("engine_refused");
    expect(request?.status.code).toBe(2);
    const runs = named(spans, "invoke_agent ");
    const outcomes = runs.map((run) => [run.name, attributeOf(run, "voxbridge.outcome")]);
    expect(outcomes.toSorted()).toEqual([
      ["invoke_agent knowledge", "failed"],
      ["invoke_agent research", "busy"],
    ]);
    expect(runs.map(({ status }) => status.code)).toEqual([2, 2]);
    const tools = named(spans, "execute_tool ").map(({ spanId }) => spanId);
    expect(runs.map(({ parentSpanId }) => parentSpanId).toSorted()).toEqual(tools.toSorted());
  });

  test("S1-41: the classifier is under the tool call, the summary under the call", async () => {
    await using collector = startCollector();
    const notes = { summary: SECRET_WORDS, name: "", location: "", temperatureUnit: "" };
    const lists = { tickersAdd: [], tickersRemove: [], factsAdd: [], factsRemove: [] };
    const running = await startThinkersService({
      turns: [routed(1, "weather", SECRET_WORDS)],
      chat: `
  - when: { schema: domain }
    answer: { text: '{"domain":"knowledge"}', firstTokenMs: 100, tokensPerSecond: 0 }
  - when: { schema: caller_notes }
    answer: { text: '${JSON.stringify({ ...notes, ...lists }).replaceAll("'", "''")}' }
  - answer: { text: "${SECRET_WORDS}", firstTokenMs: 600, tokensPerSecond: 0 }
`,
      argv: [
        ...["--tracing-endpoint", collector.url, "--thinkers-is-classified", "true"],
        ...[...KNOWN_CALLERS_ARGV, "--context-store", "memory"],
      ],
    });
    const { service } = running;
    const callerLine = createProtobufLine(WIDE, { callerToken: await callerToken(service, "ann") });
    const caller = await service.call("/v1/stream", callerLine, AUTHORIZED);
    ask(caller);
    await untilAnswered(service, caller);
    await service.until(() => noticesOf(caller, "receipt").length >= 2, 30_000);
    caller.hangUp();
    await untilRecord(service, "sub:ann", ({ context }) => context.summary !== "");
    await running[Symbol.asyncDispose]();

    const spans = collector.spans();
    const kinds = (parent: SentSpan | undefined) =>
      under(spans, parent).map((span) => attributeOf(span, "gen_ai.output.type"));
    expect(kinds(named(spans, "execute_tool ")[0])).toEqual(["json"]);
    expect(kinds(named(spans, "invoke_agent knowledge")[0])).toEqual(["text"]);
    expect(kinds(named(spans, "voxbridge.call")[0])).toEqual(["json"]);
    expect(requestsOf(spans)).toHaveLength(3);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(collector.bodies.join("")).not.toContain(SECRET_WORDS);
  });
});
