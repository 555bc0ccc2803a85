// Whole conversations with local turns, by hand: what goes to the provider and to the caller, in
// order.
// Method: tests/conversation/conversation-fixture.ts; every effect is a line of the log.
import { describe, expect, test } from "bun:test";
import { CAPTURE_EVENT } from "../../service/contract/core.ts";
import { TestCall } from "./conversation-fixture.ts";

function readyCall(): TestCall {
  const call = new TestCall();
  call.conversation.onUpstreamReady();
  return call;
}

describe("Conversation with local turns", () => {
  test("S1-17, S1-20: end of speech commits, then asks for the response, at once", () => {
    const call = readyCall();
    call.frames(50);
    call.speak(30);
    expect(call.effects.taken()).toEqual(["begin 35"]);
    call.fallSilent();
    expect(call.effects.taken()).toEqual(["end 95", "commit 1", "respond turn:1"]);
    expect(call.effects.notices).toEqual([
      { kind: "speech_started", turnId: 1, positionMs: 1000 },
      { kind: "speech_ended", turnId: 1, positionMs: 1600 },
      { kind: "turn_committed", turnId: 1, startMs: 700, endMs: 1900 },
    ]);
  });

  test("S1-60: the turn's latency is told with its first frame", () => {
    const call = readyCall();
    call.speak(30);
    call.fallSilent();
    call.frames(4);
    call.conversation.onCommitted("item1", "turn");
    call.created("r1");
    call.frames(20);
    const item = call.audio("r1", "a", 10);
    call.play(item, 3);
    expect(call.noticesOf("turn_latency")).toEqual([
      {
        kind: "turn_latency",
        turnId: 1,
        endpointMs: 300,
        commitMs: 80,
        modelMs: 400,
        perceivedMs: 780,
      },
    ]);
  });

  test("S1-31, RT-06: a barge-in clears, cancels, truncates; late audio is dropped", () => {
    const call = readyCall();
    call.turn("r1");
    const item = call.audio("r1", "a", 100);
    call.play(item, 13);
    call.effects.taken();
    call.bargeIn(item);
    // 3 frames at once and 10 in real time: 200 ms were heard; 10 more until it was sure.
    expect(call.effects.taken()).toEqual([
      "begin 35",
      "clear",
      "cancel r1",
      "truncate a/0 400",
      "quiet",
    ]);
    expect(call.conversation.generation()).toBe(1);
    expect(call.audio("r1", "a", 5)).toBe(0);
    expect(call.audio("r1", "late", 5)).toBe(0);
    expect(call.effects.counted("late_audio_dropped")).toBe(2);
    expect(call.noticesOf("barge_in")).toEqual([
      { kind: "barge_in", item: 1, heardMs: 400, turnId: 2 },
    ]);
  });

  test("S1-16, D-16: a barge-in after the response is done but not heard still cuts it", () => {
    const call = readyCall();
    call.turn("r1");
    const item = call.audio("r1", "a", 100);
    call.conversation.onResponseDone("r1", "completed");
    call.play(item, 5);
    call.effects.taken();
    call.bargeIn(item);
    expect(call.effects.taken()).toContain("truncate a/0 240");
  });

  test("speech before any audio of the answer cancels it and becomes the next turn", () => {
    const call = readyCall();
    call.turn("r1");
    call.effects.taken();
    call.speak(10);
    expect(call.effects.taken()).toEqual(["begin 35", "cancel r1"]);
    expect(call.noticesOf("barge_in")).toEqual([]);
    call.fallSilent();
    expect(call.effects.taken()).toEqual(["end 60", "commit 2"]);
    call.conversation.onResponseDone("r1", "cancelled");
    expect(call.effects.taken()).toEqual(["respond turn:2"]);
  });

  test("S1-21: nothing is asked for while the caller speaks", () => {
    const call = readyCall();
    call.speak(10);
    call.effects.taken();
    call.conversation.onToolAnswered();
    expect(call.effects.taken()).toEqual([]);
  });

  test("S1-28: the tool's answer is spoken in its turn, not in a later one", () => {
    const call = readyCall();
    call.turn("r1");
    call.conversation.onToolAnswered();
    call.conversation.onResponseDone("r1", "completed");
    expect(call.effects.log.at(-1)).toBe("respond tool:1");
    call.created("r2");
    call.conversation.onToolAnswered();
    call.speak(10);
    call.conversation.onResponseDone("r2", "cancelled");
    call.fallSilent();
    expect(call.effects.log.at(-1)).toBe("respond turn:2");
    call.created("r3");
    call.conversation.onResponseDone("r3", "completed");
    expect(call.effects.requests).toHaveLength(3);
    expect(call.effects.counted("response_stale")).toBe(1);
  });

  test("R7: a cough while the agent speaks changes nothing for the agent", () => {
    const call = readyCall();
    call.turn("r1");
    call.play(call.audio("r1", "a", 100), 5);
    call.effects.taken();
    call.frames(3, CAPTURE_EVENT.BARGE_MAYBE);
    call.frames(1, CAPTURE_EVENT.BARGE_FALSE);
    expect(call.effects.log.every((line) => /^(begin|discard|quiet|audible)/.test(line))).toBe(
      true,
    );
    expect(call.conversation.sequence().state()).toBe("active");
  });

  test("RT-08: a span under 100 ms is thrown away, not committed, and nothing is asked", () => {
    const call = readyCall();
    call.frames(1, CAPTURE_EVENT.ONSET_MAYBE | CAPTURE_EVENT.ONSET);
    call.frames(1, CAPTURE_EVENT.END);
    expect(call.effects.taken()).toEqual(["begin 0", "end 2", "discard"]);
    expect(call.effects.counted("turn_too_short")).toBe(1);
  });

  test("a commit refused as empty takes its answer back", () => {
    const call = readyCall();
    call.speak(20);
    call.fallSilent();
    call.conversation.onCommitRefused("turn");
    call.effects.taken();
    call.created("r1");
    expect(call.effects.taken()).toEqual(["cancel r1"]);
    expect(call.audio("r1", "a", 5)).toBe(0);
  });

  test("an unknown error changes nothing", () => {
    const call = readyCall();
    call.turn("r1");
    call.effects.taken();
    call.conversation.onUpstreamError("something_new");
    expect(call.effects.taken()).toEqual([]);
    expect(call.conversation.sequence().state()).toBe("active");
  });

  test("receipts come when an item has been heard to its end, in order", () => {
    const call = readyCall();
    call.turn("r1");
    const item = call.audio("r1", "a", 5);
    expect(call.conversation.onAudioDone("a")).toBe(item);
    call.play(item, 5);
    call.frames(2);
    expect(call.noticesOf("receipt")).toEqual([]);
    call.frames(1);
    expect(call.noticesOf("receipt")).toEqual([
      {
        kind: "receipt",
        item,
        heardSamples: 800,
        heardMs: 100,
        isEstimated: true,
        isComplete: true,
      },
    ]);
  });

  test("R5: marks of an older generation do not count", () => {
    const call = readyCall();
    call.turn("r1");
    const item = call.audio("r1", "a", 20);
    call.play(item, 10);
    call.conversation.onReport(item, 800, 1);
    expect(call.conversation.ledger().item(item)?.acknowledgedSamples).toBe(0);
    call.conversation.onReport(item, 800, 0);
    expect(call.conversation.ledger().item(item)?.acknowledgedSamples).toBe(800);
  });

  test("a response given up by timer plays out what it has and lets the next one through", () => {
    const call = readyCall();
    call.turn("r1");
    const item = call.audio("r1", "a", 5);
    call.play(item, 5);
    call.effects.taken();
    call.effects.clock.advance(30_000);
    expect(call.effects.taken()).toEqual(["cancel r1", `play out ${item}`]);
    call.frames(1);
    expect(call.noticesOf("receipt")).toHaveLength(1);
    call.speak(10);
    expect(call.noticesOf("barge_in")).toEqual([]);
  });

  test("onResponseDone() names the items whose audio was never said to be done", () => {
    const call = readyCall();
    call.turn("r1");
    const first = call.audio("r1", "a", 5);
    const second = call.audio("r1", "b", 5);
    call.conversation.onAudioDone("a");
    expect(first).toBe(1);
    expect(call.conversation.onResponseDone("r1", "completed")).toEqual([second]);
    expect(call.conversation.onAudioDone("nothing")).toBe(0);
  });
});

describe("Conversation commands of the caller's side", () => {
  test("onText() interrupts and is answered", () => {
    const call = readyCall();
    call.turn("r1");
    call.play(call.audio("r1", "a", 50), 3);
    call.effects.taken();
    call.conversation.onText();
    expect(call.effects.taken()).toEqual(["clear", "cancel r1", "delete a", "quiet"]);
    call.conversation.onResponseDone("r1", "cancelled");
    expect(call.effects.taken()).toEqual(["respond turn:2"]);
  });

  test("text while the caller speaks is answered once, together with the speech", () => {
    const call = readyCall();
    call.speak(10);
    call.conversation.onText();
    call.fallSilent();
    call.created("r1");
    call.conversation.onResponseDone("r1", "completed");
    expect(call.effects.requests).toHaveLength(1);
  });

  test("onInterrupt() silences the agent and asks for nothing", () => {
    const call = readyCall();
    call.turn("r1");
    call.play(call.audio("r1", "a", 50), 5);
    call.effects.taken();
    call.conversation.onInterrupt();
    call.conversation.onResponseDone("r1", "cancelled");
    expect(call.effects.taken()).toEqual(["clear", "cancel r1", "truncate a/0 40", "quiet"]);
  });

  test("onEndOfTurn() ends the caller's turn without waiting for silence", () => {
    const call = readyCall();
    call.speak(20);
    call.effects.taken();
    call.conversation.onEndOfTurn();
    expect(call.effects.taken()).toEqual(["force", "end 20", "commit 1", "respond turn:1"]);
  });

  test("nothing is done after close()", () => {
    const call = readyCall();
    call.turn("r1");
    call.conversation.close();
    expect(call.effects.timers()).toEqual([]);
    call.effects.taken();
    call.speak(20);
    expect(call.effects.taken()).toEqual([]);
  });
});
