// Push to talk: a key pressed twice within 100 ms interrupted the answer to the first press, had
// nothing long enough to commit for the second, threw those frames away, and so nobody was answered.
// Found by the simulator (seed 17 of its first version with push to talk).
import { expect, test } from "bun:test";
import { TestCall } from "../conversation/conversation-fixture.ts";

test("a second press with next to nothing said changes nothing", () => {
  const call = new TestCall({ turnDetection: "none" });
  call.conversation.onUpstreamReady();
  call.frames(50);
  call.conversation.onEndOfTurn();
  call.created("r1");
  call.effects.taken();
  call.frames(3);
  call.conversation.onEndOfTurn();
  expect(call.effects.taken()).toEqual([]);
  expect(call.effects.counted("turn_too_short")).toBe(1);
  call.frames(30);
  call.conversation.onEndOfTurn();
  expect(call.effects.taken()).toContain("commit 2");
  expect(call.effects.spanFirstFrame).toBe(83);
});
