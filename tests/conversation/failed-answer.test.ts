// An answer that did not come is asked for again, then said to have failed. Method: a whole
// Conversation over recorded effects; the clock runs by frames of 20 ms.
import { describe, expect, test } from "bun:test";
import { SEND } from "../../service/contract/send-result.ts";
import { TestCall } from "./conversation-fixture.ts";

const asked = (call: TestCall) =>
  call.effects.log.filter((line) => line.startsWith("respond")).length;

const told = (call: TestCall) =>
  call.noticesOf("error").map((notice) => (notice.kind === "error" ? notice.code : ""));

/** The caller has said something, and is to be answered. */
function answering(): TestCall {
  const call = new TestCall();
  call.conversation.onUpstreamReady();
  call.speak(20);
  call.fallSilent();
  return call;
}

/** The newest request is taken up and fails before anything of it is there. */
function fail(call: TestCall, responseId: string): void {
  call.created(responseId);
  call.conversation.onResponseDone(responseId, "failed");
}

describe("an answer that fails before its first sound", () => {
  test("is asked for again after 400 ms and after 1600 ms, then said to have failed", () => {
    const call = answering();
    call.effects.apology = 800;
    fail(call, "r1");
    call.frames(19);
    expect(asked(call)).toBe(1);
    call.frames(1);
    expect(asked(call)).toBe(2);
    fail(call, "r2");
    call.frames(79);
    expect(asked(call)).toBe(2);
    call.frames(1);
    expect(asked(call)).toBe(3);
    expect(told(call)).toEqual([]);
    fail(call, "r3");
    expect(told(call)).toEqual(["answer_failed"]);
    expect(call.effects.log.at(-1)).toBe("apology 1");
    expect(call.effects.counted("answer_again")).toBe(2);
    expect(call.effects.counted("answer_failed")).toBe(1);
    call.frames(500);
    expect(asked(call)).toBe(3);
  });

  test("a recording that finds no room in the queue is waited for by nobody", () => {
    const call = answering();
    call.effects.apology = 800;
    call.effects.apologyResult = SEND.DROPPED;
    for (const responseId of ["r1", "r2", "r3"]) {
      fail(call, responseId);
      call.frames(80);
    }
    expect(call.effects.log).toContain("apology 1");
    expect(call.conversation.ledger().isDrained(call.effects.nowMs())).toBe(true);
  });

  test("is spoken when the second attempt brings it", () => {
    const call = answering();
    fail(call, "r1");
    call.frames(20);
    call.created("r2");
    expect(call.audio("r2", "a", 10)).toBe(1);
    call.conversation.onResponseDone("r2", "completed");
    call.frames(500);
    expect(asked(call)).toBe(2);
    expect(told(call)).toEqual([]);
  });

  test("counts from the beginning in the next turn", () => {
    const call = answering();
    fail(call, "r1");
    call.frames(20);
    fail(call, "r2");
    call.speak(20);
    call.fallSilent();
    fail(call, "r3");
    call.frames(20);
    expect(told(call)).toEqual([]);
    expect(asked(call)).toBe(4);
  });

  test("an answer that ends incomplete without a sound has failed too", () => {
    const call = answering();
    call.created("r1");
    call.conversation.onResponseDone("r1", "incomplete");
    call.frames(20);
    expect(asked(call)).toBe(2);
  });

  test("one that called a tool has not: the tool's answer asks", () => {
    const call = answering();
    call.created("r1");
    call.conversation.onToolCall("r1");
    call.conversation.onResponseDone("r1", "failed");
    call.frames(500);
    expect(asked(call)).toBe(1);
  });

  test("one that was heard in part is not said again", () => {
    const call = answering();
    call.created("r1");
    call.audio("r1", "a", 10);
    call.conversation.onResponseDone("r1", "failed");
    call.frames(500);
    expect(asked(call)).toBe(1);
  });

  test("another request of its turn that is taken up answers it too", () => {
    const call = answering();
    fail(call, "r1");
    call.conversation.onToolAnswered();
    call.created("r2");
    call.frames(500);
    expect(asked(call)).toBe(2);
  });

  test("nobody waits for it any more when the caller speaks, or the call ends", () => {
    const spoken = answering();
    fail(spoken, "r1");
    spoken.speak(100);
    expect(asked(spoken)).toBe(1);
    const ended = answering();
    fail(ended, "r1");
    ended.conversation.sayGoodbye("limit_reached", "");
    expect(ended.effects.timers()).not.toContain("answer_again");
    ended.frames(100);
    expect(asked(ended)).toBe(1);
  });

  test("the provider's own answer to a turn of its own is asked for, too", () => {
    const call = new TestCall({ turnDetection: "server_vad" });
    call.conversation.onUpstreamReady();
    call.frames(50);
    call.conversation.onProviderSpeechStarted(200);
    call.frames(20);
    call.conversation.onProviderSpeechStopped(600, 50);
    call.conversation.onResponseCreated("r1", "");
    call.conversation.onResponseDone("r1", "failed");
    call.frames(20);
    expect(call.effects.log.at(-1)).toBe("respond turn:1");
  });
});

describe("a request that is refused", () => {
  test("is made again, whatever the code", () => {
    const call = answering();
    call.conversation.onUpstreamError("rate_limit_exceeded", call.effects.tag());
    call.frames(20);
    expect(asked(call)).toBe(2);
  });

  test("is another one when the tag is: nothing follows", () => {
    const call = answering();
    call.conversation.onUpstreamError("server_error", "turn:0:9");
    call.frames(100);
    expect(asked(call)).toBe(1);
    expect(call.conversation.sequence().state()).toBe("requested");
  });

  test("was being stopped: what waits goes at once", () => {
    const call = answering();
    const tag = call.effects.tag();
    call.speak(20);
    call.fallSilent();
    expect(asked(call)).toBe(1);
    call.conversation.onUpstreamError("server_error", tag);
    expect(call.effects.log.at(-1)).toBe("respond turn:2");
  });
});

describe("a provider that says nothing", () => {
  test("before its answer begins is asked again after 10 s", () => {
    const call = answering();
    call.frames(500 + 20);
    expect(asked(call)).toBe(2);
  });

  test("in an answer without a sound is asked again after answerSilentMs", () => {
    const call = new TestCall({ answerSilentMs: 3_000 });
    call.conversation.onUpstreamReady();
    call.speak(20);
    call.fallSilent();
    call.created("r1");
    call.frames(149);
    expect(call.effects.log.at(-1)).not.toBe("cancel r1");
    call.frames(1);
    expect(call.effects.log.at(-1)).toBe("cancel r1");
    call.frames(20);
    expect(asked(call)).toBe(2);
  });
});
