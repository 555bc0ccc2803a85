// A turn answered at an early silence, by hand: what is committed, held, played and taken back, in
// order (S1-68, S1-71).
// Method: tests/conversation/speculation-fixture.ts; every effect is a line of the log.
import { describe, expect, test } from "bun:test";
import { end, goOn, hit, miss, pause, readyCall, speculate, taken } from "./speculation-fixture.ts";

const BEGUN = ["begin 0", "commit early 30", "hold", "respond turn:1"];

describe("Speculation that was right", () => {
  test("S1-68: the early silence commits and asks, END plays what was held at once", () => {
    const call = readyCall();
    call.speak(20);
    pause(call, 9);
    expect(taken(call)).toEqual(["begin 0"]);
    call.frames(1);
    expect(taken(call)).toEqual(BEGUN.slice(1));
    call.conversation.onCommitted("caller-1", "early");
    call.created("r1");
    expect(call.audio("r1", "a", 30)).toBe(1);
    call.conversation.onAgentTranscript("r1", "a", "Yes.", true);
    call.frames(4);
    expect(taken(call)).toEqual([]);
    expect(call.effects.notices.map(({ kind }) => kind)).toEqual(["speech_started"]);
    end(call);
    expect(taken(call)).toEqual(["keep", "release"]);
    expect(call.effects.notices.slice(1)).toMatchObject([
      { kind: "speech_ended", turnId: 1, positionMs: 400 },
      { kind: "turn_committed", turnId: 1, startMs: 0, endMs: 600 },
      { kind: "response_started", turnId: 1, responseId: "r1" },
      { kind: "transcript", speaker: "agent", text: "Yes.", isFinal: true },
    ]);
    expect(call.effects.counted("speculation_hit")).toBe(1);
    expect(call.effects.counted("turn_committed")).toBe(1);
    expect(call.effects.requests).toHaveLength(1);
  });

  test("S1-71: what it saved is the time from the early commit to the confirmed end", () => {
    const call = readyCall();
    hit(call, "r1");
    expect(call.effects.savedMs).toEqual([100]);
  });

  test("S1-60, S1-71: its latency counts from the true end, not from the early one", () => {
    const call = readyCall();
    speculate(call);
    call.frames(1);
    call.conversation.onCommitted("caller-1", "early");
    call.created("r1");
    call.frames(2);
    const item = call.audio("r1", "a", 30);
    call.frames(1);
    end(call);
    call.play(item, 3);
    // 400 ms is the true end; committed early at 600, acknowledged at 620, audio at 660, END at 700.
    expect(call.noticesOf("turn_latency")).toMatchObject([
      { turnId: 1, endpointMs: 200, commitMs: 20, modelMs: 40, heldMs: 40, perceivedMs: 300 },
    ]);
  });

  test("force and the goodbye confirm it too", () => {
    const forced = readyCall();
    speculate(forced);
    forced.created("r1");
    taken(forced);
    forced.conversation.onEndOfTurn();
    expect(taken(forced)).toEqual(["force", "keep", "release"]);
    const ending = readyCall();
    speculate(ending);
    ending.created("r1");
    taken(ending);
    ending.conversation.sayGoodbye("limit_reached", "Say goodbye.");
    expect(taken(ending)).toEqual(["force", "keep", "release"]);
    expect(ending.effects.counted("speculation_hit")).toBe(1);
    ending.conversation.onResponseDone("r1", "completed");
    expect(taken(ending)).toEqual(["respond goodbye:1"]);
  });

  test("an answer that is done before its turn is confirmed is told of and played all the same", () => {
    const call = readyCall();
    speculate(call);
    call.conversation.onCommitted("caller-1", "early");
    call.created("r1");
    const item = call.audio("r1", "a", 3);
    call.conversation.onAudioDone("a");
    call.conversation.onResponseDone("r1", "completed");
    expect(call.noticesOf("response_done")).toEqual([]);
    call.frames(4);
    end(call);
    expect(call.noticesOf("response_started")).toHaveLength(1);
    expect(call.noticesOf("response_done")).toHaveLength(1);
    call.play(item, 3);
    call.frames(5);
    expect(call.noticesOf("receipt")).toMatchObject([{ item, heardMs: 60, isComplete: true }]);
  });
});

describe("Speculation that was wrong", () => {
  test("S1-68: the caller goes on: cancelled, both items deleted, one utterance appended again", () => {
    const call = readyCall();
    speculate(call);
    call.conversation.onCommitted("caller-1", "early");
    call.created("r1");
    call.audio("r1", "a", 30);
    taken(call);
    goOn(call, 10);
    expect(taken(call)).toEqual([
      "cancel r1",
      "delete a",
      "drop",
      "delete caller-1",
      "take back 0",
    ]);
    expect(call.effects.counted("speculation_miss")).toBe(1);
    expect(call.audio("r1", "a", 5)).toBe(0);
    call.conversation.onResponseDone("r1", "cancelled");
    call.fallSilent();
    expect(taken(call)).toEqual(["end 55", "commit 1", "respond turn:1"]);
    expect(call.noticesOf("turn_committed")).toEqual([
      { kind: "turn_committed", turnId: 1, startMs: 0, endMs: 1_100 },
    ]);
    expect(call.effects.savedMs).toEqual([]);
  });

  test("nobody is told of its answer, nor of the half's words, nor that it ended", () => {
    const call = readyCall();
    speculate(call);
    call.conversation.onCommitted("caller-1", "early");
    expect(call.conversation.onCallerTranscript("caller-1", "I would")).toBe(true);
    call.created("r1");
    call.audio("r1", "a", 30);
    call.conversation.onAgentTranscript("r1", "a", "You would?", false);
    goOn(call, 10);
    call.conversation.onAgentTranscript("r1", "a", "You would?", true);
    call.conversation.onResponseDone("r1", "cancelled");
    expect(call.conversation.onCallerTranscript("caller-1", "I would")).toBe(false);
    expect(call.effects.notices.map(({ kind }) => kind)).toEqual(["speech_started"]);
  });

  test("what comes late about an older turn is told at once, whatever becomes of this one", () => {
    const call = readyCall();
    call.turn("r0");
    call.conversation.onCommitted("caller-0", "turn");
    speculate(call);
    call.conversation.onCommitted("caller-1", "early");
    call.effects.notices.length = 0;
    call.conversation.onResponseDone("r0", "cancelled");
    call.conversation.onCallerTranscript("caller-0", "Good morning.");
    call.conversation.onCallerTranscript("caller-1", "I would");
    const told = [
      { kind: "response_done", responseId: "r0" },
      { kind: "transcript", text: "Good morning." },
    ];
    expect(call.effects.notices).toMatchObject(told);
    goOn(call, 10);
    expect(call.effects.notices).toHaveLength(told.length);
  });

  test("taken back before its commit is acknowledged: deleted then, and asked only after that", () => {
    const call = readyCall();
    speculate(call);
    goOn(call, 10);
    expect(taken(call)).toEqual([...BEGUN, "drop", "take back 0"]);
    call.created("r1");
    call.conversation.onResponseDone("r1", "cancelled");
    call.fallSilent();
    expect(taken(call)).toEqual(["cancel r1", "end 55", "commit 1"]);
    call.conversation.onCommitted("caller-1", "taken_back");
    expect(taken(call)).toEqual(["delete caller-1", "respond turn:1"]);
    expect(call.conversation.onCallerTranscript("caller-1", "I would")).toBe(false);
    expect(call.effects.timers()).toEqual(["response_request"]);
  });

  test("an acknowledgement that never comes keeps the agent silent for 2 s, not for ever", () => {
    const call = readyCall();
    speculate(call);
    goOn(call, 10);
    call.created("r1");
    call.conversation.onResponseDone("r1", "cancelled");
    call.fallSilent();
    const asked = call.effects.requests.length;
    call.frames(100 - 25);
    expect(call.effects.requests).toHaveLength(asked);
    call.frames(1);
    expect(call.effects.requests).toHaveLength(asked + 1);
    expect(call.effects.counted("take_back_overdue")).toBe(1);
  });

  test("a first audio of it that comes after the miss is deleted as well", () => {
    const call = readyCall();
    speculate(call);
    call.conversation.onCommitted("caller-1", "early");
    call.created("r1");
    goOn(call, 10);
    taken(call);
    expect(call.audio("r1", "late", 5)).toBe(0);
    expect(taken(call)).toEqual(["delete late"]);
  });

  test("a tool call of it belongs to no turn", () => {
    const call = readyCall();
    speculate(call);
    call.created("r1");
    expect(call.conversation.onToolCall("r1")).toBe(1);
    goOn(call, 10);
    expect(call.conversation.onToolCall("r1")).toBe(-1);
  });

  test("a turn that was tried twice is answered once, to the whole of it", () => {
    const call = readyCall();
    call.speak(20);
    miss(call, "r1");
    miss(call, "r2");
    taken(call);
    call.fallSilent();
    expect(taken(call)).toEqual(["end 75", "commit 1", "respond turn:1"]);
    expect(call.effects.counted("speculation_miss")).toBe(2);
    expect(call.noticesOf("turn_committed")).toHaveLength(1);
  });
});
