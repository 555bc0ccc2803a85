// The response sequence against a provider that is late, silent, forgetful or of another opinion.
// Method: as response-sequence.test.ts, which has the ordinary ways.
import { describe, expect, test } from "bun:test";
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

describe("ResponseSequence with a faulty provider", () => {
  test("RT-06: late deltas of a cancelled or older response are not accepted", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.onCreated("r1", effects.tag());
    expect(sequence.accepts("r1")).toBe(true);
    sequence.cancel();
    expect(sequence.accepts("r1")).toBe(false);
    sequence.onDone("r1");
    sequence.ask(ask("turn"));
    sequence.onCreated("r2", effects.tag());
    expect(sequence.accepts("r1")).toBe(false);
    expect(sequence.accepts("r2")).toBe(true);
  });

  test("the end of another response does not end this one", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    expect(sequence.onDone("old")).toBeNull();
    expect(sequence.state()).toBe("requested");
    sequence.cancel();
    expect(sequence.onDone("old")).toBeNull();
    expect(sequence.state()).toBe("cancelling");
    sequence.onCreated("r1", effects.tag());
    expect(sequence.onDone("old")).toBeNull();
    expect(sequence.onDone("r1")).not.toBeNull();
  });

  test("R4, D-23: refused because another is active: waits for that one's end, then asks again", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.onAlreadyActive();
    expect(sequence.state()).toBe("active");
    expect(sequence.accepts("")).toBe(false);
    expect(effects.requests).toHaveLength(1);
    sequence.onDone("someone else's");
    expect(effects.requests).toHaveLength(2);
    expect(effects.counted("response_already_active")).toBe(1);
  });

  test("refused because another is active, while cancelling: nobody wants it any more", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.cancel();
    sequence.onAlreadyActive();
    sequence.onDone("someone else's");
    expect(sequence.state()).toBe("idle");
    expect(effects.requests).toHaveLength(1);
  });

  test("refused because another is active, with a newer ask waiting: asks once, not twice", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.ask({ ...ask("turn"), instructions: "newer" });
    sequence.onAlreadyActive();
    expect(sequence.waiting()).toBe(1);
    sequence.onDone("other");
    expect(effects.requests.at(-1)?.instructions).toBe("newer");
  });

  test("nothing to cancel: it is over, whatever it was", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.onCreated("r1", effects.tag());
    sequence.cancel();
    sequence.onCancelNotActive();
    expect(sequence.state()).toBe("idle");
    expect(effects.timers()).toEqual([]);
  });

  test("nothing to cancel, about an older response: the unnamed one is still to come", () => {
    // r1 ended by itself while our cancel was on its way; r2 was asked for and cancelled before the
    // refusal of r1's cancel came back. Taking that for r2's would let r2 be heard.
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.onCreated("r1", effects.tag());
    sequence.cancel();
    sequence.onDone("r1");
    sequence.ask(ask("turn"));
    sequence.cancel();
    sequence.onCancelNotActive();
    expect(sequence.state()).toBe("cancelling");
    expect(sequence.onCreated("r2", effects.tag())).toBe(false);
    expect(sequence.accepts("r2")).toBe(false);
  });

  test("created that never comes: resynchronises after 10 s and goes on", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.ask(ask("tool", 0, 60_000));
    effects.clock.advance(9_999);
    expect(effects.requests).toHaveLength(1);
    effects.clock.advance(1);
    expect(effects.counted("response_resync")).toBe(1);
    expect(effects.log).toContain("cancel ");
    expect(effects.requests).toHaveLength(2);
  });

  test("done that never comes: 15 s without progress end it, progress keeps it", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.onCreated("r1", effects.tag());
    effects.clock.advance(14_000);
    sequence.onProgress();
    effects.clock.advance(14_000);
    expect(sequence.state()).toBe("active");
    effects.clock.advance(1_000);
    expect(sequence.state()).toBe("idle");
    expect(effects.log.at(-1)).toBe("cancel r1");
    expect(sequence.accepts("r1")).toBe(false);
  });

  test("the end of a cancelled response that never comes: 5 s end the wait", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.onCreated("r1", effects.tag());
    sequence.cancel();
    effects.clock.advance(5_000);
    expect(sequence.state()).toBe("idle");
  });

  test("a response that was given up and comes all the same is stopped, not spoken", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    const lateTag = effects.tag();
    effects.clock.advance(10_000);
    sequence.ask(ask("turn", 0, 60_000));
    expect(sequence.onCreated("late", lateTag)).toBe(false);
    expect(effects.log.at(-1)).toBe("cancel late");
    expect(sequence.state()).toBe("requested");
    expect(sequence.onCreated("r2", effects.tag())).toBe(true);
    expect(sequence.accepts("late")).toBe(false);
  });

  test("a response that the provider made by itself is spoken, its predecessor is over", () => {
    const { sequence } = setUp();
    expect(sequence.onCreated("p1", "")).toBe(true);
    sequence.cancel();
    expect(sequence.onCreated("p2", "")).toBe(true);
    expect(sequence.accepts("p1")).toBe(false);
    expect(sequence.accepts("p2")).toBe(true);
  });

  test("a created that comes twice changes nothing", () => {
    const { effects, sequence } = setUp();
    sequence.ask(ask("turn"));
    sequence.onCreated("r1", effects.tag());
    expect(sequence.onCreated("r1", effects.tag())).toBe(true);
    sequence.cancel();
    expect(sequence.onCreated("r1", effects.tag())).toBe(false);
    expect(effects.log.filter((line) => line === "cancel r1")).toHaveLength(1);
  });
});
