// Goal: the first sentence of a model's stream is out as soon as it can be, nothing of the text is
// lost, and the pieces do not depend on how the model cuts its tokens.
// Method: texts by hand, then random ones (fast-check), pushed whole and in random tokens.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  SentenceCutter,
  type SentenceCutterSettings,
} from "../../service/text-to-speech/sentence-cutter.ts";

const SETTINGS = { language: "en", charsMin: 1, charsMax: 60 } as const;

function taken(cutter: SentenceCutter): string[] {
  const pieces: string[] = [];
  for (let piece = cutter.next(); piece !== undefined; piece = cutter.next()) pieces.push(piece);
  return pieces;
}

function cut(tokens: readonly string[], settings: Partial<SentenceCutterSettings> = {}): string[] {
  const cutter = new SentenceCutter({ ...SETTINGS, ...settings });
  const pieces: string[] = [];
  for (const token of tokens) {
    cutter.push(token);
    pieces.push(...taken(cutter));
  }
  cutter.finish();
  return [...pieces, ...taken(cutter)];
}

/** Text that is full of the places where cutters go wrong. */
const TEXT = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "Dr.",
        "e.g.",
        "3.5",
        "3.",
        "...",
        "…",
        "?!",
        '"',
        ")",
        "\n",
        "।",
        ", ",
        "😀",
      ),
      fc.constantFrom(" ", " ", ". ", "? ", "! ", "a", "word", "J.", "http://a.b/c?d", "1. "),
      fc.string({ maxLength: 12, unit: "grapheme" }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(""));

describe("SentenceCutter", () => {
  test("S3-03: the first sentence is out while the second is still being written", () => {
    const cutter = new SentenceCutter(SETTINGS);
    cutter.push("Sure, we are open");
    expect(cutter.next()).toBeUndefined();
    cutter.push(".");
    expect(cutter.next()).toBeUndefined();
    cutter.push(" On");
    expect(cutter.next()).toBe("Sure, we are open.");
    expect(cutter.chars).toBe(" On".length);
  });

  test("D-15: it cuts at the first boundary, not at the last", () => {
    expect(cut(["One. Two! Three? Four"])).toEqual(["One.", " Two!", " Three?", " Four"]);
  });

  test("S2-56: tokens become sentences at . danda ? ! double danda and newline", () => {
    const tokens = ["We", " go", ". ", "क।", "C? ", "D", "! ", "ख॥", "E\n", "F"];
    expect(cut(tokens)).toEqual(["We go.", " क।", "C?", " D!", " ख॥", "E\n", "F"]);
  });

  test("a sentence that is too short is spoken together with the next", () => {
    expect(cut(["Hi. How are you? Fine."], { charsMin: 4 })).toEqual([
      "Hi. How are you?",
      " Fine.",
    ]);
  });

  test("a sentence that does not end is cut at a comma, else at a space, else anywhere", () => {
    const commas = "one two three, four five six, seven eight nine ten eleven twelve thirteen";
    expect(cut([commas])[0]).toBe("one two three, four five six,");
    expect(cut(["word ".repeat(20)])[0]).toBe("word ".repeat(12));
    expect(cut(["x".repeat(100)])[0]).toBe("x".repeat(60));
    // A pair of surrogates would straddle the 60th character.
    expect(cut([`${"x".repeat(59)}${"😀".repeat(9)}`])[0]).toBe("x".repeat(59));
  });

  test("S2-56: the pieces in a row are the text, whatever the tokens", () => {
    fc.assert(
      fc.property(
        TEXT,
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 200 }),
        (text, cuts) => {
          const tokens: string[] = [];
          let at = 0;
          for (const length of cuts) {
            tokens.push(text.slice(at, at + length));
            at += length;
          }
          const pieces = cut([...tokens, text.slice(at)]);
          expect(pieces.join("")).toBe(text);
          expect(pieces).toEqual(cut([text]));
          expect(pieces.every((piece) => piece.length <= SETTINGS.charsMax)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("clear() forgets what waits and what was finished", () => {
    const cutter = new SentenceCutter(SETTINGS);
    cutter.push("Half a sent");
    cutter.finish();
    cutter.clear();
    cutter.push("New. ");
    expect(taken(cutter)).toEqual(["New."]);
  });

  test("text after the end, and limits that contradict, are our bug", () => {
    const cutter = new SentenceCutter(SETTINGS);
    cutter.finish();
    expect(() => cutter.push("late")).toThrow("text pushed after its end");
    expect(() => new SentenceCutter({ language: "", charsMin: 0, charsMax: 9 })).toThrow();
    expect(() => new SentenceCutter({ language: "", charsMin: 9, charsMax: 9 })).toThrow();
  });
});
