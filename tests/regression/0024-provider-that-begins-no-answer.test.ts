// A message typed while the caller spoke waited for the answer that the provider gives to the turn by
// itself. When that one was refused, which names no request, nobody asked again: what was typed and
// what was said were never answered, and the caller was asked whether anybody was there.
import { expect, test } from "bun:test";
import { TestCall } from "../conversation/conversation-fixture.ts";

const SECOND = 50;
const idle = {
  ...{ nudgeAfterMs: 3_000, nudgesMax: 1, nudgeInstructions: "Ask." },
  ...{ goodbyeAfterMs: 0, goodbyeInstructions: "" },
};

/** A turn of the provider's, with a message typed in it; its own answer is still to come. */
function callWithTurn(): TestCall {
  const call = new TestCall({ turnDetection: "server_vad", idle });
  call.conversation.onUpstreamReady();
  call.frames(10);
  call.conversation.onProviderSpeechStarted(0);
  call.frames(SECOND);
  call.conversation.onText();
  call.conversation.onProviderSpeechStopped(0, 60);
  call.conversation.onCommitted("item", "turn");
  call.effects.taken();
  return call;
}

test("a turn that the provider begins no answer to is asked for after 5 s, once, without a nudge", () => {
  const call = callWithTurn();
  call.conversation.onUpstreamError("server_error", "");
  call.frames(5 * SECOND - 1);
  expect(call.effects.requests).toEqual([]);
  call.frames(1);
  expect(call.effects.requests.map(({ tag }) => tag)).toEqual(["turn:2:1"]);
  call.conversation.onResponseCreated("r1", "turn:2:1");
  call.conversation.onResponseDone("r1", "completed");
  call.frames(2 * SECOND);
  expect(call.effects.requests).toHaveLength(1);
});

test("an answer that it begins late is not asked for a second time", () => {
  const call = callWithTurn();
  call.frames(4 * SECOND);
  call.conversation.onResponseCreated("p1");
  call.frames(10 * SECOND);
  expect(call.effects.requests).toEqual([]);
});

test("a turn that it does not acknowledge either is not asked for, and the nudge comes", () => {
  const call = callWithTurn();
  call.conversation.onProviderSpeechStarted(0);
  call.conversation.onProviderSpeechStopped(0, 70);
  call.frames(9 * SECOND);
  expect(call.effects.requests.map(({ tag }) => tag)).toEqual(["nudge:3:1"]);
});
