// Goal: what can go wrong around a question to a thinker in a live call has a defined end: the call goes
// on, nothing stale is spoken, every tool call is answered once. Method: as thinkers.test.ts.
import { describe, expect, test } from "bun:test";
import { noticesOf } from "../support/stepped-service.ts";
import {
  ask,
  dial,
  responsesAsked,
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
    for (let turn = 0; turn < 20_000 && isLeft() !== true; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect(isLeft()).toBe(true);
    expect(resultsOf(service, "weather", "unwanted")).toBe(1);
    expect(service.complaints).toEqual([]);
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
