// A goodbye is heard in full before the call closes, and never keeps a call open for ever.
// Method: whole conversations over recorded effects; the drain is polled by its timer.
import { describe, expect, test } from "bun:test";
import { TestCall } from "./conversation-fixture.ts";

function readyCall(): TestCall {
  const call = new TestCall();
  call.conversation.onUpstreamReady();
  return call;
}

describe("Conversation.sayGoodbye()", () => {
  test("R15: asks for the words, hears them out, then ends", () => {
    const call = readyCall();
    call.conversation.sayGoodbye("limit_reached", "Say goodbye.");
    expect(call.effects.taken()).toEqual(["respond goodbye:0"]);
    call.created("g");
    const item = call.audio("g", "ga", 20);
    call.conversation.onResponseDone("g", "completed");
    call.play(item, 20);
    call.frames(2);
    expect(call.conversation.isOver()).toBe(false);
    call.frames(6);
    expect(call.effects.log).toContain("ended limit_reached");
    expect(call.conversation.isOver()).toBe(true);
    expect(call.effects.timers()).toEqual([]);
  });

  test("what is being said is said to its end first", () => {
    const call = readyCall();
    call.turn("r1");
    call.audio("r1", "a", 10);
    call.effects.taken();
    call.conversation.sayGoodbye("drained", "Say goodbye.");
    expect(call.effects.taken()).toEqual([]);
    call.conversation.onResponseDone("r1", "completed");
    expect(call.effects.taken()).toEqual(["respond goodbye:1"]);
    expect(call.conversation.isOver()).toBe(false);
  });

  test("a long answer is cut off after 10 s, the goodbye behind it is heard", () => {
    const call = readyCall();
    call.turn("r1");
    const answer = call.audio("r1", "a", 2_500);
    call.conversation.onResponseDone("r1", "completed");
    call.play(answer, 100);
    call.conversation.sayGoodbye("limit_reached", "Say goodbye.");
    call.effects.taken();
    call.playOn(answer, 499);
    expect(call.effects.taken()).toEqual([]);
    call.frames(1);
    // 600 frames were sent, three of them ahead.
    const done = ["clear", "truncate a/0 11940", "quiet", "respond goodbye:1"];
    expect(call.effects.taken()).toEqual(done);
    call.created("g");
    const goodbye = call.audio("g", "ga", 50);
    call.conversation.onResponseDone("g", "completed");
    call.play(goodbye, 50);
    expect(call.conversation.isOver()).toBe(false);
    call.frames(10);
    expect(call.effects.log).toEqual(["audible", "ended limit_reached"]);
  });

  test("an agent that is gone: what is queued for long is cut off, the recording is heard", () => {
    const call = readyCall();
    call.turn("r1");
    const answer = call.audio("r1", "a", 2_500);
    call.play(answer, 100);
    const played: number[] = [];
    call.conversation.onUpstreamLost();
    call.conversation.endWith("upstream_lost", () => {
      played.push(call.conversation.addRecording(1_600));
    });
    call.playOn(answer, 499);
    expect(played).toEqual([]);
    call.frames(1);
    expect(played).toEqual([answer + 1]);
    call.play(answer + 1, 10);
    call.frames(10);
    expect(call.effects.log.at(-1)).toBe("ended upstream_lost");
  });

  test("without words, or without an upstream, it only drains", () => {
    const silent = readyCall();
    silent.conversation.sayGoodbye("agent_ended", "");
    silent.frames(5);
    expect(silent.effects.log).toEqual(["ended agent_ended"]);
    const lost = new TestCall();
    lost.conversation.sayGoodbye("upstream_lost", "Say goodbye.");
    lost.frames(5);
    expect(lost.effects.log).toEqual(["ended upstream_lost"]);
  });

  test("an upstream that refuses the words does not hold the call", () => {
    const call = readyCall();
    call.effects.respondResult = 2;
    call.conversation.sayGoodbye("drained", "Say goodbye.");
    call.frames(5);
    expect(call.conversation.isOver()).toBe(true);
  });

  test("a goodbye that never comes ends the call after 20 s, with no timer left", () => {
    const call = readyCall();
    call.conversation.sayGoodbye("drained", "Say goodbye.");
    call.created("g");
    call.effects.clock.advance(14_000);
    // A sound, but nothing that plays it.
    call.audio("g", "ga", 1);
    call.effects.clock.advance(5_999);
    expect(call.conversation.isOver()).toBe(false);
    call.effects.clock.advance(1);
    expect(call.effects.log.at(-1)).toBe("ended drained");
    expect(call.effects.timers()).toEqual([]);
  });

  test("a goodbye whose request is lost ends when the sequence gives it up", () => {
    const call = readyCall();
    call.conversation.sayGoodbye("drained", "Say goodbye.");
    call.effects.clock.advance(10_100);
    expect(call.effects.log.at(-1)).toBe("ended drained");
  });

  test("nobody interrupts it by talking, nobody is answered after it", () => {
    const call = readyCall();
    call.conversation.sayGoodbye("drained", "Say goodbye.");
    call.created("g");
    const item = call.audio("g", "ga", 30);
    call.play(item, 10);
    call.effects.taken();
    call.bargeIn(item);
    call.conversation.onToolAnswered();
    call.conversation.onResponseDone("g", "completed");
    expect(call.effects.log.some((line) => /clear|cancel|respond|commit/.test(line))).toBe(false);
  });

  test("a turn that was open when it began is not answered", () => {
    const call = readyCall();
    call.speak(20);
    call.conversation.sayGoodbye("drained", "Say goodbye.");
    call.created("g");
    call.fallSilent();
    call.conversation.onResponseDone("g", "completed");
    expect(call.effects.requests).toHaveLength(1);
    call.frames(6);
    expect(call.conversation.isOver()).toBe(true);
  });

  test("the caller's application may still cut it off", () => {
    const call = readyCall();
    call.conversation.sayGoodbye("drained", "Say goodbye.");
    call.created("g");
    call.play(call.audio("g", "ga", 100), 5);
    call.conversation.onInterrupt();
    call.conversation.onResponseDone("g", "cancelled");
    call.frames(6);
    expect(call.effects.log.at(-1)).toBe("ended drained");
  });

  test("a second goodbye is ignored; close() frees everything", () => {
    const call = readyCall();
    call.conversation.sayGoodbye("drained", "Say goodbye.");
    call.conversation.sayGoodbye("error", "Again.");
    expect(call.effects.requests).toHaveLength(1);
    call.conversation.close();
    expect(call.effects.timers()).toEqual([]);
    expect(call.conversation.isOver()).toBe(true);
  });
});
