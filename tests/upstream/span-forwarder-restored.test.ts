// Goal: after a loss every caller frame reaches exactly one acknowledged commit (I1, I5).
// Method: a tape of numbered frames and a sink that writes down what it gets; the sink forgets, as
// a new session would.
import { describe, expect, test } from "bun:test";
import { SEND } from "../../service/contract/send-result.ts";
import { SpanForwarder } from "../../service/upstream/span-forwarder.ts";

function makeLine() {
  const got: string[] = [];
  const state = { frames: 0, isReady: true, end: 0, open: false };
  const tape = {
    framesCaptured: () => state.frames,
    tapeBegin: (frameIndex: number) => Math.max(frameIndex, state.end),
    tapeEnd() {
      state.end = state.frames;
      return state.frames;
    },
    tapeUndo: () => undefined,
    tapeDrop: () => undefined,
    tapeRead(from: number, to: number) {
      for (let frame = from; frame < to; frame += 1) got.push(String(frame));
      return to - from;
    },
  };
  const sink = {
    isReady: () => state.isReady,
    append: () => SEND.SENT,
    commit() {
      got.push("commit");
      return SEND.SENT;
    },
    clearInput() {
      got.push("clear");
      return SEND.SENT;
    },
  };
  const forwarder = new SpanForwarder(tape, sink, "local");
  const capture = (count: number) => {
    for (let index = 0; index < count; index += 1) {
      state.frames += 1;
      forwarder.onFrame();
    }
  };
  /** What came since the last call. */
  const news = () => got.splice(0).join(" ");
  return { forwarder, capture, news, state };
}

describe("SpanForwarder.onRestored()", () => {
  test("I1: an open span goes out again from its first frame, and on from there", () => {
    const { forwarder, capture, news, state } = makeLine();
    capture(2);
    forwarder.begin(0);
    capture(5);
    state.isReady = false;
    capture(1);
    news();
    state.isReady = true;
    forwarder.onRestored(false);
    expect(news()).toBe("0 1 2 3 4 5 6 7");
    capture(1);
    forwarder.end();
    forwarder.commit(0);
    expect(news()).toBe("8 commit");
  });

  test("I5: a commit that was not acknowledged is made again, one that was is not", () => {
    const { forwarder, capture, news } = makeLine();
    forwarder.begin(0);
    capture(2);
    forwarder.end();
    forwarder.commit(0);
    forwarder.onCommitted("");
    forwarder.begin(2);
    capture(2);
    forwarder.end();
    forwarder.commit(0);
    expect(news()).toBe("0 1 commit 2 3 commit");
    forwarder.onRestored(false);
    expect(news()).toBe("2 3 commit");
    forwarder.onCommitted("");
    forwarder.onRestored(false);
    expect(news()).toBe("");
  });

  test("an acknowledged turn that nobody wrote down is said again when its answer was lost", () => {
    const { forwarder, capture, news } = makeLine();
    forwarder.begin(0);
    capture(2);
    forwarder.end();
    forwarder.commit(0);
    forwarder.onCommitted("");
    news();
    forwarder.onRestored(true);
    expect(news()).toBe("0 1 commit");
    forwarder.onCommitted("");
    forwarder.begin(2);
    capture(1);
    news();
    forwarder.onRestored(true);
    expect(news()).toBe("2");
  });
});
