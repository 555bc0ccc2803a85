// Goal: every acknowledgement and refusal is about the commit it belongs to, in order, whatever
// became of that commit meanwhile.
// Method: spans of plain numbers; [first, speech end) in frames.
import { describe, expect, test } from "bun:test";
import { CommitAcks, type CommittedSpan } from "../../service/upstream/commit-acks.ts";
import type { HeardAt } from "../../service/upstream/provider-clock.ts";

function span(firstFrame: number, speechEndFrame = firstFrame + 10): CommittedSpan {
  return { firstFrame, speechEndFrame };
}

function at(frame: number, isToldAgain = false): HeardAt {
  return { frame, isToldAgain };
}

describe("CommitAcks under local turns", () => {
  test("the provider answers in order: the oldest commit first", () => {
    const acks = new CommitAcks();
    const [turn, early] = [span(0), span(20)];
    acks.push(turn, false);
    acks.push(early, true);
    expect(acks.oldest()).toBe(turn);
    expect(acks.onCommitted("a")).toEqual({ ack: "turn", span: turn });
    expect(acks.oldest()).toBe(early);
    expect(acks.onCommitted("b")).toEqual({ ack: "early", span: early });
    expect(acks.oldest()).toBeUndefined();
  });

  test("S1-68: an early commit that is kept is a turn, one taken back is told apart", () => {
    const acks = new CommitAcks();
    const [kept, back, turn] = [span(0), span(20), span(20, 40)];
    acks.push(kept, true);
    acks.push(back, true);
    acks.push(turn, false);
    acks.keep(kept);
    acks.takeBack(back);
    expect(acks.onCommitted("a")).toEqual({ ack: "turn", span: kept });
    // Its audio goes out again within the turn: it is nobody's to keep.
    expect(acks.onCommitted("b")).toEqual({ ack: "taken_back", span: null });
    expect(acks.onCommitted("c")).toEqual({ ack: "turn", span: turn });
  });

  test("a refusal ends the wait of the oldest, and says which kind it was", () => {
    const acks = new CommitAcks();
    const [early, back] = [span(0), span(20)];
    acks.push(early, true);
    acks.push(back, true);
    acks.takeBack(back);
    expect(acks.onRefused().ack).toBe("early");
    expect(acks.onRefused().ack).toBe("taken_back");
    expect(acks.onRefused()).toEqual({ ack: "turn", span: null });
  });

  test("keep() and takeBack() after the acknowledgement change nothing", () => {
    const acks = new CommitAcks();
    const [early, later] = [span(0), span(20)];
    acks.push(early, true);
    acks.onCommitted("a");
    acks.push(later, true);
    acks.keep(early);
    acks.takeBack(early);
    expect(acks.onCommitted("b")).toEqual({ ack: "early", span: later });
  });

  test("a lost session: what was not acknowledged is wanted again, but not what was taken back", () => {
    const acks = new CommitAcks();
    const [turn, back, early] = [span(0), span(20), span(40)];
    acks.push(turn, false);
    acks.push(back, true);
    acks.push(early, true);
    acks.takeBack(back);
    expect(acks.takeAll()).toEqual([turn, early]);
    expect(acks.takeAll()).toEqual([]);
    expect(acks.onCommitted("late")).toEqual({ ack: "turn", span: null });
  });

  test("an item that a detection named before is one of ours where the turns are its own", () => {
    const acks = new CommitAcks();
    const turn = span(0);
    acks.push(turn, false);
    acks.onProviderStopped("a", at(50), false);
    expect(acks.onCommitted("a")).toEqual({ ack: "turn", span: turn });
  });
});

describe("CommitAcks under hybrid turns", () => {
  test("S1-70: the provider's commit with none of ours under way is its own", () => {
    const acks = new CommitAcks();
    acks.onProviderStopped("p", at(12), true);
    expect(acks.onCommitted("p")).toEqual({ ack: "provider", span: null });
  });

  test("S1-70: one that holds the speech of ours is the turn; ours is what lies behind it", () => {
    const acks = new CommitAcks();
    const turn = span(0, 10);
    acks.push(turn, false);
    acks.onProviderStopped("p", at(12), true);
    expect(acks.onCommitted("p")).toEqual({ ack: "turn", span: null });
    expect(acks.onCommitted("ours")).toEqual({ ack: "behind", span: turn });
  });

  test("S1-69: the same of an early commit, and of one taken back meanwhile", () => {
    const acks = new CommitAcks();
    const early = span(0, 10);
    acks.push(early, true);
    acks.onProviderStopped("p", at(10), true);
    expect(acks.onCommitted("p").ack).toBe("early");
    acks.takeBack(early);
    expect(acks.onCommitted("ours").ack).toBe("behind");
    acks.push(early, true);
    acks.takeBack(early);
    acks.onProviderStopped("q", at(10), true);
    expect(acks.onCommitted("q").ack).toBe("taken_back");
  });

  test("one that ends before our speech does holds a part of it; ours is still awaited as the turn", () => {
    const acks = new CommitAcks();
    const turn = span(0, 10);
    acks.push(turn, false);
    acks.onProviderStopped("p", at(6), true);
    expect(acks.onCommitted("p")).toEqual({ ack: "turn", span: null });
    expect(acks.onCommitted("ours")).toEqual({ ack: "turn", span: turn });
  });

  test("S1-70: one that holds a part of what was taken back goes, but ours is still to come", () => {
    const acks = new CommitAcks();
    const early = span(0, 10);
    acks.push(early, true);
    acks.takeBack(early);
    acks.onProviderStopped("p", at(6), true);
    expect(acks.onCommitted("p").ack).toBe("behind");
    expect(acks.onCommitted("ours").ack).toBe("taken_back");
  });

  test("S1-69: one from before a take-back, told behind ours, is no part of the next", () => {
    for (const isToldFirst of [false, true]) {
      const acks = new CommitAcks();
      const [early, turn] = [span(0, 10), span(0, 30)];
      acks.push(early, true);
      if (isToldFirst) acks.onProviderStopped("p", at(12), true);
      acks.takeBack(early);
      acks.push(turn, false);
      expect(acks.onCommitted("half").ack).toBe("taken_back");
      if (!isToldFirst) acks.onProviderStopped("p", at(12, true), true);
      expect(acks.onCommitted("p")).toEqual({ ack: "behind", span: null });
      expect(acks.onCommitted("whole")).toEqual({ ack: "turn", span: turn });
    }
  });

  test("one that ends before our span begins has nothing to do with it", () => {
    const acks = new CommitAcks();
    const turn = span(20, 30);
    acks.push(turn, false);
    acks.onProviderStopped("p", at(20), true);
    expect(acks.onCommitted("p")).toEqual({ ack: "provider", span: null });
    expect(acks.onCommitted("ours")).toEqual({ ack: "turn", span: turn });
  });
});
