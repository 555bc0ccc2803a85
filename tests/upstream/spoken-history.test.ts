// Goal: the text of a call holds what was heard, in order, within its bounds.
// Expected texts follow from the shares: "one two three four" is 18 characters.
import { describe, expect, test } from "bun:test";
import { SpokenHistory } from "../../service/upstream/spoken-history.ts";

describe("SpokenHistory", () => {
  test("keeps the order of items, not of their transcripts; a transcript may come late", () => {
    const history = new SpokenHistory();
    history.addItem("user", "u1");
    history.addAudio("a1", 500);
    history.setText("assistant", "a1", "Good day.");
    history.setText("user", "u1", "Hello?");
    history.addText("user", "typed");
    expect(history.texts()).toEqual([
      { role: "user", text: "Hello?" },
      { role: "assistant", text: "Good day." },
      { role: "user", text: "typed" },
    ]);
  });

  test("S1-28: a cut item keeps the words that were heard, at a word's end; none heard: nothing", () => {
    for (const [heardMs, text] of [
      [0, undefined],
      [200, "one …"],
      [500, "one two …"],
      [999, "one two three …"],
      [1000, "one two three four"],
    ] as const) {
      const history = new SpokenHistory();
      history.addAudio("a1", 1000);
      history.addWords("assistant", "a1", "one two ");
      history.addWords("assistant", "a1", "three four");
      history.cut("a1", heardMs);
      expect(history.texts()[0]?.text).toBe(text as string);
    }
  });

  test("is bounded in entries and characters: the oldest go first", () => {
    const history = new SpokenHistory();
    for (let index = 0; index < 1_000; index += 1) history.addText("user", `text ${index}`);
    expect(history.texts().length).toBeLessThanOrEqual(200);
    expect(history.texts().at(-1)?.text).toBe("text 999");
    for (let index = 0; index < 50; index += 1) history.addText("user", "x".repeat(1_000));
    const characters = history.texts().reduce((sum, { text }) => sum + text.length, 0);
    expect(characters).toBeLessThanOrEqual(24 * 1024);
    history.cut("unknown", 5);
  });
});
