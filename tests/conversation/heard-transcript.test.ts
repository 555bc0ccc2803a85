// Goal: what is written down of a call is what was heard, not what was generated.
// Method: a real ledger moved by hand, notices as the conversation gives them.
import { describe, expect, test } from "bun:test";
import { heardText } from "../../service/conversation/heard-text.ts";
import { type HeardWords, HeardTranscript } from "../../service/conversation/heard-transcript.ts";
import { type LedgerItem, PlayoutLedger } from "../../service/conversation/playout-ledger.ts";

const RATE_HZ = 8_000;
const FRAME = 160;

function setUp() {
  const ledger = new PlayoutLedger(RATE_HZ);
  const heard: HeardWords[] = [];
  const transcript = new HeardTranscript(ledger, (words) => heard.push(words));
  const item = (itemId: string, audioMs: number): LedgerItem => {
    const made = ledger.itemFor({ responseId: "r", itemId, contentIndex: 0, turnId: 1 });
    made.generatedSamples = (audioMs * RATE_HZ) / 1_000;
    return made;
  };
  const play = (made: LedgerItem, fromMs: number, ms: number) => {
    for (let sentMs = 0; sentMs < ms; sentMs += 20) {
      ledger.onSent(made.number, (sentMs * RATE_HZ) / 1_000, FRAME, fromMs + sentMs, 20);
    }
  };
  const says = (made: LedgerItem | null, text: string, isFinal: boolean) =>
    transcript.onNotice({
      ...{ kind: "transcript", speaker: "agent", text, isFinal },
      ...{ turnId: 1, item: made?.number ?? 0 },
    });
  const receipt = (made: LedgerItem, isComplete: boolean) =>
    transcript.onNotice({
      ...{ kind: "receipt", item: made.number, heardSamples: 0, heardMs: 0 },
      ...{ isEstimated: true, isComplete },
    });
  return { ledger, heard, transcript, item, play, says, receipt };
}

const TEXT = "one two three four five six seven eight nine ten";

describe("HeardTranscript", () => {
  test("the caller's words are there when they are written down", () => {
    const { transcript, heard } = setUp();
    const words = { kind: "transcript", speaker: "caller", turnId: 3, item: 0 } as const;
    transcript.onNotice({ ...words, text: "What is", isFinal: false });
    transcript.onNotice({ ...words, text: " What is the weather? ", isFinal: true });
    transcript.onText(4, "typed");
    expect(heard).toEqual([
      { speaker: "caller", turnId: 3, text: "What is the weather?" },
      { speaker: "caller", turnId: 4, text: "typed" },
    ]);
  });

  test("the agent's words are there when the last of them was heard, and once", () => {
    const { heard, item, says, receipt } = setUp();
    const answer = item("a", 1_000);
    says(answer, "one two ", false);
    says(answer, "three", false);
    says(answer, TEXT, true);
    expect(heard).toEqual([]);
    receipt(answer, true);
    receipt(answer, true);
    expect(heard).toEqual([{ speaker: "agent", turnId: 1, text: TEXT }]);
  });

  test("words that come after their sound are waited for", () => {
    const { heard, item, says, receipt } = setUp();
    const answer = item("a", 1_000);
    says(answer, "one", false);
    receipt(answer, true);
    expect(heard).toEqual([]);
    says(answer, TEXT, true);
    expect(heard.map(({ text }) => text)).toEqual([TEXT]);
  });

  test("an interruption leaves the words that were heard, as the ledger has them", () => {
    const { ledger, heard, item, play, says, receipt } = setUp();
    const answer = item("a", 1_000);
    const queued = item("b", 1_000);
    says(answer, TEXT, true);
    says(queued, "never heard", true);
    play(answer, 0, 500);
    ledger.cut(500);
    receipt(answer, false);
    const cut = heardText(TEXT, 8_000, answer.cutHeardSamples);
    expect(heard).toEqual([{ speaker: "agent", turnId: 1, text: cut }]);
    expect(cut).toEndWith(" …");
    expect(TEXT.startsWith(cut.slice(0, -2))).toBe(true);
    expect(cut.length).toBeLessThan(TEXT.length * 0.55);
    expect(cut.length).toBeGreaterThan(TEXT.length * 0.3);
  });

  test("a call that ends leaves the words up to there", () => {
    const { transcript, heard, item, play, says } = setUp();
    const answer = item("a", 1_000);
    says(null, "one ", false);
    says(answer, "two three four", false);
    play(answer, 0, 1_000);
    transcript.close(520);
    expect(heard[0]?.text).toStartWith("one two");
    expect(heard[0]?.text).toEndWith(" …");
    transcript.close(9_000);
    expect(heard.length).toBe(1);
  });
});
