// Hybrid and speculative turns together: an early commit was taken back and its audio appended again,
// and frames of it stood in the conversation twice, for three reasons:
//   - what the provider had committed behind it, told only after ours was acknowledged, was taken for
//     a part of the turn, which had been committed by then (simulator, seeds 5528 and 6371);
//   - the pre-roll of the taken back turn reached behind the end of the turn before, which the
//     provider had committed by itself (seeds 7475 and 9584);
//   - the provider had committed the beginning of the span by itself, just before the turns became
//     local, and all of it was appended again (seeds 15184 and 18674).
import { describe, expect, test } from "bun:test";
import { end, goOn, pause, readyCall } from "../conversation/speculation-fixture.ts";
import { makeForwarder } from "../upstream/forwarder-fixture.ts";

test("S1-69: what was committed behind a half taken back is no part of the whole", () => {
  const { forwarder, capture } = makeForwarder();
  forwarder.begin(0);
  capture(50);
  expect(forwarder.commitEarly(30, 40)).toBe(50);
  capture(10);
  forwarder.takeBackEarly(30);
  capture(20);
  forwarder.end();
  forwarder.commit(75);
  expect(forwarder.onCommitted("the half")).toBe("taken_back");
  // Of frames 50 to 55, which were appended again.
  expect(forwarder.onProviderStopped("theirs", 55 * 20)).toBe(-1);
  expect(forwarder.onCommitted("theirs")).toBe("behind");
  // 60 frames, 30 of them again: what lies before frame 60.
  expect(forwarder.onProviderStopped("theirs too", 90 * 20)).toBe(60);
  expect(forwarder.onCommitted("theirs too")).toBe("turn");
  expect(forwarder.onCommitted("the whole")).toBe("turn");
});

test("S1-69: what the provider committed before the turns became local is not appended again", () => {
  const { forwarder, capture, appended } = makeForwarder("server_vad");
  forwarder.begin(0);
  capture(50);
  forwarder.setTurnDetection("local");
  expect(forwarder.onProviderStopped("theirs", 40 * 20)).toBe(40);
  forwarder.onCommitted("theirs");
  capture(20);
  expect(forwarder.commitEarly(30, 60)).toBe(70);
  appended.length = 0;
  forwarder.takeBackEarly(30);
  expect(appended[0]).toBe(40);
  expect(appended.at(-1)).toBe(69);
});

describe("S1-69: what is appended again begins no earlier than the newest turn ended", () => {
  function answered() {
    const call = readyCall({}, { turnDetection: "hybrid" });
    call.speak(20);
    pause(call, 8);
    call.conversation.onProviderSpeechStopped(28 * 20, 28);
    call.conversation.onCommitted("theirs", "provider");
    pause(call, 4);
    end(call);
    return call;
  }

  function half(call: ReturnType<typeof readyCall>): string[] {
    call.speak(20);
    pause(call, 10);
    goOn(call, 5);
    return call.effects.log.filter((line) => line.startsWith("take back"));
  }

  test("which the provider had committed", () => {
    expect(half(answered())).toEqual(["take back 28"]);
  });

  test("unless that was in another session", () => {
    const call = answered();
    call.conversation.onUpstreamLost();
    call.conversation.onUpstreamReady();
    expect(half(call)).toEqual(["take back 18"]);
  });
});
