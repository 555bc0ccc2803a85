// A speculative turn that something else overtakes, and those that are never begun (S1-68).
// Method: tests/conversation/speculation-fixture.ts; every effect is a line of the log.
import { describe, expect, test } from "bun:test";
import { TestCall } from "./conversation-fixture.ts";
import { end, goOn, hit, miss, pause, readyCall, speculate, taken } from "./speculation-fixture.ts";

describe("Speculation that is overtaken", () => {
  test("a commit refused as empty is taken back without an item; the turn's own commit follows", () => {
    const call = readyCall();
    speculate(call);
    call.created("r1");
    taken(call);
    call.conversation.onCommitRefused("early");
    expect(taken(call)).toEqual(["cancel r1", "drop", "take back 0"]);
    expect(call.effects.counted("speculation_dropped")).toBe(1);
    call.conversation.onResponseDone("r1", "cancelled");
    // Not again in the same silence, and nothing is owed: the answer is asked for at once.
    call.frames(4);
    end(call);
    expect(taken(call)).toEqual(["end 35", "commit 1", "respond turn:1"]);
  });

  test("a commit refused after it was taken back frees the next answer", () => {
    const call = readyCall();
    speculate(call);
    goOn(call, 10);
    call.created("r1");
    call.conversation.onResponseDone("r1", "cancelled");
    call.fallSilent();
    taken(call);
    call.conversation.onCommitRefused("taken_back");
    expect(taken(call)).toEqual(["respond turn:1"]);
  });

  test("speech over an answer that was confirmed is an interruption, not a miss", () => {
    const call = readyCall();
    speculate(call);
    call.conversation.onCommitted("caller-1", "early");
    call.created("r1");
    const item = call.audio("r1", "a", 100);
    call.frames(4);
    end(call);
    call.play(item, 13);
    taken(call);
    call.bargeIn(item);
    expect(taken(call).slice(1)).toEqual(["clear", "cancel r1", "truncate a/0 400", "quiet"]);
    expect(call.effects.counted("speculation_miss")).toBe(0);
    expect(call.noticesOf("barge_in")).toHaveLength(1);
  });

  test("a new onset before the first frame of a confirmed answer takes its answer only", () => {
    const call = readyCall();
    speculate(call);
    call.conversation.onCommitted("caller-1", "early");
    call.created("r1");
    call.audio("r1", "a", 100);
    call.frames(4);
    end(call);
    taken(call);
    call.speak(10);
    const effects = taken(call);
    expect(effects).toContain("cancel r1");
    expect(effects).toContain("delete a");
    expect(effects).not.toContain("delete caller-1");
    expect(call.conversation.turnId()).toBe(2);
  });

  test("the application's interrupt and a typed message take it back, neither hit nor miss", () => {
    for (const act of ["onInterrupt", "onText"] as const) {
      const call = readyCall();
      speculate(call);
      call.conversation.onCommitted("caller-1", "early");
      call.created("r1");
      call.audio("r1", "a", 30);
      taken(call);
      call.conversation[act]();
      expect(taken(call)).toEqual([
        "cancel r1",
        "delete a",
        "drop",
        "delete caller-1",
        "take back 0",
      ]);
      call.conversation.onResponseDone("r1", "cancelled");
      call.frames(4);
      end(call);
      expect(taken(call)).toEqual(["end 35", "commit 2", "respond turn:2"]);
      expect(call.effects.counted("speculation_dropped")).toBe(1);
      expect(call.effects.counted("speculation_miss")).toBe(0);
    }
  });

  test("a session lost meanwhile: nothing of it is kept, the next one gets the turn as one", () => {
    const call = readyCall();
    speculate(call);
    call.created("r1");
    call.audio("r1", "a", 30);
    taken(call);
    call.conversation.onUpstreamLost();
    expect(taken(call)).toEqual(["cancel r1", "delete a", "drop", "take back 0"]);
    expect(call.effects.timers()).toEqual([]);
    expect(call.conversation.isAnswerLost()).toBe(false);
    call.frames(4);
    end(call);
    expect(taken(call)).toEqual(["end 35", "commit 1"]);
    call.conversation.onUpstreamRestored();
    expect(taken(call)).toEqual(["respond turn:1"]);
    expect(call.noticesOf("response_started")).toEqual([]);
  });

  test("another session takes over while an acknowledgement is owed: nobody waits for it", () => {
    const call = readyCall();
    speculate(call);
    goOn(call, 10);
    expect(call.effects.timers()).toContain("take_back");
    call.conversation.onUpstreamReplaced();
    expect(call.effects.timers()).not.toContain("take_back");
  });

  test("a switch to the provider's turns takes it back before the owner changes", () => {
    const call = readyCall();
    speculate(call);
    call.conversation.onCommitted("caller-1", "early");
    call.created("r1");
    taken(call);
    call.conversation.setTurnDetection("server_vad");
    expect(taken(call)).toEqual(["cancel r1", "drop", "delete caller-1", "take back 0"]);
  });

  test("close() leaves no timer behind", () => {
    const call = readyCall();
    speculate(call);
    goOn(call, 2);
    call.conversation.close();
    expect(call.effects.timers()).toEqual([]);
  });
});

describe("Speculation that is not begun", () => {
  test("without its setting, and before the upstream can take the commit", () => {
    const off = new TestCall();
    off.conversation.onUpstreamReady();
    speculate(off);
    expect(taken(off)).toEqual(["begin 0"]);
    const early = readyCall();
    early.effects.isUpstreamReady = false;
    speculate(early);
    expect(taken(early)).toEqual(["begin 0"]);
    expect(early.effects.counted("speculation_begun")).toBe(0);
    // As soon as it can, in the same silence.
    early.effects.isUpstreamReady = true;
    early.frames(1);
    expect(taken(early)).toEqual(["commit early 31", "hold", "respond turn:1"]);
  });

  test("while the greeting may not be interrupted, and once the goodbye has begun", () => {
    const greeting = { instructions: "Say hello.", isProtected: true };
    const greeted = readyCall({}, { greeting });
    greeted.created("g");
    const item = greeted.audio("g", "ga", 100);
    greeted.play(item, 3);
    greeted.speak(20);
    pause(greeted, 14);
    expect(greeted.effects.counted("speculation_begun")).toBe(0);
    const ending = readyCall();
    ending.speak(20);
    ending.conversation.sayGoodbye("limit_reached", "Say goodbye.");
    pause(ending, 14);
    expect(ending.effects.counted("speculation_begun")).toBe(0);
  });

  test("more than perTurnMax times in a turn; the next turn may again", () => {
    const call = readyCall({ sampleMin: 100 });
    call.speak(20);
    for (let index = 0; index < 3; index += 1) miss(call, `r${index}`);
    expect(call.effects.counted("speculation_begun")).toBe(2);
    call.fallSilent();
    call.created("r3");
    speculate(call);
    expect(call.effects.counted("speculation_begun")).toBe(3);
  });

  test("more than perMinuteMax times in a minute, and again when the first is a minute old", () => {
    const call = readyCall({ perMinuteMax: 2 });
    for (let index = 0; index < 3; index += 1) hit(call, `r${index}`);
    expect(call.effects.counted("speculation_begun")).toBe(2);
    // The first began at 600 ms, and three turns took 2,100 ms; this one is silent to 60,580 ms.
    call.frames((59_900 - 2_100) / 20);
    hit(call, "early");
    expect(call.effects.counted("speculation_begun")).toBe(2);
    hit(call, "later");
    expect(call.effects.counted("speculation_begun")).toBe(3);
  });

  test("S1-68: under the hit rate for the rest of the call, but not before sampleMin outcomes", () => {
    const call = readyCall({ sampleMin: 4, perTurnMax: 10 });
    hit(call, "r0");
    call.speak(20);
    miss(call, "r1");
    miss(call, "r2");
    expect(call.effects.counted("speculation_off")).toBe(0);
    miss(call, "r3");
    expect(call.effects.counted("speculation_off")).toBe(1);
    miss(call, "r4");
    expect(call.effects.counted("speculation_begun")).toBe(4);
    call.fallSilent();
    call.frames(3_500);
    speculate(call);
    expect(call.effects.counted("speculation_begun")).toBe(4);
  });

  test("a rate just at the one asked for goes on; what was overtaken does not count", () => {
    const call = readyCall({ sampleMin: 2, hitRateMin: 0.5, perTurnMax: 10 });
    hit(call, "r0");
    call.speak(20);
    miss(call, "r1");
    pause(call, 10);
    call.conversation.onInterrupt();
    expect(call.effects.counted("speculation_dropped")).toBe(1);
    expect(call.effects.counted("speculation_off")).toBe(0);
  });
});
