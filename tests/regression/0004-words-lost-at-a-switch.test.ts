// The simulator that switches the turns' owner during calls found, in its first thousand seeds:
//   - a word that had begun a moment before local turns were given up lost its first frames, as the
//     span opened at that moment, without a pre-roll;
//   - words that the provider (or push to talk) had heard and nobody had ended yet were thrown away
//     when local turns took over in the silence after them;
//   - a session lost while the provider heard the caller left the turn open for ever, and nothing was
//     asked any more, not even the goodbye;
//   - a turn committed while the line was down was not sent when its owner changed before it was back.
import { describe, expect, test } from "bun:test";
import { SpanForwarder } from "../../service/upstream/span-forwarder.ts";
import { SEND } from "../../service/contract/send-result.ts";
import { TestCall } from "../conversation/conversation-fixture.ts";
import { firstFrameIn, framesIn, TapeModel } from "../sim/tape-model.ts";

describe("a switch of the turns' owner", () => {
  test("S4-C06: keeps the pre-roll of a word that has just begun", () => {
    const call = new TestCall();
    call.conversation.onUpstreamReady();
    call.frames(50);
    call.conversation.setTurnDetection("server_vad");
    expect(call.effects.taken()).toEqual(["begin 35"]);
  });

  for (const turnDetection of ["server_vad", "none"] as const) {
    test(`S4-C06: from ${turnDetection}, words that nobody has ended are a turn`, () => {
      const call = new TestCall({ turnDetection });
      call.conversation.onUpstreamReady();
      call.frames(20);
      call.speak(30);
      call.fallSilent();
      call.conversation.setTurnDetection("local");
      const sent = call.effects.log.filter((line) => /^(commit|discard|respond)/.test(line));
      expect(sent).toEqual(["commit 1", "respond turn:1"]);
    });
  }

  test("a lost session ends what its provider was hearing", () => {
    const call = new TestCall({ turnDetection: "server_vad" });
    call.conversation.onUpstreamReady();
    call.frames(20);
    call.conversation.onProviderSpeechStarted(300);
    call.conversation.onUpstreamLost();
    call.conversation.onUpstreamRestored();
    call.conversation.sayGoodbye("limit_reached", "Say goodbye.");
    expect(call.effects.requests).toHaveLength(1);
  });

  test("a turn that was committed while the line was down goes out whole when it is back", () => {
    const appended: number[] = [];
    let commits = 0;
    let isReady = true;
    const tape = new TapeModel();
    const sink = {
      isReady: () => isReady,
      append: (source: Uint8Array, start: number, end: number) => {
        for (let index = 0; index < framesIn(start, end); index += 1)
          appended.push(firstFrameIn(source, start) + index);
        return SEND.SENT;
      },
      commit: () => {
        commits += 1;
        return SEND.SENT;
      },
      clearInput: () => SEND.SENT,
    };
    const forwarder = new SpanForwarder(tape, sink, "local");
    for (let frame = 0; frame < 10; frame += 1) tape.onFrame();
    forwarder.begin(0);
    isReady = false;
    forwarder.end();
    forwarder.commit(0);
    appended.length = 0;
    forwarder.setTurnDetection("server_vad");
    forwarder.begin(10);
    isReady = true;
    forwarder.onRestored(false);
    expect(appended).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(commits).toBe(1);
  });
});
