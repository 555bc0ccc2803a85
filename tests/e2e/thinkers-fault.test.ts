// Goal: what can go wrong around a question to a thinker in a live call has a defined end: the call goes
// on, nothing stale is spoken, every tool call is answered once. Method: as thinkers.test.ts.
import { describe, expect, test } from "bun:test";
import { noticesOf } from "../support/stepped-service.ts";
import {
  ask,
  dial,
  responsesAsked,
  metricOf,
  resultsOf,
  routed,
  spoken,
  startThinkersService,
  TURN_MS_MAX,
  toolOutputs,
  untilAnswered,
  WEATHER_CHAT,
} from "./thinkers-fixture.ts";

const BERN = routed(1, "weather", "What is the weather in Bern?");

describe("a question to a thinker", () => {
  test("RT-09: whose model is down: the voice is told plainly, and says so", async () => {
    const chat = "  - answer: { fault: { kind: status, status: 400 } }";
    await using running = await startThinkersService({ turns: [BERN], chat });
    const { service } = running;
    const caller = await dial(service);
    ask(caller);
    await untilAnswered(service, caller);
    const [output, ...more] = toolOutputs(service.record(0));
    expect(more).toEqual([]);
    expect(output?.output).toContain("could not be found out");
    expect(noticesOf(caller, "toolStatus").map(({ state }) => state)).toEqual([
      "started",
      "failed",
    ]);
    await service.until(() => noticesOf(caller, "receipt").length === 2, TURN_MS_MAX);
    expect(responsesAsked(service.record(0))).toHaveLength(2);
    expect(resultsOf(service, "weather", "failed")).toBe(1);
  });

  test("RT-09: whose model never answers: ended at the thinker's deadline", async () => {
    const chat = "  - answer: { fault: { kind: silence } }";
    const argv = ["--thinkers-weather-timeout-seconds", "5"];
    await using running = await startThinkersService({ turns: [BERN], chat, argv });
    const { service } = running;
    const caller = await dial(service);
    ask(caller);
    await service.until(() => noticesOf(caller, "toolStatus").length === 1, TURN_MS_MAX);
    const askedMs = service.clock.nowMs();
    await untilAnswered(service, caller);
    expect(service.clock.nowMs() - askedMs).toBeLessThanOrEqual(5_100);
    expect(toolOutputs(service.record(0))[0]?.output).toContain("too long");
    expect(resultsOf(service, "weather", "timed_out")).toBe(1);
  });

  test("RT-09: and a hang-up meanwhile: the thinker is left, its answer counted as unwanted", async () => {
    await using running = await startThinkersService({ turns: [BERN], chat: WEATHER_CHAT });
    const { service } = running;
    const caller = await dial(service);
    ask(caller);
    await service.until(() => noticesOf(caller, "toolStatus").length === 1, TURN_MS_MAX);
    caller.drop();
    await service.run(5_000);
    expect(service.running.calls.callsOpen()).toBe(0);
    expect(toolOutputs(service.record(0))).toEqual([]);
    // The server learns of it by its socket, which the census does not count.
    const isLeft = () => service.running.chatSimulator?.records.every((each) => each.isLeft);
    for (let turn = 0; turn < 200_000 && isLeft() !== true; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect(isLeft()).toBe(true);
    expect(resultsOf(service, "weather", "unwanted")).toBe(1);
    expect(service.complaints).toEqual([]);
  });

  test("whose model is down while another stands by: that one answers, by its own key", async () => {
    const keys: string[] = [];
    // Made before the census: its answers take no time, which the census need not know.
    using other = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        const { model } = (await request.json()) as { model: string };
        keys.push(`${model} ${request.headers.get("authorization") ?? ""}`);
        const parts = [
          { delta: { content: "From the second." }, finish_reason: null },
          { delta: {}, finish_reason: "stop" },
        ];
        const events = parts.map((part) => `data: ${JSON.stringify({ choices: [part] })}\n\n`);
        const headers = { "content-type": "text/event-stream" };
        return new Response(`${events.join("")}data: [DONE]\n\n`, { headers });
      },
    });
    const turns = [routed(1, "knowledge", "Who answers?")];
    const chat = "  - { answer: { fault: { kind: status, status: 500 } } }";
    const argv = [
      ...["--language-model-fallback-urls", `http://127.0.0.1:${other.port}/v1`],
      ...["--language-model-fallback-keys", "second-key"],
      ...["--language-model-fallback-models", "second-model"],
    ];
    await using running = await startThinkersService({ turns, chat, argv });
    const { service } = running;
    const caller = await dial(service);
    ask(caller);
    await untilAnswered(service, caller);
    expect(toolOutputs(service.record(0))[0]?.output).toBe('{"answer":"From the second."}');
    expect(keys).toEqual(["second-model Bearer second-key"]);
    const title = 'voxbridge_provider_fallbacks_total{purpose="thinker_knowledge"}';
    expect(metricOf(service, title)).toBe(1);
  });

  test("and a session lost meanwhile: the answer reaches the next one, as quoted data", async () => {
    const turns = [BERN, spoken(2, "It rains.")];
    await using running = await startThinkersService({ turns, chat: WEATHER_CHAT });
    const { service } = running;
    const caller = await dial(service);
    ask(caller);
    await service.until(() => noticesOf(caller, "toolStatus").length === 1, TURN_MS_MAX);
    service.simulator.lines()[0]?.fail({ kind: "drop", afterEvents: 0 });
    await untilAnswered(service, caller);
    await service.run(3_000);
    const [first, second] = [service.record(0), service.record(1)];
    expect([...toolOutputs(first), ...toolOutputs(second)]).toEqual([]);
    const said = second.commands.map(({ command }) => JSON.stringify(command)).join("\n");
    expect(said).toContain("a tool called before answered");
    expect(said).toContain("It rains in Bern");
  });
});
