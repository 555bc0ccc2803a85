// Goal: a session lost under turns that are not decided here costs no word, and tells no turn twice.
// Method: a conversation over recorded effects; "trim F" is what it lets go of its always open span.
import { describe, expect, test } from "bun:test";
import { VAD_STATE } from "../../service/contract/core.ts";
import { TestCall } from "./conversation-fixture.ts";

function ownedCall(turnDetection: "server_vad" | "none"): TestCall {
  const call = new TestCall({ turnDetection });
  call.conversation.onUpstreamReady();
  call.frames(10);
  return call;
}

const trims = (call: TestCall) => call.effects.taken().filter((line) => line.startsWith("trim"));

/** A turn that the provider hears and commits: 60 frames of words and silence. */
function providerTurn(call: TestCall, stopFrame: number): void {
  call.conversation.onProviderSpeechStarted(0);
  call.frames(60);
  call.conversation.onProviderSpeechStopped(0, stopFrame);
  call.conversation.onCommitted("item", "turn");
}

function replace(call: TestCall, isWritten: boolean): void {
  call.conversation.onUpstreamLost();
  call.conversation.onUpstreamReplaced(isWritten);
  call.conversation.onUpstreamRestored();
}

describe("the provider's turns over a lost session", () => {
  test("I1: words that it was hearing stay one turn: its next speech_started is their beginning", () => {
    const call = ownedCall("server_vad");
    call.conversation.onProviderSpeechStarted(0);
    call.frames(300);
    replace(call, false);
    expect(trims(call)).toEqual([]);
    expect(call.noticesOf("speech_ended")).toEqual([]);
    call.conversation.onProviderSpeechStarted(0);
    call.conversation.onProviderSpeechStopped(0, 305);
    expect(call.noticesOf("speech_started")).toHaveLength(1);
    expect(call.noticesOf("speech_ended")).toHaveLength(1);
    expect(call.conversation.turnId()).toBe(1);
  });

  test("words that are not heard again end their turn after 2 s of silence, or 10 s", () => {
    for (const [vad, frames] of [
      [VAD_STATE.SILENCE, 100],
      [VAD_STATE.SPEECH, 500],
    ] as const) {
      const call = ownedCall("server_vad");
      call.conversation.onProviderSpeechStarted(0);
      call.effects.vad = vad;
      replace(call, false);
      call.frames(frames - 1);
      expect(call.noticesOf("speech_ended")).toEqual([]);
      call.frames(1);
      expect(call.noticesOf("speech_ended")).toHaveLength(1);
    }
  });

  test("I5: an unanswered turn that is told as text is answered; its audio is let go", () => {
    const call = ownedCall("server_vad");
    providerTurn(call, 65);
    call.effects.taken();
    replace(call, true);
    expect(call.effects.taken()).toEqual(["trim 65", "respond turn:1"]);
  });

  test("I5: one that nobody wrote down is heard again, untold, and answered by the provider", () => {
    const call = ownedCall("server_vad");
    providerTurn(call, 65);
    call.conversation.onResponseCreated("p1");
    call.play(call.audio("p1", "a", 50), 5);
    call.effects.taken();
    replace(call, false);
    call.conversation.onProviderSpeechStarted(0);
    call.conversation.onProviderSpeechStopped(0, 65);
    expect(call.effects.log.some((line) => /^(trim|clear|respond|cancel)/.test(line))).toBe(false);
    expect(call.noticesOf("speech_started")).toHaveLength(1);
    expect(call.noticesOf("speech_ended")).toHaveLength(1);
    call.conversation.onResponseCreated("p2");
    expect(call.audio("p2", "b", 5)).toBeGreaterThan(0);
  });

  test("a turn without acknowledgement is heard again even if an older one was written down", () => {
    const call = ownedCall("server_vad");
    call.conversation.onProviderSpeechStarted(0);
    call.frames(60);
    call.conversation.onProviderSpeechStopped(0, 65);
    call.effects.taken();
    replace(call, true);
    expect(call.effects.taken()).toEqual([]);
  });

  test("an answered turn is let go, and so is silence beyond 2 to 4 s", () => {
    const call = ownedCall("server_vad");
    providerTurn(call, 65);
    call.conversation.onResponseCreated("p1");
    expect(trims(call)).toEqual([]);
    call.conversation.onResponseDone("p1", "completed");
    expect(trims(call)).toEqual(["trim 65"]);
    call.frames(195);
    expect(trims(call)).toEqual(["trim 165"]);
  });

  test("a goodbye does not wait for words that no session hears", () => {
    const call = ownedCall("server_vad");
    call.conversation.onProviderSpeechStarted(0);
    replace(call, false);
    call.conversation.sayGoodbye("limit_reached", "Say goodbye.");
    expect(call.effects.requests).toHaveLength(1);
  });

  test("words said while there is no session wait for it, silence does not", () => {
    const call = ownedCall("server_vad");
    call.conversation.onUpstreamLost();
    call.frames(300);
    expect(trims(call)).toEqual(["trim 100", "trim 200"]);
    call.speak(30);
    call.effects.vad = VAD_STATE.SILENCE;
    call.frames(400);
    expect(trims(call)).toEqual([]);
  });
});

describe("push to talk over a lost session", () => {
  const told = (call: TestCall) => {
    call.conversation.onEndOfTurn();
    const [turn] = call.noticesOf("turn_committed");
    return turn?.kind === "turn_committed" ? [turn.startMs, turn.endMs] : [];
  };

  test("words are kept until the key, at most 59 s; silence before them is not", () => {
    const call = ownedCall("none");
    call.frames(190);
    expect(trims(call)).toEqual(["trim 100"]);
    call.speak(30);
    call.effects.vad = VAD_STATE.SILENCE;
    call.frames(2_819);
    expect(trims(call)).toEqual([]);
    call.frames(1);
    expect(trims(call)).toEqual(["trim 200"]);
  });

  test("the commit is told as it is: all of it, or what another session was given", () => {
    const whole = ownedCall("none");
    whole.frames(390);
    expect(told(whole)).toEqual([0, 8_000]);
    const lost = ownedCall("none");
    lost.frames(390);
    replace(lost, false);
    lost.frames(10);
    expect(told(lost)).toEqual([6_000, 8_200]);
  });

  test("R8: a session may be replaced in silence, unless it alone has all of the words", () => {
    const call = ownedCall("none");
    expect(call.conversation.isCallerQuiet()).toBe(true);
    call.speak(30);
    expect(call.conversation.isCallerQuiet()).toBe(false);
    call.effects.vad = VAD_STATE.SILENCE;
    expect(call.conversation.isCallerQuiet()).toBe(true);
    call.frames(3_000);
    expect(call.conversation.isCallerQuiet()).toBe(false);
    call.conversation.onEndOfTurn();
    expect(call.conversation.isCallerQuiet()).toBe(true);
  });
});
