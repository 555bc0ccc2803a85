// An interruption does three things in one order: clear, cancel, truncate or delete.
// Method: interrupt() on a ledger and a sequence set up by hand; 8 samples a millisecond.
import { describe, expect, test } from "bun:test";
import { interrupt } from "../../service/conversation/interruption.ts";
import { PlayoutLedger } from "../../service/conversation/playout-ledger.ts";
import { ResponseSequence } from "../../service/conversation/response-sequence.ts";
import { RecordedEffects } from "./recorded-effects.ts";

const FRAME_SAMPLES = 160;

function setUp() {
  const effects = new RecordedEffects();
  const ledger = new PlayoutLedger(8000);
  const sequence = new ResponseSequence(effects);
  const cut = (nowMs: number) =>
    interrupt(ledger, sequence, effects, nowMs, () => effects.log.push("generation"));
  const respond = () => {
    sequence.ask({ asker: "turn", turnId: 0, instructions: "", deadlineMs: 1000 });
    sequence.onCreated("r1", effects.tag());
    effects.taken();
  };
  const item = (itemId: string, generatedFrames: number, sentFrames: number) => {
    const entry = ledger.itemFor({ responseId: "r1", itemId, contentIndex: 2, turnId: 1 });
    entry.generatedSamples = generatedFrames * FRAME_SAMPLES;
    for (let count = 0; count < sentFrames; count += 1) {
      ledger.onSent(entry.number, entry.sentSamples, FRAME_SAMPLES, 0, 20);
    }
    return entry;
  };
  return { effects, ledger, sequence, cut, respond, item };
}

describe("interrupt()", () => {
  test("S1-31, D-22: clears, cancels, then truncates at what was heard", () => {
    const { effects, cut, respond, item } = setUp();
    respond();
    item("a", 50, 3);
    expect(cut(35)).toEqual({ wasAudible: true, item: 1, heardMs: 35 });
    expect(effects.taken()).toEqual(["generation", "clear", "cancel r1", "truncate a/2 35"]);
    expect(effects.notices).toEqual([
      {
        kind: "receipt",
        item: 1,
        heardSamples: 280,
        heardMs: 35,
        isEstimated: true,
        isComplete: false,
      },
    ]);
  });

  test("R6: an item of which nothing was heard is deleted, not truncated at 0", () => {
    const { effects, cut, respond, item } = setUp();
    respond();
    item("a", 50, 3);
    item("b", 50, 0);
    cut(20);
    expect(effects.taken().slice(3)).toEqual(["truncate a/2 20", "delete b"]);
    expect(effects.counted("item_deleted")).toBe(1);
    expect(effects.counted("truncated")).toBe(1);
  });

  test("R5, S1-16: a finished response whose audio still plays is cut, with nothing to cancel", () => {
    const { effects, sequence, cut, respond, item } = setUp();
    respond();
    item("a", 3, 3).isGenerated = true;
    sequence.onDone("r1");
    cut(20);
    expect(effects.taken()).toEqual(["generation", "clear", "truncate a/2 20"]);
  });

  test("a response without audio yet is cancelled; nothing is cleared or cut", () => {
    const { effects, cut, respond } = setUp();
    respond();
    expect(cut(0).wasAudible).toBe(false);
    expect(effects.taken()).toEqual(["cancel r1"]);
  });

  test("with nothing going on nothing is done", () => {
    const { effects, cut } = setUp();
    expect(cut(0)).toEqual({ wasAudible: false, item: 0, heardMs: 0 });
    expect(effects.log).toEqual([]);
  });

  test("what was heard to its end stays whole", () => {
    const { effects, cut, item } = setUp();
    item("a", 3, 3).isGenerated = true;
    cut(60);
    expect(effects.log).toEqual([]);
  });
});
