// Goal: no tool is called for an answer that may be taken back, each call is answered exactly once,
// and what waits is bounded (S1-68, RT-09).
import { describe, expect, test } from "bun:test";
import { HeldToolCalls } from "../../../service/lane/fast/held-tool-calls.ts";

const REFUSED = JSON.stringify({ error: "Not carried out: the caller went on speaking" });
/** As in held-tool-calls.ts. */
const CALLS_MAX = 16;

function makeHeld() {
  const log: string[] = [];
  const held = new HeldToolCalls({
    carryOut: ({ toolCallId }) => log.push(`call ${toolCallId}`),
    refuse: ({ toolCallId }, output) => log.push(`refuse ${toolCallId} ${output}`),
  });
  const ask = (toolCallId: string, turnId = 1) => {
    held.onToolCall({ toolCallId, name: "weather", argumentsText: "{}", turnId });
  };
  return { held, log, ask, taken: () => log.splice(0) };
}

describe("HeldToolCalls", () => {
  test("while nothing is held a call is carried out at once", () => {
    const { ask, taken } = makeHeld();
    ask("a");
    expect(taken()).toEqual(["call a"]);
  });

  test("S1-68: what was held is carried out when the turn is confirmed, in order, once", () => {
    const { held, ask, taken } = makeHeld();
    held.hold();
    ask("a");
    ask("b");
    expect(taken()).toEqual([]);
    held.release();
    ask("c");
    expect(taken()).toEqual(["call a", "call b", "call c"]);
    held.release();
    held.drop();
    expect(taken()).toEqual([]);
  });

  test("S1-68: what was held is refused when the turn is taken back, and the model is told", () => {
    const { held, ask, taken } = makeHeld();
    held.hold();
    ask("a");
    ask("b");
    held.drop();
    expect(taken()).toEqual([`refuse a ${REFUSED}`, `refuse b ${REFUSED}`]);
    ask("c");
    expect(taken()).toEqual(["call c"]);
  });

  test("a call of a response that was stopped is refused, held or not", () => {
    const { held, ask, taken } = makeHeld();
    ask("a", -1);
    held.hold();
    ask("b", -1);
    held.release();
    expect(taken()).toEqual([`refuse a ${REFUSED}`, `refuse b ${REFUSED}`]);
  });

  test("more than sixteen that wait are refused; the sixteen are not", () => {
    const { held, ask, taken } = makeHeld();
    held.hold();
    for (let index = 0; index < CALLS_MAX + 1; index += 1) ask(`${index}`);
    expect(taken()).toEqual([`refuse ${CALLS_MAX} ${REFUSED}`]);
    held.release();
    expect(taken()).toEqual(Array.from({ length: CALLS_MAX }, (_, index) => `call ${index}`));
    // Nothing waits any more: there is room again.
    held.hold();
    ask("next");
    held.release();
    expect(taken()).toEqual(["call next"]);
  });
});
