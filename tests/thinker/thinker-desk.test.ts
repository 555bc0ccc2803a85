// Goal: every tool call gets exactly one answer, whatever its thinker does, and nothing of one caller
// reaches another. Method: thinkers that are functions, the memory store, the stepped clock.
import { describe, expect, test } from "bun:test";
import { EMPTY_CALLER_CONTEXT } from "../../service/contract/caller-context.ts";
import type { ThinkRequest, ThinkResult } from "../../service/contract/thinker.ts";
import { ECHO, question, setUp, type Think, thinkerOf, turns } from "./desk-fixture.ts";

describe("ThinkerDesk: one answer to every call", () => {
  test("S1-26: an unknown domain goes to the general thinker", async () => {
    const { deskOf, metrics } = setUp([thinkerOf("weather", ECHO), thinkerOf("knowledge", ECHO)]);
    const answer = await deskOf("a").ask(question("who am I", "gardening"));
    expect(answer).toEqual({ state: "done", output: '{"answer":"about who am I"}' });
    expect(metrics.print()).toContain('voxbridge_thinker_flaws_total{kind="unknown_domain"} 1');
    expect(metrics.print()).toContain('voxbridge_thinker_routes_total{domain="knowledge"} 1');
  });

  test("RT-09: arguments that are no JSON, or wrong, go there as they are, cut", async () => {
    const asked: string[] = [];
    const think: Think = ({ query }) => {
      asked.push(query);
      return Promise.resolve({ response: "ok" });
    };
    const { deskOf, metrics } = setUp([thinkerOf("knowledge", think)]);
    const { ask } = deskOf("a");
    for (const text of [
      "what is the time",
      "",
      '{"domain":"knowledge"}',
      "[1]",
      "x".repeat(9_999),
    ]) {
      expect((await ask(text)).state).toBe("done");
    }
    expect(asked[0]).toBe("what is the time");
    expect(asked[4]).toHaveLength(2_000);
    expect(metrics.print()).toContain('voxbridge_thinker_flaws_total{kind="bad_arguments"} 5');
  });

  test("RT-09: a tool nobody has is answered too, and asks no thinker", async () => {
    const { deskOf } = setUp();
    const answer = await deskOf("a").ask("{}", "delete_everything");
    expect(answer.state).toBe("failed");
    expect(answer.output).toContain("There is no tool delete_everything");
  });

  test.each([
    ["throws", () => Promise.reject(new Error("private words"))],
    [
      "throws before it waits",
      () => {
        throw new TypeError("private words");
      },
    ],
    ["returns nothing", () => Promise.resolve(undefined as unknown as ThinkResult)],
    ["returns an empty text", () => Promise.resolve({ response: "  " })],
    ["returns no text", () => Promise.resolve({ response: 7 } as unknown as ThinkResult)],
  ] as [string, Think][])("RT-09: a thinker that %s: a plain failure, once", async (_, think) => {
    const { deskOf, results, pool } = setUp([thinkerOf("knowledge", think)]);
    const { ask, answers, desk } = deskOf("a");
    const answer = await ask(question("x"));
    await turns();
    expect(answers).toHaveLength(1);
    expect(answer.state).toBe("failed");
    expect(answer.output).not.toContain("private");
    expect(results("failed")).toBe(1);
    expect([desk.working(), pool.working()]).toEqual([0, 0]);
  });

  test("a thinker that returns 1 MB is cut", async () => {
    const think: Think = () => Promise.resolve({ response: "x".repeat(1_000_000) });
    const { deskOf } = setUp([thinkerOf("knowledge", think)]);
    const { output } = await deskOf("a").ask(question("x"));
    expect(output.length).toBeLessThan(8_100);
  });

  test("RT-09: a thinker that never answers ends at its deadline, its signal with it", async () => {
    let left: AbortSignal | null = null;
    const think: Think = (_, signal) => {
      left = signal;
      return new Promise(() => undefined);
    };
    const { deskOf, clock, results } = setUp([thinkerOf("knowledge", think)]);
    const { ask, answers } = deskOf("a");
    const asking = ask(question("x"));
    await turns();
    clock.advance(4_999);
    await turns();
    expect(answers).toEqual([]);
    clock.advance(1);
    expect((await asking).output).toContain("too long");
    expect(left as AbortSignal | null).toMatchObject({ aborted: true });
    expect(results("timed_out")).toBe(1);
    expect(clock.pendingTimers()).toBe(0);
  });

  test("RT-09: hang-up ends what is thought about; the answer is counted as unwanted", async () => {
    const think: Think = () => new Promise(() => undefined);
    const { deskOf, results, clock, pool } = setUp([thinkerOf("knowledge", think)]);
    const { ask, desk, answers } = deskOf("a");
    const asking = ask(question("x"));
    await turns();
    desk.close();
    await asking;
    await turns();
    expect(answers).toHaveLength(1);
    expect(results("unwanted")).toBe(1);
    expect([pool.working(), clock.pendingTimers()]).toEqual([0, 0]);
  });

  test("more at once than a call or the process may: busy, at once", async () => {
    const think: Think = () => new Promise(() => undefined);
    const { deskOf, results } = setUp([thinkerOf("knowledge", think)]);
    const first = deskOf("a");
    for (let index = 0; index < 2; index += 1) void first.ask(question(`${index}`));
    expect((await first.ask(question("third"))).output).toContain("Too many questions");
    const second = deskOf("b");
    void second.ask(question("0"));
    expect((await second.ask(question("1"))).output).toContain("Too many questions");
    expect(results("busy")).toBe(2);
    first.desk.close();
    await turns();
    void second.ask(question("again"));
    expect(second.desk.working()).toBe(2);
    second.desk.close();
  });

  test("S1-28: an answer to an older turn counts as stale and is cached all the same", async () => {
    const { deskOf, results } = setUp();
    const { ask, newTurn } = deskOf("a");
    const asking = ask(question("x"));
    newTurn();
    expect((await asking).state).toBe("done");
    await ask(question("x"));
    expect([results("stale"), results("cached")]).toEqual([1, 1]);
  });

  test("S1-38: a slow thinker's newest progress comes at its times, bounded", async () => {
    const think: Think = async ({ onProgress }) => {
      onProgress("first");
      onProgress("y".repeat(1_000));
      return new Promise(() => undefined);
    };
    const { deskOf, clock } = setUp([thinkerOf("knowledge", think)]);
    const { ask, lines, desk } = deskOf("a");
    void ask(question("x"));
    await turns();
    clock.advance(999);
    expect(lines).toEqual([]);
    clock.advance(3_500);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toHaveLength(200);
    desk.close();
  });
});

describe("ThinkerDesk: what is learned and kept", () => {
  const learning: Think = () =>
    Promise.resolve({ response: "ok", contextUpdate: { preferences: { location: "Bern" } } });

  test("S1-35: an update is applied, with the topic; cached answers count their topic too (RT-10)", async () => {
    const { deskOf } = setUp([thinkerOf("knowledge", learning)]);
    const { ask, updates } = deskOf("a");
    await ask(question("x"));
    await ask(question("X "));
    expect(updates).toEqual([
      { preferences: { location: "Bern" }, topic: "knowledge" },
      { topic: "knowledge" },
    ]);
  });

  test("RT-10: a personal answer reaches nobody else, and not the same caller after a change", async () => {
    let count = 0;
    const think: Think = () => {
      count += 1;
      return Promise.resolve({ response: `answer ${count}` });
    };
    const { deskOf } = setUp([thinkerOf("knowledge", think)]);
    const ann = deskOf("ann");
    const first = await ann.ask(question("x"));
    const other = await deskOf("bob").ask(question("x"));
    expect(other.output).not.toBe(first.output);
    expect(await deskOf("ann").ask(question("x"))).toEqual(first);
    const moved = { ...EMPTY_CALLER_CONTEXT.preferences, location: "Rome" };
    const movedAnn = deskOf("ann", { ...EMPTY_CALLER_CONTEXT, preferences: moved });
    expect((await movedAnn.ask(question("x"))).output).not.toBe(first.output);
  });

  test("RT-10: a thinker whose answers are shared is told nothing of the caller", async () => {
    const asked: ThinkRequest[] = [];
    const think: Think = (request) => {
      asked.push(request);
      return Promise.resolve({ response: "the news" });
    };
    const { deskOf, results } = setUp([thinkerOf("knowledge", think, { isPersonal: false })]);
    const known = { ...EMPTY_CALLER_CONTEXT, facts: ["has a dog"] };
    const ann = deskOf("ann", known);
    ann.desk.onSaid("caller", "my secret");
    await ann.ask(question("x"));
    expect(asked[0]?.context).toEqual(EMPTY_CALLER_CONTEXT);
    expect(asked[0]?.business.size).toBe(0);
    expect(asked[0]?.said).toEqual([]);
    await deskOf("bob").ask(question("x"));
    expect(results("cached")).toBe(1);
  });

  test("S1-39: an answer lives as long as its thinker says, 0 is never", async () => {
    const { deskOf, clock, results } = setUp([
      thinkerOf("knowledge", ECHO, { cacheSeconds: 60 }),
      thinkerOf("stocks", ECHO, { cacheSeconds: 0 }),
    ]);
    const { ask } = deskOf("a");
    for (const domain of ["knowledge", "stocks"]) await ask(question("x", domain));
    clock.advance(59_000);
    for (const domain of ["knowledge", "stocks"]) await ask(question("x", domain));
    expect([results("cached"), results("cached", "stocks")]).toEqual([1, 0]);
    clock.advance(2_000);
    await ask(question("x"));
    expect(results("answered")).toBe(2);
  });
});
