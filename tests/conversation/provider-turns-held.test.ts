// Goal: where the provider owns the turns, speech that may not interrupt is held as under local turns
// (decision 14), and what is asked of the provider is asked once.
// Method: a conversation over recorded effects; the provider is told to commit only ("answered here").
import { describe, expect, test } from "bun:test";
import { isAnsweredHere } from "../../service/conversation/conversation-settings.ts";
import type { ConversationSettings } from "../../service/conversation/conversation-settings.ts";
import { providerTurns } from "../../service/upstream/provider-turns.ts";
import { TestCall } from "./conversation-fixture.ts";

const GREETING = { instructions: "Say hello.", isProtected: true };

/** The agent has been heard for 5 of 50 frames of its answer. */
function speakingAgent(settings: Partial<ConversationSettings>) {
  const call = new TestCall({ turnDetection: "server_vad", isAnsweredHere: true, ...settings });
  call.conversation.onUpstreamReady();
  call.frames(10);
  turn(call);
  call.created("r1");
  const item = call.audio("r1", "a", 50);
  call.play(item, 5);
  call.effects.taken();
  return { call, item };
}

function turn(call: TestCall): void {
  call.conversation.onProviderSpeechStarted(0);
  call.frames(10);
  call.conversation.onProviderSpeechStopped(200, 20);
  call.conversation.onCommitted("turn", "turn");
}

describe("isAnsweredHere()", () => {
  test("wherever something may not be interrupted, or an interruption is acknowledged", () => {
    expect(isAnsweredHere({ greeting: null })).toBe(false);
    expect(isAnsweredHere({ greeting: null, bargeInAction: "pause" })).toBe(false);
    expect(isAnsweredHere({ greeting: { ...GREETING, isProtected: false } })).toBe(false);
    expect(isAnsweredHere({ greeting: GREETING })).toBe(true);
    expect(isAnsweredHere({ greeting: null, isBargeInEnabled: false })).toBe(true);
    for (const bargeInAction of ["duck", "ignore", "acknowledge"] as const) {
      expect(isAnsweredHere({ greeting: null, bargeInAction })).toBe(true);
    }
  });

  test("the provider's detection is a signal then", () => {
    expect(providerTurns("server_vad", "semantic_vad", true)).toBe("server_vad_signal");
    expect(providerTurns("semantic_vad", "server_vad", true)).toBe("semantic_vad_signal");
    expect(providerTurns("semantic_vad", "server_vad", false)).toBe("semantic_vad");
    expect(providerTurns("local", "server_vad", true)).toBe(null);
    expect(providerTurns("hybrid", "server_vad", false)).toBe("server_vad_signal");
  });
});

describe("the provider's turns, answered here", () => {
  test("a turn is answered by one request, after the provider's commit", () => {
    const call = new TestCall({ turnDetection: "server_vad", isAnsweredHere: true });
    call.conversation.onUpstreamReady();
    call.frames(10);
    turn(call);
    expect(call.effects.log.filter((line) => line.startsWith("respond"))).toEqual([
      "respond turn:1",
    ]);
  });

  test.each([
    { bargeInAction: "ignore" as const },
    { bargeInAction: "duck" as const },
    { isBargeInEnabled: false },
  ])("S2-66: %p: speech over the agent is held, and kept or deleted when it ends", (settings) => {
    for (const protectedSpeech of ["commit", "drop"] as const) {
      const { call, item } = speakingAgent({ ...settings, protectedSpeech });
      call.conversation.onProviderSpeechStarted(400);
      call.playOn(item, 5);
      call.conversation.onProviderSpeechStopped(600, 25);
      call.conversation.onCommitted("over", "turn");
      const isCut = call.effects.log.some((line) => /^(clear|cancel|truncate)/.test(line));
      expect(isCut).toBe(false);
      expect(call.effects.log.some((line) => line.startsWith("respond"))).toBe(false);
      expect(call.effects.log.includes("delete over")).toBe(protectedSpeech === "drop");
      expect(call.noticesOf("speech_started")).toHaveLength(1);
      const became = protectedSpeech === "drop" ? "dropped" : "committed";
      expect(call.effects.counted(`protected_speech_${became}`)).toBe(1);
    }
  });

  test("held speech is a turn, from where it began, when the agent has fallen silent", () => {
    const { call, item } = speakingAgent({ bargeInAction: "ignore" });
    call.conversation.onAudioDone("a");
    call.conversation.onResponseDone("r1", "completed");
    call.conversation.onProviderSpeechStarted(400);
    call.playOn(item, 45);
    call.frames(10);
    expect(call.noticesOf("speech_started").at(-1)).toMatchObject({ turnId: 2, positionMs: 400 });
    call.conversation.onProviderSpeechStopped(1_400, 70);
    expect(call.effects.requests.map(({ tag }) => tag.split(":")[1])).toEqual(["1", "2"]);
  });

  test("S2-66: duck: the agent is quieter while the provider hears the caller", () => {
    const { call, item } = speakingAgent({ bargeInAction: "duck" });
    call.conversation.onProviderSpeechStarted(400);
    call.playOn(item, 2);
    expect(call.effects.taken().filter((line) => line.startsWith("gain"))).toEqual([
      "gain 0.25 in 40",
    ]);
    call.conversation.onProviderSpeechStopped(600, 25);
    call.playOn(item, 2);
    expect(call.effects.taken().filter((line) => line.startsWith("gain"))).toEqual([
      "gain 1 in 300",
    ]);
  });

  test("a session that is lost meanwhile hears held speech anew, and judges it anew", () => {
    const { call } = speakingAgent({ bargeInAction: "ignore" });
    call.conversation.onProviderSpeechStarted(400);
    call.conversation.onUpstreamLost();
    call.conversation.onUpstreamReplaced(true);
    call.conversation.onUpstreamRestored();
    expect(call.noticesOf("speech_ended")).toHaveLength(1);
    call.conversation.onProviderSpeechStarted(0);
    expect(call.noticesOf("speech_started")).toHaveLength(1);
  });

  test("a turn that is heard again is asked for then, not before", () => {
    const { call } = speakingAgent({});
    call.conversation.onUpstreamLost();
    call.conversation.onUpstreamReplaced(false);
    call.conversation.onUpstreamRestored();
    expect(call.effects.taken().filter((line) => line.startsWith("respond"))).toEqual([]);
    call.conversation.onProviderSpeechStarted(0);
    call.conversation.onProviderSpeechStopped(200, 20);
    expect(call.effects.taken().filter((line) => line.startsWith("respond"))).toEqual([
      "respond turn:1",
    ]);
  });
});

describe("the goodbye under the provider's turns", () => {
  test("the provider is told once that it answers nothing; speech does not cut the goodbye", () => {
    const call = new TestCall({ turnDetection: "semantic_vad" });
    call.conversation.onUpstreamReady();
    call.frames(10);
    call.conversation.sayGoodbye("limit_reached", "Say goodbye.");
    call.conversation.sayGoodbye("limit_reached", "Say goodbye.");
    expect(call.effects.log.filter((line) => line.startsWith("answer here"))).toEqual([
      "answer here semantic_vad",
    ]);
    call.created("g");
    call.play(call.audio("g", "ga", 50), 5);
    call.effects.taken();
    call.conversation.onProviderSpeechStarted(400);
    call.conversation.onProviderSpeechStopped(600, 25);
    expect(call.effects.log.some((line) => /^(clear|cancel|respond)/.test(line))).toBe(false);
  });
});
