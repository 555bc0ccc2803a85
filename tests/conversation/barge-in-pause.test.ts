// Barge-in with the `pause` action: a burst stops the pacer, what it turns out to be decides the
// rest.
// Method: whole conversations over recorded effects; the pacer obeys by not sending while paused.
import { describe, expect, test } from "bun:test";
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import type { ConversationSettings } from "../../service/conversation/conversation-settings.ts";
import { TestCall } from "./conversation-fixture.ts";

const { BARGE_MAYBE, BARGE, BARGE_FALSE, ONSET_MAYBE } = CAPTURE_EVENT;
const GREETING = { instructions: "Say hello.", isProtected: true };

/** A call whose agent speaks item 1, ten frames of it sent. */
function speakingCall(settings: Partial<ConversationSettings> = {}): TestCall {
  const call = new TestCall({ bargeInAction: "pause", ...settings });
  call.conversation.onUpstreamReady();
  call.turn("r1");
  call.play(call.audio("r1", "a", 100), 10);
  call.effects.taken();
  return call;
}

describe("Conversation with bargeInAction pause", () => {
  test("R7: a cough pauses, and the agent goes on where it was", () => {
    const call = speakingCall();
    call.frames(6, BARGE_MAYBE);
    call.frames(1, BARGE_FALSE);
    expect(call.effects.taken()).toEqual(["begin 35", "pause", "discard", "resume"]);
    expect(call.conversation.sequence().state()).toBe("active");
    call.playOn(1, 5);
    const item = call.conversation.ledger().item(1);
    expect(item?.sentSamples).toBe(15 * 160);
    expect(call.effects.counted("barge_in_paused")).toBe(1);
    expect(call.effects.counted("barge_in")).toBe(0);
  });

  test("a real interruption cuts at what was heard: all that was sent, once the lead has played", () => {
    const call = speakingCall();
    call.effects.vad = VAD_STATE.SPEECH;
    call.frames(9, BARGE_MAYBE | ONSET_MAYBE);
    call.frames(1, BARGE);
    expect(call.effects.taken()).toEqual([
      "begin 35",
      "pause",
      "clear",
      "cancel r1",
      "truncate a/0 200",
      "resume",
      "quiet",
    ]);
  });

  test("the silence that a pause makes does not count as the agent's end", () => {
    const call = speakingCall();
    call.effects.vad = VAD_STATE.SPEECH;
    call.frames(30, BARGE_MAYBE | ONSET_MAYBE);
    call.frames(1, CAPTURE_EVENT.ONSET);
    expect(call.effects.log).not.toContain("quiet");
    expect(call.noticesOf("speech_started")).toHaveLength(1);
  });

  test("an item that was sent in full: the pause ends, and the next answer plays", () => {
    const call = new TestCall({ bargeInAction: "pause" });
    call.conversation.onUpstreamReady();
    call.turn("r1");
    const item = call.audio("r1", "a", 5);
    call.conversation.onAudioDone("a");
    call.conversation.onResponseDone("r1", "completed");
    call.play(item, 5);
    call.effects.taken();
    call.effects.vad = VAD_STATE.SPEECH;
    call.frames(9, BARGE_MAYBE | ONSET_MAYBE);
    call.frames(1, BARGE);
    // Nothing is left to cut, and with the pause nothing is audible any more.
    expect(call.effects.log.slice(-2)).toEqual(["resume", "quiet"]);
    call.frames(1);
    expect(call.effects.log.at(-1)).toBe("quiet");
  });

  test("a protected utterance is not paused", () => {
    const call = new TestCall({ bargeInAction: "pause", greeting: GREETING });
    call.conversation.onUpstreamReady();
    call.created("g");
    call.play(call.audio("g", "ga", 100), 5);
    call.effects.taken();
    call.frames(3, BARGE_MAYBE);
    expect(call.effects.log).not.toContain("pause");
  });

  test("a goodbye that begins meanwhile is not kept waiting", () => {
    const call = speakingCall();
    call.frames(5, BARGE_MAYBE | ONSET_MAYBE);
    call.conversation.sayGoodbye("drained", "Say goodbye.");
    call.frames(1, BARGE);
    expect(call.effects.taken()).toEqual(["begin 35", "pause", "resume"]);
  });

  test("a pause whose decision is lost ends after 2 s", () => {
    const call = speakingCall();
    call.effects.vad = VAD_STATE.SPEECH;
    call.frames(100, BARGE_MAYBE | ONSET_MAYBE);
    expect(call.effects.log).not.toContain("resume");
    call.frames(1);
    expect(call.effects.log).toContain("resume");
  });

  test("by default nothing is paused", () => {
    const call = speakingCall({ bargeInAction: "interrupt" });
    call.frames(6, BARGE_MAYBE);
    call.frames(1, BARGE_FALSE);
    expect(call.effects.log).not.toContain("pause");
  });
});
