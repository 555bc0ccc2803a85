// The response sequence by hand: every state, every way out of it, and what it refuses.
// Method: a sequence over recorded effects and a stepped clock; timers fire through onTimeout.
import { describe, expect, test } from "bun:test";
import { SEND } from "../../service/contract/send-result.ts";
import type { ResponseAsk, ResponseAsker } from "../../service/conversation/response-ask.ts";
import { ResponseSequence } from "../../service/conversation/response-sequence.ts";
import { RecordedEffects } from "./recorded-effects.ts";

function setUp() {
  const effects = new RecordedEffects();
  const sequence = new ResponseSequence(effects);
  effects.onTimer = () => sequence.onTimeout();
  return { effects, sequence };
}

function ask(asker: ResponseAsker, turnId = 0, deadlineMs = 10_000): ResponseAsk {
  return { asker, turnId, instructions: `${asker} words`, deadlineMs };
}

describe("ResponseSequence", () => {
  test("goes idle, requested, active, idle", () => {
    const { effects, sequence } = setUp();
    expect(sequence.state()).toBe("idle");
    sequence.ask(ask("turn"));
    expect(sequence.state()).toBe("requested");
    expect(effects.requests).toEqual([{ instructions: "turn words", tag: "turn:0:1" }]);
    expect(sequence.onCreated("r1", effects.tag())).toBe(true);
    expect(sequence.state()).toBe("active");
    expect(sequence.accepts("r1")).toBe(true);
    expect(sequence.onDone("r1")?.asker).toBe("turn");
    expect(sequence.state()).toBe("idle");
    expect(effects.timers()).toEqual([]);
  });

  test("S1-21, D-21, RT-07: requested starts when it sends, so a second asker waits even before created", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.ask(ask("nudge"));
    sequence.ask(ask("tool"));
    expect(effects.log).toEqual(["respond turn:0"]);
    sequence.onCreated("r1", effects.tag());
    expect(effects.log).toEqual(["respond turn:0"]);
    sequence.onDone("r1");
    expect(effects.log).toEqual(["respond turn:0", "respond tool:0"]);
    expect(sequence.waiting()).toBe(1);
  });

  test("the waiting asks go by priority: goodbye, turn, tool, greeting, nudge", () => {
    const { effects, sequence } = setUp();
    sequence.setHeld(true);
    for (const asker of ["nudge", "greeting", "tool", "turn", "goodbye"] as const) {
      sequence.ask(ask(asker));
    }
    sequence.setHeld(false);
    for (let index = 0; index < 4; index += 1) {
      sequence.onCreated(`r${index}`, effects.tag());
      sequence.onDone(`r${index}`);
    }
    expect(effects.log).toEqual([
      "respond goodbye:0",
      "respond turn:0",
      "respond tool:0",
      "respond greeting:0",
      "respond nudge:0",
    ]);
  });

  test("keeps one waiting ask per asker, the newest: the queue is bounded by the askers", () => {
    const { effects, sequence } = setUp();
    sequence.setHeld(true);
    for (let count = 0; count < 100; count += 1) {
      sequence.ask({ ...ask("tool"), instructions: `${count}` });
      sequence.ask(ask("turn"));
    }
    expect(sequence.waiting()).toBe(2);
    sequence.forget("turn");
    sequence.setHeld(false);
    expect(effects.requests.map((request) => request.instructions)).toEqual(["99"]);
  });

  test("while held (the caller speaks) nothing is requested", () => {
    const { effects, sequence } = setUp();
    sequence.setHeld(true);
    sequence.ask(ask("turn"));
    expect(effects.log).toEqual([]);
    sequence.setHeld(false);
    expect(effects.log).toEqual(["respond turn:0"]);
  });

  test("S1-28, S1-30: asks of turn and tool go stale with a newer turn, also while they wait", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn", 0));
    sequence.ask(ask("tool", 0));
    sequence.setTurn(1);
    sequence.onCreated("r1", effects.tag());
    sequence.onDone("r1");
    expect(effects.log).toEqual(["respond turn:0"]);
    expect(effects.counted("response_stale")).toBe(1);
    sequence.ask(ask("turn", 0));
    expect(effects.counted("response_stale")).toBe(2);
    expect(sequence.state()).toBe("idle");
  });

  test("a greeting that waited while the caller began to speak is not spoken any more", () => {
    const { effects, sequence } = setUp();
    sequence.setHeld(true);
    sequence.ask(ask("greeting"));
    sequence.ask(ask("nudge"));
    sequence.ask(ask("goodbye"));
    sequence.setTurn(1);
    sequence.setHeld(false);
    sequence.onCreated("r1", effects.tag());
    sequence.onDone("r1");
    expect(effects.log).toEqual(["respond goodbye:0"]);
    expect(effects.counted("response_stale")).toBe(2);
  });

  test("S1-29: a line or a nudge past its deadline is dropped, not asked late", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.ask(ask("nudge", 0, 5_000));
    sequence.ask(ask("progress", 0, 5_000));
    sequence.onCreated("r1", effects.tag());
    effects.clock.advance(5_001);
    sequence.onDone("r1");
    expect(effects.counted("response_expired")).toBe(2);
    expect(sequence.state()).toBe("idle");
  });

  test("S1-29, S1-30: an answer that waited long is asked for while its turn is the newest", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.ask(ask("tool", 0, 5_000));
    sequence.onCreated("r1", effects.tag());
    effects.clock.advance(14_000);
    sequence.onDone("r1");
    expect(effects.log.at(-1)).toBe("respond tool:0");
  });

  test("an upstream that takes nothing leaves it idle and counted", () => {
    const { effects, sequence } = setUp();
    effects.respondResult = SEND.DROPPED;
    sequence.ask(ask("turn"));
    expect(sequence.state()).toBe("idle");
    expect(effects.counted("response_expired")).toBe(1);
    expect(effects.timers()).toEqual([]);
  });

  test("cancel() while active names the response and waits for its end", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.onCreated("r1", effects.tag());
    expect(sequence.cancel()).toBe(true);
    expect(sequence.state()).toBe("cancelling");
    expect(effects.log.at(-1)).toBe("cancel r1");
    sequence.ask(ask("turn"));
    expect(effects.requests).toHaveLength(1);
    sequence.onDone("r1");
    expect(effects.requests).toHaveLength(2);
    expect(sequence.state()).toBe("requested");
  });

  test("cancel() before created: stops it as soon as its name is known", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    expect(sequence.cancel()).toBe(true);
    expect(effects.log).toEqual(["respond turn:0"]);
    expect(sequence.onCreated("r1", effects.tag())).toBe(false);
    expect(effects.log.at(-1)).toBe("cancel r1");
    expect(sequence.accepts("r1")).toBe(false);
    sequence.onDone("r1");
    expect(sequence.state()).toBe("idle");
  });

  test("cancel() with nothing to cancel says so and sends nothing", () => {
    const { effects, sequence } = setUp();
    expect(sequence.cancel()).toBe(false);
    sequence.ask(ask("turn"));
    sequence.cancel();
    expect(sequence.cancel()).toBe(false);
    expect(effects.log).toEqual(["respond turn:0"]);
  });

  test("isWanted() is true from the ask to the end, not while cancelling", () => {
    const { effects, sequence } = setUp();
    sequence.setHeld(true);
    sequence.ask(ask("goodbye"));
    expect(sequence.isWanted("goodbye")).toBe(true);
    sequence.setHeld(false);
    sequence.onCreated("r1", effects.tag());
    expect(sequence.isWanted("goodbye")).toBe(true);
    sequence.cancel();
    expect(sequence.isWanted("goodbye")).toBe(false);
  });

  test("close() leaves no timer and no ask", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.ask(ask("tool"));
    sequence.close();
    expect(effects.timers()).toEqual([]);
    expect(sequence.waiting()).toBe(0);
  });

  test("setTurn() refuses an older turn", () => {
    const { sequence } = setUp();
    sequence.setTurn(2);
    expect(() => sequence.setTurn(1)).toThrow("turn ids only grow");
  });
});
