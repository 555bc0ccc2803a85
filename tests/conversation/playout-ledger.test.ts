// The playout ledger by hand: what it counts, what it refuses, what it cuts.
// Rate 8000 Hz: 8 samples a millisecond, 160 a frame. Against an ear: playout-ledger-ear.test.ts.
import { describe, expect, test } from "bun:test";
import { type LedgerItem, PlayoutLedger } from "../../service/conversation/playout-ledger.ts";

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;

function setUp(itemId = "a", generatedFrames = 50) {
  const ledger = new PlayoutLedger(8000);
  const item = addItem(ledger, itemId, generatedFrames);
  return { ledger, item };
}

function addItem(ledger: PlayoutLedger, itemId: string, frames: number): LedgerItem {
  const item = ledger.itemFor({ responseId: "r1", itemId, contentIndex: 0, turnId: 1 });
  item.generatedSamples = frames * FRAME_SAMPLES;
  item.isGenerated = true;
  return item;
}

/** Three frames at once, then one per 20 ms, as the pacer does. */
function sendFrames(ledger: PlayoutLedger, item: LedgerItem, fromMs: number, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const nowMs = fromMs + Math.max(0, index - 2) * FRAME_MS;
    ledger.onSent(item.number, item.sentSamples, FRAME_SAMPLES, nowMs, FRAME_MS);
  }
}

describe("PlayoutLedger", () => {
  test("itemFor() numbers items from 1 and knows them again", () => {
    const { ledger, item } = setUp();
    expect(item.number).toBe(1);
    expect(ledger.itemFor(item)).toBe(item);
    expect(addItem(ledger, "b", 1).number).toBe(2);
    expect(ledger.item(2)?.itemId).toBe("b");
    expect(ledger.item(3)).toBeUndefined();
  });

  test("remembers 64 items and still finds the newest by number", () => {
    const { ledger } = setUp();
    for (let count = 2; count <= 100; count += 1) addItem(ledger, `i${count}`, 1);
    expect(ledger.items()).toHaveLength(64);
    expect(ledger.item(100)?.itemId).toBe("i100");
    expect(ledger.item(36)).toBeUndefined();
  });

  test("heard is what was sent minus what the far end still holds: the lead", () => {
    const { ledger, item } = setUp();
    sendFrames(ledger, item, 1000, 8);
    expect(item.sentSamples).toBe(8 * FRAME_SAMPLES);
    expect(ledger.heardSamples(item, 1000)).toBe(0);
    expect(ledger.heardSamples(item, 1100)).toBe(800);
    expect(ledger.isAudible(1100)).toBe(true);
    expect(ledger.drainMs(1100)).toBe(60);
    expect(ledger.heardSamples(item, 1160)).toBe(8 * FRAME_SAMPLES);
    expect(ledger.heardSamples(item, 5000)).toBe(8 * FRAME_SAMPLES);
    expect(ledger.isAudible(1160)).toBe(false);
  });

  test("an underrun moves only what comes after it", () => {
    const { ledger, item } = setUp();
    sendFrames(ledger, item, 0, 3);
    ledger.onSent(item.number, item.sentSamples, FRAME_SAMPLES, 500, FRAME_MS);
    expect(ledger.heardSamples(item, 60)).toBe(480);
    expect(ledger.heardSamples(item, 499)).toBe(480);
    expect(ledger.heardSamples(item, 510)).toBe(560);
  });

  test("filler that is still in the lead delays what follows, not what went before", () => {
    const { ledger, item } = setUp();
    sendFrames(ledger, item, 0, 3);
    ledger.onSent(0, 0, FRAME_SAMPLES, 20, FRAME_MS);
    ledger.onSent(0, 0, FRAME_SAMPLES, 40, FRAME_MS);
    ledger.onSent(item.number, item.sentSamples, FRAME_SAMPLES, 41, FRAME_MS);
    expect(ledger.heardSamples(item, 50)).toBe(400);
    expect(ledger.heardSamples(item, 60)).toBe(480);
    expect(ledger.heardSamples(item, 100)).toBe(480);
    expect(ledger.heardSamples(item, 110)).toBe(560);
  });

  test("a report is a lower bound at once", () => {
    const { ledger, item } = setUp();
    sendFrames(ledger, item, 0, 8);
    expect(ledger.onReport(item.number, 800, 90)).toBe(true);
    expect(ledger.heardSamples(item, 90)).toBe(800);
    expect(ledger.isEstimated(item)).toBe(false);
  });

  test("a late report does not make less heard: its delay is the way, not the ear", () => {
    const { ledger, item } = setUp();
    sendFrames(ledger, item, 0, 50);
    for (let at = 1; at <= 6; at += 1) ledger.onReport(item.number, at * 800, at * 100 + 120);
    expect(ledger.heardSamples(item, 720)).toBe(5760);
  });

  test("a far end that stalls is followed: the line moves when reports are later than any jitter", () => {
    const { ledger, item } = setUp();
    sendFrames(ledger, item, 0, 50);
    ledger.onReport(item.number, 800, 130);
    ledger.onReport(item.number, 1600, 230);
    // 300 ms stand still at the far end, then it goes on.
    ledger.onReport(item.number, 2400, 630);
    expect(ledger.heardSamples(item, 630)).toBe(2640);
    expect(ledger.drainMs(630)).toBe(670);
  });

  test("a delay that was jitter after all is taken back by the next quick report", () => {
    const { ledger, item } = setUp();
    sendFrames(ledger, item, 0, 50);
    ledger.onReport(item.number, 800, 110);
    ledger.onReport(item.number, 1600, 410);
    expect(ledger.heardSamples(item, 410)).toBe(1680);
    ledger.onReport(item.number, 2400, 412);
    ledger.onReport(item.number, 3200, 415);
    expect(ledger.heardSamples(item, 415)).toBe(3280);
  });

  test("reports that stop, stop the line 400 ms after the last one was due", () => {
    const { ledger, item } = setUp();
    sendFrames(ledger, item, 0, 50);
    ledger.onReport(item.number, 800, 110);
    expect(ledger.heardSamples(item, 510)).toBe(4080);
    expect(ledger.heardSamples(item, 900)).toBe(4080);
    expect(ledger.isHeardToEnd(item, 5000)).toBe(false);
  });

  test("a pause with nothing to report does not count as missing reports", () => {
    const { ledger, item } = setUp();
    sendFrames(ledger, item, 0, 5);
    ledger.onReport(item.number, 800, 110);
    const next = addItem(ledger, "b", 50);
    sendFrames(ledger, next, 10_000, 20);
    expect(ledger.heardSamples(next, 10_200)).toBe(1600);
  });

  test("a far end that gives up reporting is believed by the clock from the next run on", () => {
    const { ledger, item } = setUp();
    sendFrames(ledger, item, 0, 50);
    ledger.onReport(item.number, 800, 110);
    const second = addItem(ledger, "b", 50);
    sendFrames(ledger, second, 5_000, 50);
    expect(ledger.heardMs(second, 5_990)).toBeLessThan(600);
    const third = addItem(ledger, "c", 50);
    sendFrames(ledger, third, 10_000, 50);
    expect(ledger.heardMs(third, 10_990)).toBe(990);
  });

  test("reports of nothing sent, of the unknown and of the cut are counted and ignored", () => {
    const { ledger, item } = setUp();
    sendFrames(ledger, item, 0, 3);
    expect(ledger.onReport(item.number, 640, 50)).toBe(false);
    expect(ledger.onReport(99, 1, 50)).toBe(false);
    ledger.cut(30);
    expect(ledger.onReport(item.number, 480, 60)).toBe(true);
    expect(ledger.onReport(item.number, 640, 60)).toBe(false);
    expect(ledger.heardMs(item, 1000)).toBe(30);
  });

  test("an older report than the newest changes nothing", () => {
    const { ledger, item } = setUp();
    sendFrames(ledger, item, 0, 10);
    ledger.onReport(item.number, 800, 100);
    expect(ledger.onReport(item.number, 400, 105)).toBe(true);
    expect(item.acknowledgedSamples).toBe(800);
  });

  test("R6: cut() keeps what was heard, never more than was sent or generated", () => {
    const { ledger, item } = setUp("a", 4);
    sendFrames(ledger, item, 0, 4);
    const unsent = addItem(ledger, "b", 10);
    const cut = ledger.cut(70);
    expect(cut).toEqual([item, unsent]);
    expect(item.cutHeardSamples).toBe(560);
    expect(unsent.cutHeardSamples).toBe(0);
    expect(ledger.heardMs(item, 10_000)).toBe(70);
    expect(ledger.isAudible(70)).toBe(false);
    expect(ledger.isDrained(70)).toBe(true);
  });

  test("cut() leaves what was heard to its end alone, once", () => {
    const { ledger, item } = setUp("a", 4);
    sendFrames(ledger, item, 0, 4);
    expect(ledger.isHeardToEnd(item, 80)).toBe(true);
    expect(ledger.cut(80)).toEqual([]);
    const next = addItem(ledger, "b", 4);
    expect(ledger.cut(90)).toEqual([next]);
    expect(ledger.cut(91)).toEqual([]);
  });

  test("R5: an item that is generated but still in the far end's buffer is cut", () => {
    const { ledger, item } = setUp("a", 3);
    sendFrames(ledger, item, 0, 3);
    expect(ledger.cut(40)).toEqual([item]);
    expect(item.cutHeardSamples).toBe(320);
  });

  test("isDrained() waits for what is queued and for what is in the air", () => {
    const { ledger, item } = setUp("a", 4);
    expect(ledger.isDrained(0)).toBe(false);
    sendFrames(ledger, item, 0, 4);
    expect(ledger.isDrained(79)).toBe(false);
    expect(ledger.isDrained(80)).toBe(true);
  });

  test("frames out of order, or beyond what was generated, are our bug", () => {
    const { ledger, item } = setUp("a", 2);
    expect(() => ledger.onSent(item.number, 160, 160, 0, FRAME_MS)).toThrow("sent in order");
    sendFrames(ledger, item, 0, 2);
    expect(() => ledger.onSent(item.number, 320, 160, 0, FRAME_MS)).toThrow("more than was gen");
  });

  test("frames of a cut item count as air time only", () => {
    const { ledger, item } = setUp("a", 5);
    sendFrames(ledger, item, 0, 3);
    ledger.cut(10);
    ledger.onSent(item.number, 480, 160, 15, FRAME_MS);
    expect(item.sentSamples).toBe(480);
    expect(ledger.isAudible(20)).toBe(true);
  });
});
