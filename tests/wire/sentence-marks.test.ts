// Goal: one list of sentence ends for what is heard and what is said, with the guards that keep
// decimals, abbreviations, initials, addresses and ordinals whole.
// Method: texts with the first sentence that must be found; expected pieces are plain grammar.
import { describe, expect, test } from "bun:test";
import { isSentenceEnd } from "../../service/speech-to-text/sentence-ends.ts";
import { SENTENCE_MARKS, sentenceEnd } from "../../service/wire/sentence-marks.ts";

function first(text: string, language = "en"): string {
  const end = sentenceEnd(text, { language, isWhole: false, charsMin: 1 });
  return end < 0 ? "" : text.slice(0, end);
}

describe("sentence marks", () => {
  test("D-35: the marks of both documents are one list", () => {
    for (const mark of [".", "?", "!", "।", "॥"]) expect(SENTENCE_MARKS).toContain(mark);
  });

  test.each([...SENTENCE_MARKS])("D-35: %j ends what is said and what is heard alike", (mark) => {
    expect(first(`I see${mark} More`)).toBe(`I see${mark}`);
    expect(isSentenceEnd(`see${mark}`, "More")).toBe(true);
  });

  test.each([...".?!", "।", "॥", "。", "؟", "\n"])("%j ends a sentence", (mark) => {
    expect(first(`I see${mark} More`)).toBe(`I see${mark}`);
  });

  test("dandas end a sentence without a space, a full stop does not", () => {
    expect(first("नमस्ते।आप कैसे हैं?")).toBe("नमस्ते।");
    expect(first("version.two is out")).toBe("");
  });

  test.each([
    ["Pi is 3.5 or so. More", "Pi is 3.5 or so."],
    ["Ask Dr. Smith and Mrs. Jones. More", "Ask Dr. Smith and Mrs. Jones."],
    ["Bring fruit, e.g. apples. More", "Bring fruit, e.g. apples."],
    ["J. R. R. Tolkien wrote it. More", "J. R. R. Tolkien wrote it."],
    ["Well... I think so. More", "Well... I think so."],
    ["Well… I think so. More", "Well… I think so."],
    ["See www.example.com/a?b=c. More", "See www.example.com/a?b=c."],
    ["Mail me@example.co.uk now. More", "Mail me@example.co.uk now."],
    ["So do I. More", "So do I."],
    ["The answer is no. More", "The answer is no."],
    ["On page 12. More", "On page 12."],
    ["What?! More", "What?!"],
  ])("%j gives %j", (text, sentence) => {
    expect(first(text)).toBe(sentence);
  });

  test.each([
    ["Am 3. Mai, z.B. um acht. Mehr", "Am 3. Mai, z.B. um acht."],
    ["Das sind z. B. Äpfel bzw. Birnen. Mehr", "Das sind z. B. Äpfel bzw. Birnen."],
    ["Ludwig XIV. war König. Mehr", "Ludwig XIV. war König."],
    ["Er sagte: „Komm!“ Mehr", "Er sagte: „Komm!“"],
  ])("German: %j gives %j", (text, sentence) => {
    expect(first(text, "de")).toBe(sentence);
  });

  test("in a language that is not known, every guard holds", () => {
    expect(first("Am 3. Mai kommt Mr. Smith. Mehr", "")).toBe("Am 3. Mai kommt Mr. Smith.");
  });

  test("quotes, brackets and Markdown behind the mark belong to the sentence", () => {
    expect(first('"Go." More')).toBe('"Go."');
    expect(first("(Really?) More")).toBe("(Really?)");
    expect(first("**Note!** More")).toBe("**Note!**");
  });

  test("a list's number ends nothing", () => {
    expect(first("1. Open the box. More")).toBe("1. Open the box.");
  });

  test("an end is known with the one character behind it, and not before", () => {
    expect(first("Yes.")).toBe("");
    expect(first("Yes. ")).toBe("Yes.");
    expect(first('Yes." ')).toBe('Yes."');
    expect(first("Yes\n")).toBe("Yes\n");
  });

  test("whole text ends with its last mark", () => {
    const whole = { language: "en", isWhole: true, charsMin: 1 };
    expect(sentenceEnd("Wait...", whole)).toBe(7);
    expect(sentenceEnd("no mark", whole)).toBe(-1);
  });

  test("what has no letter and no digit is no sentence, nor is what is too short", () => {
    expect(first("?! ... \n")).toBe("");
    expect(
      sentenceEnd("Hi. How are you? More", { language: "en", isWhole: false, charsMin: 4 }),
    ).toBe(16);
  });
});
