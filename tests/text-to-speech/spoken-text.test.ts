// Goal: what a voice is given has no digits, symbols or Markdown left that it would stumble over.
// Method: sentences with the words a person would read, in English and German; random text for what
// must hold always.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  englishNumber,
  englishOrdinal,
  englishYear,
  germanNumber,
  germanOrdinal,
  germanYear,
} from "../../service/text-to-speech/number-words.ts";
import { spokenText, ssmlOf } from "../../service/text-to-speech/spoken-text.ts";

describe("English", () => {
  test.each([
    ["It costs $3.50.", "It costs three dollars and fifty cents."],
    ["Only $1 or €0.99.", "Only one dollar or ninety-nine cents."],
    ["$1.5 million", "one point five million dollars"],
    ["It is 3.5 km away.", "It is three point five kilometers away."],
    ["1 km at 20°C and 50%", "one kilometer at twenty degrees Celsius and fifty percent"],
    ["It is -5 outside.", "It is minus five outside."],
    ["On 2026-03-05.", "On March fifth, twenty twenty-six."],
    ["On 3/5/2026.", "On March fifth, twenty twenty-six."],
    ["On March 3, 2020.", "On March third, twenty twenty."],
    ["At 14:30, 9:05 am or 9:00.", "At fourteen thirty, nine oh five AM or nine o'clock."],
    ["Until 7pm.", "Until seven PM"],
    [
      "In 1984, 1,234 people.",
      "In nineteen eighty-four, one thousand two hundred thirty-four people.",
    ],
    ["The 1990s.", "The nineteen nineties."],
    ["The 21st of May, 10-20 people", "The twenty-first of May, ten to twenty people"],
    ["Version 2.0.1 on 5G", "Version two point zero point one on five G"],
    ["Code 007", "Code zero zero seven"],
    ["Dr. Smith & Mrs. Jones, e.g. today", "Doctor Smith and Missis Jones, for example today"],
    ["Mail info@example.com.", "Mail info at example dot com."],
    ["See https://www.example.org now", "See example dot org now"],
  ])("%j is %j", (text, spoken) => {
    expect(spokenText(text, "en")).toBe(spoken);
  });

  test.each([
    ["Call 555-1234.", "Call five five five, one two three four."],
    ["(030) 1234567", "zero three zero, one two three four five six seven"],
    ["+1 555-123-4567", "plus one, five five five, one two three, four five six seven"],
  ])("phone numbers digit by digit: %j is %j", (text, spoken) => {
    expect(spokenText(text, "en-US")).toBe(spoken);
  });

  test("Britain reads the day first", () => {
    expect(spokenText("3/5/2026", "en-GB")).toBe("May third, twenty twenty-six");
    expect(spokenText("3/5/2026", "en-US")).toBe("March fifth, twenty twenty-six");
  });

  test("a date that is none is read as its numbers", () => {
    expect(spokenText("2026-13-45", "en")).toBe("two thousand twenty-six thirteen forty-five");
  });
});

describe("German", () => {
  test.each([
    ["Das kostet 3,50 €.", "Das kostet drei Euro fünfzig."],
    ["1 € oder 1 kg", "ein Euro oder ein Kilogramm"],
    ["Nach 3,5 km.", "Nach drei Komma fünf Kilometer."],
    ["Es sind -5 °C.", "Es sind minus fünf Grad Celsius."],
    ["Am 3. Mai 2026", "Am dritten Mai zweitausendsechsundzwanzig"],
    ["Der 21. Juni", "Der einundzwanzigste Juni"],
    ["am 05.03.1984", "am fünften März neunzehnhundertvierundachtzig"],
    ["Um 14:30 Uhr, um 9 Uhr", "Um vierzehn Uhr dreißig, um neun Uhr"],
    [
      "1.234.567 Leute",
      "eine Million zweihundertvierunddreißigtausendfünfhundertsiebenundsechzig Leute",
    ],
    ["z.B. 21 % bzw. ca. 16", "zum Beispiel einundzwanzig Prozent beziehungsweise circa sechzehn"],
    [
      "Rufen Sie 030 1234567 an.",
      "Rufen Sie null drei null, eins zwei drei vier fünf sechs sieben an.",
    ],
    ["Müller & Söhne, § 5", "Müller und Söhne, Paragraf fünf"],
  ])("%j is %j", (text, spoken) => {
    expect(spokenText(text, "de-DE")).toBe(spoken);
  });
});

describe("any language", () => {
  test.each([
    ["**Bold**, _soft_ and `code`", "Bold, soft and code"],
    ["# Title\n- one\n* two", "Title one two"],
    ["See [the page](https://x.y/z_(1)).", "See the page)."],
    ["Great 😀👍🏽!", "Great !"],
    ["a\u0000b\u0007c", "a b c"],
    ["snake_case stays", "snake_case stays"],
    ["| a | b |", ", a, b,"],
  ])("%j is %j", (text, spoken) => {
    expect(spokenText(text, "fr")).toBe(spoken);
  });

  test("numbers and symbols pass where no rules are known", () => {
    expect(spokenText("Prix: 3,50 € & plus, १२", "fr")).toBe("Prix: 3,50 € & plus, १२");
    expect(spokenText("3.5 & more", "")).toBe("3.5 & more");
  });

  test("whatever is written, no digit and no control character is left to read", () => {
    const piece = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 20 }),
      fc.constantFrom(
        "3.5",
        "$",
        "€",
        " ",
        "-",
        "/",
        ":",
        ".",
        ",",
        "am ",
        "Mai",
        "1st",
        "0",
        "99",
      ),
      fc.integer().map(String),
    );
    const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, fc.constantFrom("en", "en-GB", "de"), (written, language) => {
        const spoken = spokenText(written, language);
        expect(spoken).not.toMatch(/[0-9\p{Cc}]/u);
        expect(spoken).not.toContain("undefined");
        expect(spoken).not.toContain("NaN");
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("number words", () => {
  test.each([
    [0, "zero", "null"],
    [1, "one", "eins"],
    [21, "twenty-one", "einundzwanzig"],
    [101, "one hundred one", "einhunderteins"],
    [1_000, "one thousand", "eintausend"],
    [1_000_000, "one million", "eine Million"],
    [2_000_001, "two million one", "zwei Millionen eins"],
    [3_000_000_017, "three billion seventeen", "drei Milliarden siebzehn"],
  ])("%d", (value, english, german) => {
    expect([englishNumber(value), germanNumber(value)]).toEqual([english, german]);
  });

  test.each([
    [1, "first", "erste"],
    [3, "third", "dritte"],
    [7, "seventh", "siebte"],
    [12, "twelfth", "zwölfte"],
    [20, "twentieth", "zwanzigste"],
    [31, "thirty-first", "einunddreißigste"],
    [103, "one hundred third", "einhundertdritte"],
  ])("ordinal %d", (value, english, german) => {
    expect([englishOrdinal(value), germanOrdinal(value)]).toEqual([english, german]);
  });

  test.each([
    [1_984, "nineteen eighty-four", "neunzehnhundertvierundachtzig"],
    [1_906, "nineteen oh six", "neunzehnhundertsechs"],
    [1_900, "nineteen hundred", "neunzehnhundert"],
    [2_000, "two thousand", "zweitausend"],
    [2_007, "two thousand seven", "zweitausendsieben"],
    [2_026, "twenty twenty-six", "zweitausendsechsundzwanzig"],
  ])("year %d", (value, english, german) => {
    expect([englishYear(value), germanYear(value)]).toEqual([english, german]);
  });
});

describe("ssmlOf()", () => {
  const PLAIN = { rate: 1, pitchSemitones: 0 };

  test("text is escaped: nobody's words become markup", () => {
    const ssml = ssmlOf(`</speak><audio src="x"/> & 'y'`, PLAIN);
    expect(ssml).toStartWith("<speak>");
    expect(ssml.slice(7, -8)).not.toMatch(/[<>"']|&(?!#\d+;)/);
  });

  test("rate and pitch become prosody", () => {
    expect(ssmlOf("Hi", { rate: 1.25, pitchSemitones: -2 })).toBe(
      '<speak><prosody rate="125%" pitch="-2st">Hi</prosody></speak>',
    );
    expect(ssmlOf("Hi", PLAIN)).toBe("<speak>Hi</speak>");
  });
});
