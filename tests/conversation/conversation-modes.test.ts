// The greeting, protection, and the modes in which somebody else owns the turns.
import { describe, expect, test } from "bun:test";
import { CAPTURE_EVENT } from "../../service/contract/core.ts";
import { TestCall } from "./conversation-fixture.ts";

const GREETING = { instructions: "Say hello.", isProtected: true };

describe("Conversation greeting", () => {
  test("is asked for once the upstream is ready, unless the caller was first", () => {
    const call = new TestCall({ greeting: GREETING });
    call.conversation.onUpstreamReady();
    expect(call.effects.requests[0]?.instructions).toBe("Say hello.");
    const early = new TestCall({ greeting: GREETING });
    early.speak(20);
    early.conversation.onUpstreamReady();
    expect(early.effects.requests).toEqual([]);
  });

  test("protected: a barge-in does not cut it; speech that lasts becomes a turn after it", () => {
    const call = new TestCall({ greeting: GREETING });
    call.conversation.onUpstreamReady();
    call.created("g");
    const item = call.audio("g", "ga", 20);
    call.conversation.onAudioDone("ga");
    call.conversation.onResponseDone("g", "completed");
    call.play(item, 8);
    call.effects.taken();
    call.bargeIn(item);
    call.frames(1, CAPTURE_EVENT.ONSET);
    expect(call.effects.log.some((line) => /clear|truncate/.test(line))).toBe(false);
    call.playOn(item, 2);
    call.frames(1);
    expect(call.noticesOf("speech_started")).toEqual([]);
    call.frames(1);
    expect(call.noticesOf("speech_started")).toHaveLength(1);
    call.fallSilent();
    expect(call.effects.log.filter((line) => line.startsWith("commit"))).toEqual(["commit 1"]);
  });

  test("protected: speech that ended during it is dropped, or committed mute, per setting", () => {
    for (const protectedSpeech of ["drop", "commit"] as const) {
      const call = new TestCall({ greeting: GREETING, protectedSpeech });
      call.conversation.onUpstreamReady();
      call.created("g");
      call.play(call.audio("g", "ga", 100), 5);
      call.effects.taken();
      call.speak(20);
      call.fallSilent();
      const isCommitted = call.effects.log.includes("commit 0");
      expect(isCommitted).toBe(protectedSpeech === "commit");
      expect(call.effects.log.some((line) => line.startsWith("respond"))).toBe(false);
      expect(
        call.effects.counted(`protected_speech_${isCommitted ? "committed" : "dropped"}`),
      ).toBe(1);
    }
  });

  test("unprotected: the caller may cut it", () => {
    const call = new TestCall({ greeting: { ...GREETING, isProtected: false } });
    call.conversation.onUpstreamReady();
    call.created("g");
    const item = call.audio("g", "ga", 100);
    call.play(item, 5);
    call.effects.taken();
    call.bargeIn(item);
    expect(call.effects.log).toContain("clear");
  });
});

describe("Conversation when the provider owns the turns", () => {
  test("everything goes up; what was captured before it was ready too, up to 2 s", () => {
    const call = new TestCall({ turnDetection: "server_vad" });
    call.frames(150);
    call.conversation.onUpstreamReady();
    expect(call.effects.taken()).toEqual(["begin 50"]);
  });

  test("S0-07, S1-16, D-40: its speech_started is one direct call: clear, cancel, truncate", () => {
    const call = new TestCall({ turnDetection: "server_vad" });
    call.conversation.onUpstreamReady();
    call.conversation.onResponseCreated("p1");
    call.play(call.audio("p1", "a", 50), 5);
    call.effects.taken();
    call.conversation.onProviderSpeechStarted(1234);
    expect(call.effects.taken()).toEqual(["clear", "cancel p1", "truncate a/0 40", "quiet"]);
    expect(call.noticesOf("speech_started")).toEqual([
      { kind: "speech_started", turnId: 1, positionMs: 1234 },
    ]);
    expect(call.audio("p1", "a", 5)).toBe(0);
  });

  test("S1-58: latency counts from the local end of speech, passively", () => {
    const call = new TestCall({ turnDetection: "semantic_vad" });
    call.conversation.onUpstreamReady();
    call.conversation.onProviderSpeechStarted(0);
    call.frames(50);
    call.effects.endSamples = 40 * 160;
    call.conversation.onProviderSpeechStopped(900, 0);
    call.conversation.onCommitted("item1", "turn");
    call.conversation.onResponseCreated("p1");
    call.frames(10);
    call.play(call.audio("p1", "a", 5), 1);
    expect(call.noticesOf("turn_latency")).toMatchObject([{ endpointMs: 200, perceivedMs: 400 }]);
  });

  test("S1-58: a turn whose end was not heard here has no latency rather than a wrong one", () => {
    const call = new TestCall({ turnDetection: "semantic_vad" });
    call.conversation.onUpstreamReady();
    const turn = (id: string, endSamples: number) => {
      call.effects.endSamples = endSamples;
      call.frames(50);
      call.conversation.onProviderSpeechStarted(0);
      call.conversation.onProviderSpeechStopped(900, 0);
      call.conversation.onCommitted("item1", "turn");
      call.conversation.onResponseCreated(id);
      call.play(call.audio(id, `${id}-item`, 5), 1);
      call.conversation.onResponseDone(id, "completed");
    };
    turn("never-heard", 0);
    turn("heard", 40 * 160);
    turn("not-heard-again", 40 * 160);
    expect(call.noticesOf("turn_latency")).toMatchObject([{ turnId: 2 }]);
    expect(call.effects.counted("turn_end_unheard")).toBe(2);
  });

  test("local bits start no turn there, and its own events none in local mode", () => {
    const provider = new TestCall({ turnDetection: "server_vad" });
    provider.speak(20);
    provider.fallSilent();
    expect(provider.conversation.turnId()).toBe(0);
    const local = new TestCall();
    local.conversation.onProviderSpeechStarted(0);
    local.conversation.onProviderSpeechStopped(0, 0);
    expect(local.conversation.turnId()).toBe(0);
  });

  test("tool answers wait until the caller has stopped", () => {
    const call = new TestCall({ turnDetection: "server_vad" });
    call.conversation.onUpstreamReady();
    call.conversation.onProviderSpeechStarted(0);
    call.conversation.onToolAnswered();
    expect(call.effects.requests).toEqual([]);
    call.conversation.onProviderSpeechStopped(500, 0);
    expect(call.effects.requests).toHaveLength(1);
  });
});

describe("Conversation without turn detection (push to talk)", () => {
  test("onEndOfTurn() commits what came since the last one and asks", () => {
    const call = new TestCall({ turnDetection: "none" });
    call.conversation.onUpstreamReady();
    call.frames(50);
    call.effects.taken();
    call.conversation.onEndOfTurn();
    expect(call.effects.taken()).toEqual(["end 50", "commit 1", "begin 50", "respond turn:1"]);
    call.created("r1");
    call.frames(5);
    call.play(call.audio("r1", "a", 50), 5);
    call.effects.taken();
    call.conversation.onEndOfTurn();
    expect(call.effects.taken().slice(0, 3)).toEqual(["clear", "cancel r1", "truncate a/0 40"]);
  });

  test("an end of turn with next to nothing said is no turn", () => {
    const call = new TestCall({ turnDetection: "none" });
    call.conversation.onUpstreamReady();
    call.frames(4);
    call.conversation.onEndOfTurn();
    expect(call.effects.counted("turn_too_short")).toBe(1);
    expect(call.effects.requests).toEqual([]);
  });

  test("onEndOfTurn() before the upstream is ready is kept until it is", () => {
    const call = new TestCall({ turnDetection: "none" });
    call.frames(50);
    call.conversation.onEndOfTurn();
    expect(call.effects.taken()).toEqual([]);
    call.conversation.onUpstreamReady();
    expect(call.effects.taken()).toEqual([
      "begin 0",
      "end 50",
      "commit 1",
      "begin 50",
      "respond turn:1",
    ]);
  });
});
