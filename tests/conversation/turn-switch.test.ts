// Another owner of the turns in the middle of a call (S4-C06): no span is opened twice, none is
// lost.
import { describe, expect, test } from "bun:test";
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import type { BargeInAction } from "../../service/conversation/barge-in-action.ts";
import { TestCall } from "./conversation-fixture.ts";

const begins = (call: TestCall) => call.effects.log.filter((line) => line.startsWith("begin"));

describe("Conversation.setTurnDetection()", () => {
  test("local to provider in silence: one span opens, with the pre-roll of a first word", () => {
    const call = new TestCall();
    call.conversation.onUpstreamReady();
    call.frames(50);
    call.conversation.setTurnDetection("server_vad");
    expect(call.effects.taken()).toEqual(["begin 35"]);
    expect(call.conversation.turnDetection()).toBe("server_vad");
  });

  test("local to provider in speech: the running span goes on", () => {
    const call = new TestCall();
    call.conversation.onUpstreamReady();
    call.frames(50);
    call.speak(20);
    call.conversation.setTurnDetection("server_vad");
    call.fallSilent();
    expect(call.effects.taken()).toEqual(["begin 35"]);
    expect(call.effects.spanFirstFrame).toBe(35);
  });

  test("provider to local in speech: what was sent becomes the turn", () => {
    const call = new TestCall({ turnDetection: "server_vad" });
    call.conversation.onUpstreamReady();
    call.frames(50);
    call.speak(20);
    call.conversation.setTurnDetection("local");
    call.fallSilent();
    expect(call.effects.log.filter((line) => line.startsWith("commit"))).toEqual(["commit 1"]);
    expect(begins(call)).toEqual(["begin 0"]);
  });

  test("provider to local in silence: the silence is thrown away, the next turn has its pre-roll", () => {
    const call = new TestCall({ turnDetection: "server_vad" });
    call.conversation.onUpstreamReady();
    call.frames(50);
    call.conversation.setTurnDetection("local");
    expect(call.effects.taken()).toEqual(["begin 0", "end 50", "discard"]);
  });

  test("push to talk to local, words the agent has begun to talk into: they take the floor", () => {
    const call = spokenInto("interrupt");
    expect(call.noticesOf("barge_in")).toHaveLength(1);
    call.fallSilent();
    expect(call.effects.log.filter((line) => line.startsWith("commit"))).toHaveLength(2);
  });

  test("push to talk to local, words into an agent that is to go on: held, and dropped", () => {
    const call = spokenInto("ignore");
    expect(call.noticesOf("barge_in")).toHaveLength(0);
    call.framesOver(1, 14);
    call.effects.vad = VAD_STATE.SILENCE;
    call.framesOver(1, 1, CAPTURE_EVENT.END);
    expect(call.effects.log.filter((line) => line.startsWith("commit"))).toHaveLength(1);
  });

  test("push to talk to local, words over before it, an agent that is to go on: a turn, no cut", () => {
    const call = spokenInto("ignore", VAD_STATE.SILENCE);
    expect(call.noticesOf("barge_in")).toHaveLength(0);
    expect(call.effects.log).not.toContain("clear");
    expect(call.effects.log.filter((line) => line.startsWith("commit"))).toHaveLength(2);
  });

  test("push to talk to local, a burst into the agent: it is not interrupted", () => {
    const call = spokenInto("interrupt", VAD_STATE.SPEECH_START);
    expect(call.noticesOf("barge_in")).toHaveLength(0);
  });

  test("before the upstream is ready, in speech: the span is taken over, not opened again", () => {
    const call = new TestCall();
    call.frames(50);
    call.speak(20);
    call.conversation.setTurnDetection("server_vad");
    call.conversation.onUpstreamReady();
    call.frames(10);
    expect(begins(call)).toEqual(["begin 35"]);
  });

  test("before the upstream is ready, there and back: the turn is committed once", () => {
    const call = new TestCall();
    call.frames(50);
    call.speak(20);
    call.conversation.setTurnDetection("none");
    call.conversation.setTurnDetection("local");
    call.conversation.onUpstreamReady();
    call.fallSilent();
    expect(begins(call)).toEqual(["begin 35"]);
    expect(call.effects.log.filter((line) => line.startsWith("commit"))).toHaveLength(1);
  });

  test("what waited for the end of speech is asked when nobody here hears that end any more", () => {
    const call = new TestCall();
    call.conversation.onUpstreamReady();
    call.speak(20);
    call.conversation.onText();
    call.conversation.setTurnDetection("none");
    expect(call.effects.requests).toHaveLength(1);
    call.conversation.setTurnDetection("local");
    call.fallSilent();
  });
});

/** A push-to-talk caller has gone on after the key; the answer begins, and the owner changes. */
function spokenInto(bargeInAction: BargeInAction, vad: number = VAD_STATE.SPEECH): TestCall {
  const call = new TestCall({ turnDetection: "none", bargeInAction });
  call.conversation.onUpstreamReady();
  call.frames(50);
  call.conversation.onEndOfTurn();
  call.created("r1");
  call.speak(20);
  call.effects.vad = vad;
  const item = call.audio("r1", "a", 100);
  call.play(item, 5);
  call.conversation.setTurnDetection("local");
  call.framesOver(item, 1);
  return call;
}
