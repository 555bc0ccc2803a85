// Barge-in with the actions that neither only cut nor only pause: acknowledge, duck and ignore
// (S2-66, S2-72). Method: whole conversations over recorded effects; "gain" is what the far end
// hears the agent at.
import { describe, expect, test } from "bun:test";
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import type { BargeInAction } from "../../service/conversation/barge-in-action.ts";
import type { ConversationSettings } from "../../service/conversation/conversation-settings.ts";
import { TestCall } from "./conversation-fixture.ts";

const { BARGE_MAYBE, BARGE, BARGE_FALSE, ONSET_MAYBE, ONSET, ONSET_FALSE, END } = CAPTURE_EVENT;
const WORDS = "Begin with: I understand.";
const GREETING = { instructions: "Say hello.", isProtected: true };

/** A call whose agent speaks item 1, ten frames of it sent. */
function speakingCall(
  bargeInAction: BargeInAction,
  settings: Partial<ConversationSettings> = {},
): TestCall {
  const call = new TestCall({ bargeInAction, ...settings });
  call.conversation.onUpstreamReady();
  call.turn("r1");
  call.play(call.audio("r1", "a", 100), 10);
  call.effects.taken();
  return call;
}

/** The caller speaks over the agent for `count` frames; accumulator and turn machine hear it. */
function speakOver(call: TestCall, count: number): void {
  call.effects.vad = VAD_STATE.SPEECH;
  call.framesOver(1, 9, BARGE_MAYBE | ONSET_MAYBE);
  call.framesOver(1, 3, BARGE);
  call.framesOver(1, count - 12, ONSET);
}

function fallSilent(call: TestCall): void {
  call.framesOver(1, 14);
  call.effects.vad = VAD_STATE.SILENCE;
  call.framesOver(1, 1, END);
}

describe("S2-66, S2-72: Conversation with bargeInAction acknowledge", () => {
  const acknowledge = () => speakingCall("acknowledge", { acknowledgement: WORDS });

  test("cuts as an interruption does, and asks for the acknowledgement when the caller is done", () => {
    const call = acknowledge();
    call.bargeIn(1);
    const cut = call.effects.taken();
    expect(cut.filter((line) => /^(clear|cancel|truncate|quiet)/.test(line))).toHaveLength(4);
    expect(call.effects.requests).toHaveLength(1);
    call.frames(30);
    call.conversation.onResponseDone("r1", "cancelled");
    expect(call.effects.requests).toHaveLength(1);
    call.fallSilent();
    expect(call.effects.requests.at(-1)?.instructions).toBe(WORDS);
    expect(call.effects.tag()).toStartWith("turn:2:");
  });

  test("once: the next turn that interrupts nothing is answered as ever", () => {
    const call = acknowledge();
    call.bargeIn(1);
    call.conversation.onResponseDone("r1", "cancelled");
    call.fallSilent();
    call.created("r2");
    call.conversation.onResponseDone("r2", "completed");
    call.turn("r3");
    expect(call.effects.requests.map(({ instructions }) => instructions)).toEqual(["", WORDS, ""]);
  });

  test("not for a turn that came before anything of the answer was heard", () => {
    const call = new TestCall({ bargeInAction: "acknowledge", acknowledgement: WORDS });
    call.conversation.onUpstreamReady();
    call.turn("r1");
    call.audio("r1", "a", 100);
    call.speak(20);
    call.conversation.onResponseDone("r1", "cancelled");
    call.fallSilent();
    expect(call.effects.requests.map(({ instructions }) => instructions)).toEqual(["", ""]);
  });

  test("not for the application's Interrupt or a typed message", () => {
    const call = acknowledge();
    call.bargeIn(1);
    call.conversation.onResponseDone("r1", "cancelled");
    call.conversation.onText();
    call.fallSilent();
    for (const { instructions } of call.effects.requests) expect(instructions).toBe("");
  });
});

describe("S2-66, S2-72: Conversation with bargeInAction duck", () => {
  test("goes on at a quarter of its level while the caller speaks, and comes back with a ramp", () => {
    const call = speakingCall("duck", { protectedSpeech: "commit" });
    speakOver(call, 30);
    expect(call.effects.taken()).toEqual(["begin 35", "gain 0.25 in 40"]);
    fallSilent(call);
    expect(call.effects.taken()).toEqual(
      ["hint over", "end 87", "commit 1", "gain 1 in 300"].slice(1),
    );
    expect(call.conversation.sequence().state()).toBe("active");
    expect(call.effects.requests).toHaveLength(1);
    expect(call.effects.counted("barge_in_ducked")).toBe(1);
    expect(call.effects.counted("barge_in")).toBe(0);
  });

  test("a cough ducks for a moment and leaves nothing upstream", () => {
    const call = speakingCall("duck");
    call.framesOver(1, 6, BARGE_MAYBE);
    call.framesOver(1, 1, BARGE_FALSE);
    expect(call.effects.taken()).toEqual([
      "begin 35",
      "gain 0.25 in 40",
      "discard",
      "gain 1 in 300",
    ]);
  });

  test("a word that the accumulator took is held though the turn machine gave it up", () => {
    const call = speakingCall("duck", { protectedSpeech: "commit" });
    call.effects.vad = VAD_STATE.SPEECH_START;
    call.framesOver(1, 10, BARGE_MAYBE | ONSET_MAYBE);
    call.framesOver(1, 2, BARGE);
    call.effects.vad = VAD_STATE.SILENCE;
    call.framesOver(1, 26, ONSET_FALSE);
    expect(call.effects.log).toContain("commit 1");
    expect(call.effects.log.at(-1)).toBe("gain 1 in 300");
  });

  test("speech that outlasts the answer becomes a turn, and the next answer is not quiet", () => {
    const call = speakingCall("duck");
    speakOver(call, 30);
    call.conversation.onAudioDone("a");
    call.conversation.onResponseDone("r1", "completed");
    call.effects.taken();
    call.frames(20);
    const log = call.effects.taken();
    expect(log).toContain("quiet");
    expect(log).toContain("gain 1 in 0");
    expect(call.noticesOf("speech_started")).toHaveLength(2);
  });

  test("the application's Interrupt cuts it, and the level is back for what comes next", () => {
    const call = speakingCall("duck");
    speakOver(call, 30);
    call.effects.taken();
    call.conversation.onInterrupt();
    expect(call.effects.taken()).toEqual(
      expect.arrayContaining(["clear", "gain 1 in 0", "cancel r1"]),
    );
  });

  test("a protected greeting is not ducked", () => {
    const call = new TestCall({ bargeInAction: "duck", greeting: GREETING });
    call.conversation.onUpstreamReady();
    call.created("g");
    call.play(call.audio("g", "ga", 100), 5);
    speakOver(call, 20);
    expect(call.effects.log.filter((line) => line.startsWith("gain"))).toEqual([]);
  });

  test("the level is the operator's", () => {
    const call = speakingCall("duck", { duckGain: 0.5 });
    call.frames(1, BARGE_MAYBE);
    expect(call.effects.log.at(-1)).toBe("gain 0.5 in 40");
  });
});

describe("S2-66, S2-72: Conversation with bargeInAction ignore", () => {
  test.each([
    ["drop", "discard"],
    ["commit", "commit 1"],
  ] as const)("nothing happens to the agent; the words are held: %s", (protectedSpeech, last) => {
    const call = speakingCall("ignore", { protectedSpeech });
    speakOver(call, 30);
    expect(call.effects.taken()).toEqual(["begin 35"]);
    fallSilent(call);
    expect(call.effects.log.at(-1)).toBe(last);
    expect(call.effects.requests).toHaveLength(1);
    expect(call.noticesOf("barge_in")).toEqual([]);
  });

  test("speech that outlasts the answer becomes a turn from its own onset", () => {
    const call = speakingCall("ignore");
    speakOver(call, 30);
    call.conversation.onAudioDone("a");
    call.conversation.onResponseDone("r1", "completed");
    call.frames(20);
    call.fallSilent();
    expect(call.effects.log).toContain("commit 2");
    expect(call.effects.log.filter((line) => line.startsWith("begin"))).toEqual(["begin 35"]);
  });
});
