// A personal answer was kept under the question, the caller's preferences and facts. Its thinker was
// told more: what the operator's side knows of the call, the notes on the caller, the newest words.
// So a caller who asked "who fixes the heating?" for one unit heard the same about the next unit, and
// an answer to "what did I just say?" was given again after other words. And an answer that was
// thought before the caller was known was kept as if it had been thought for that caller.
import { describe, expect, test } from "bun:test";
import { EMPTY_CALLER_CONTEXT } from "../../service/contract/caller-context.ts";
import type { ThinkRequest } from "../../service/contract/thinker.ts";
import { question, setUp, type Think, thinkerOf, turns } from "../thinker/desk-fixture.ts";

function counting() {
  const requests: ThinkRequest[] = [];
  const think: Think = (request) => {
    requests.push(request);
    return Promise.resolve({ response: `answer ${requests.length}` });
  };
  return { requests, think };
}

const unit = (name: string) => ({ business: new Map([["unit", name]]) });

describe("a personal answer", () => {
  test("RT-10, S1-43: of a call about one unit is not given in a call about another", async () => {
    const { think, requests } = counting();
    const { deskOf, results } = setUp([thinkerOf("knowledge", think)]);
    const first = await deskOf("ann", undefined, unit("4B")).ask(question("x"));
    const other = await deskOf("ann", undefined, unit("5C")).ask(question("x"));
    expect(other.output).not.toBe(first.output);
    expect(await deskOf("ann", undefined, unit("4B")).ask(question("x"))).toEqual(first);
    expect(results("cached")).toBe(1);
    expect(requests.map(({ business }) => business.get("unit"))).toEqual(["4B", "5C"]);
  });

  test("RT-10: is thought again when the notes on the caller are others", async () => {
    const { think } = counting();
    const { deskOf, results } = setUp([thinkerOf("knowledge", think)]);
    await deskOf("ann").ask(question("x"));
    await deskOf("ann", { ...EMPTY_CALLER_CONTEXT, summary: "wants it short" }).ask(question("x"));
    expect(results("cached")).toBe(0);
  });

  test("that is kept was made without the newest words; one that is not kept has them", async () => {
    const kept = counting();
    const fresh = counting();
    const { deskOf } = setUp([
      thinkerOf("knowledge", kept.think, { cacheSeconds: 60 }),
      thinkerOf("talk", fresh.think, { cacheSeconds: 0 }),
    ]);
    const { ask, desk } = deskOf("ann");
    desk.onSaid("caller", "I have a dog");
    for (const domain of ["knowledge", "talk"]) await ask(question("what did I say?", domain));
    desk.onSaid("caller", "and a cat");
    await ask(question("what did I say?", "talk"));
    expect(kept.requests[0]?.said).toEqual([]);
    expect(fresh.requests.map(({ said }) => said.map(({ text }) => text))).toEqual([
      ["I have a dog"],
      ["I have a dog", "and a cat"],
    ]);
  });

  test("RT-10: is kept under what its thinker knew, not under what came while it worked", async () => {
    const business = new Map([["unit", "4B"]]);
    const asked: string[] = [];
    const gate = Promise.withResolvers<void>();
    const think: Think = async (request) => {
      await gate.promise;
      asked.push([...request.business.keys()].join());
      return { response: `answer ${asked.length}` };
    };
    const { deskOf } = setUp([thinkerOf("knowledge", think)]);
    const { ask } = deskOf("ann", undefined, { business });
    const asking = ask(question("x"));
    await turns();
    business.set("debt", "none");
    gate.resolve();
    const first = await asking;
    expect((await ask(question("x"))).output).not.toBe(first.output);
    expect(asked).toEqual(["unit", "unit,debt"]);
  });
});
