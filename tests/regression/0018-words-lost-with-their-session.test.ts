// With the provider's turns and push to talk nothing was kept of what was sent: a session that was
// lost in mid-utterance took the words with it. Of 3.66 s the next session got 1.96; push to talk told
// 0 to 7.7 s as committed where 3.0 had arrived; and a provider's turn that was cut in two was told as
// two, the first of them never committed. A rotation cut words that the provider had not heard yet.
import { expect, test } from "bun:test";
import { VAD_STATE } from "../../service/contract/core.ts";
import { SEND } from "../../service/contract/send-result.ts";
import { SpanForwarder } from "../../service/upstream/span-forwarder.ts";
import { TestCall } from "../conversation/conversation-fixture.ts";
import { firstFrameIn, framesIn, TapeModel } from "../sim/tape-model.ts";

test.each(["server_vad", "semantic_vad", "none"] as const)(
  "I1: %s: what was sent and not committed is sent to the next session",
  (turnDetection) => {
    const got: number[] = [];
    const tape = new TapeModel();
    const sink = {
      isReady: () => true,
      append(source: Uint8Array, start: number, end: number) {
        const first = firstFrameIn(source, start);
        for (let index = 0; index < framesIn(start, end); index += 1) got.push(first + index);
        return SEND.SENT;
      },
      commit: () => SEND.SENT,
      clearInput: () => SEND.SENT,
    };
    const forwarder = new SpanForwarder(tape, sink, turnDetection);
    forwarder.begin(0);
    for (let frame = 0; frame < 20; frame += 1) {
      tape.onFrame();
      forwarder.onFrame();
    }
    got.length = 0;
    forwarder.onRestored(false);
    expect(got).toEqual([...new Array(20).keys()]);
  },
);

test("I1: a turn that was lost while the provider heard it is told once", () => {
  const call = new TestCall({ turnDetection: "server_vad" });
  call.conversation.onUpstreamReady();
  call.frames(10);
  call.conversation.onProviderSpeechStarted(0);
  call.conversation.onUpstreamLost();
  call.conversation.onUpstreamReplaced();
  call.conversation.onUpstreamRestored();
  call.conversation.onProviderSpeechStarted(0);
  call.conversation.onProviderSpeechStopped(0, 10);
  expect(call.noticesOf("speech_started")).toHaveLength(1);
  expect(call.noticesOf("speech_ended")).toHaveLength(1);
});

test("R8: a word that only the local detection hears is no moment to replace a session", () => {
  const call = new TestCall({ turnDetection: "server_vad" });
  call.conversation.onUpstreamReady();
  call.effects.vad = VAD_STATE.SPEECH_START;
  expect(call.conversation.isCallerQuiet()).toBe(false);
});
