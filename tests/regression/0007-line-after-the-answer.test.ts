// A line that bridges the wait for a thinker was asked for while the session was lost. The next
// session gave everything that waited its full wait again, the line too, and so "it takes a moment
// longer" was said after the answer. Found by the simulator (seed 820 of its first version with
// thinkers).
import { expect, test } from "bun:test";
import { ResponseSequence } from "../../service/conversation/response-sequence.ts";
import { RecordedEffects } from "../conversation/recorded-effects.ts";

test("a line does not wait for another session; an answer does", () => {
  const effects = new RecordedEffects();
  const sequence = new ResponseSequence(effects);
  const ask = { instructions: "", deadlineMs: 10_000, turnId: 0 };
  sequence.onLost();
  sequence.ask({ ...ask, asker: "progress" });
  sequence.ask({ ...ask, asker: "tool" });
  sequence.onRestored(10_000);
  sequence.onCreated("r1", effects.tag());
  sequence.onDone("r1");
  expect(effects.log).toEqual(["respond tool:0"]);
  expect(sequence.waiting()).toBe(0);
});
