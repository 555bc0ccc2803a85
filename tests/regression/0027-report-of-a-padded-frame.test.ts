// What happened: an item's last frame is filled up with silence, and a player on /v1/stream that
// reports what it received counts the whole frame. That report was taken for one of something never
// sent and thrown away, so the end of such an item was only ever estimated from the clock.
import { expect, test } from "bun:test";
import { PlayoutLedger } from "../../service/conversation/playout-ledger.ts";

test("a report that counts the padding of the last frame acknowledges the whole item", () => {
  const ledger = new PlayoutLedger(8000);
  const names = { responseId: "r", itemId: "i", contentIndex: 0, turnId: 1 };
  const item = ledger.itemFor(names);
  item.generatedSamples = 260;
  item.isGenerated = true;
  ledger.onSent(item.number, 0, 160, 0, 20);
  // 100 samples, and 60 of silence behind them.
  ledger.onSent(item.number, 160, 100, 20, 20);
  expect(ledger.onReport(item.number, 320, 45)).toBe(true);
  expect(item.acknowledgedSamples).toBe(260);
  expect(ledger.isEstimated(item)).toBe(false);
  expect(ledger.onReport(item.number, 420, 50)).toBe(false);
});
