// Goal: what an always open span holds is kept for another session, whoever owns the turns, within
// bounds: what was let go is not sent again, what the tape lost is passed over, and no frame twice.
// Method: the simulator's tape of numbered frames, and one that has lost some; a sink that writes down.
import { describe, expect, test } from "bun:test";
import { SEND } from "../../service/contract/send-result.ts";
import { SpanForwarder } from "../../service/upstream/span-forwarder.ts";
import { firstFrameIn, framesIn, TapeModel } from "../sim/tape-model.ts";

function makeLine(turnDetection: "server_vad" | "semantic_vad" | "none", tape = new TapeModel()) {
  let got: number[] = [];
  let commits = 0;
  const sink = {
    isReady: () => true,
    append(source: Uint8Array, start: number, end: number) {
      const first = firstFrameIn(source, start);
      for (let index = 0; index < framesIn(start, end); index += 1) got.push(first + index);
      return SEND.SENT;
    },
    commit() {
      commits += 1;
      return SEND.SENT;
    },
    clearInput: () => SEND.SENT,
  };
  const forwarder = new SpanForwarder(tape, sink, turnDetection);
  const capture = (frames: number) => {
    for (let frame = 0; frame < frames; frame += 1) {
      tape.onFrame();
      forwarder.onFrame();
    }
  };
  /** First and last of what came since the last call, which is without a gap. */
  const news = () => {
    const frames = got;
    got = [];
    const [first = -1] = frames;
    expect(frames).toEqual(frames.map((_, index) => first + index));
    return [first, frames.at(-1) ?? -1];
  };
  return { forwarder, capture, news, commits: () => commits };
}

describe("SpanForwarder, always open spans", () => {
  test.each(["server_vad", "semantic_vad", "none"] as const)(
    "I1: %s: another session gets all that was not let go, and what comes",
    (turnDetection) => {
      const { forwarder, capture, news } = makeLine(turnDetection);
      forwarder.begin(0);
      capture(300);
      expect(news()).toEqual([0, 299]);
      forwarder.trim(120);
      forwarder.onRestored(false);
      capture(5);
      expect(news()).toEqual([120, 304]);
    },
  );

  test("I5: push to talk: a commit without acknowledgement is made again, as far as it was kept", () => {
    const { forwarder, capture, news, commits } = makeLine("none");
    forwarder.begin(0);
    capture(50);
    forwarder.end();
    forwarder.commit(50);
    forwarder.begin(50);
    capture(10);
    news();
    forwarder.onRestored(false);
    expect(news()).toEqual([0, 59]);
    expect(commits()).toBe(2);
  });

  test("S4-C06: what was let go of a span cannot be taken back, so nothing of it is committed early", () => {
    const { forwarder, capture } = makeLine("none");
    forwarder.begin(0);
    capture(50);
    forwarder.trim(20);
    forwarder.setTurnDetection("local");
    expect(forwarder.commitEarly(30, 50)).toBe(-1);
    forwarder.onRestored(false);
    expect(forwarder.commitEarly(30, 50)).toBe(50);
  });

  test("an answered turn is let go before a tape that is never closed is full", () => {
    let keptFrom = 0;
    class WatchedTape extends TapeModel {
      override tapeDrop(frameIndex: number): void {
        keptFrom = frameIndex;
        super.tapeDrop(frameIndex);
      }
    }
    const { forwarder, capture } = makeLine("none", new WatchedTape());
    forwarder.begin(0);
    capture(100);
    forwarder.end();
    forwarder.commit(100);
    forwarder.begin(100);
    forwarder.onCommitted("");
    capture(2_700);
    expect(keptFrom).toBe(0);
    capture(200);
    expect(keptFrom).toBe(100);
  });

  test("frames that the tape has lost are passed over: what follows is sent, once", () => {
    class LossyTape extends TapeModel {
      override tapeRead(from: number, to: number, read: Parameters<TapeModel["tapeRead"]>[2]) {
        return super.tapeRead(Math.max(from, 40), to, read);
      }
    }
    const { forwarder, capture, news, commits } = makeLine("none", new LossyTape());
    forwarder.begin(0);
    capture(60);
    forwarder.end();
    forwarder.commit(60);
    expect(news()).toEqual([40, 59]);
    expect(commits()).toBe(1);
  });
});
