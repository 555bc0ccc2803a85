// Goal: sentences end at their marks, of both scripts, and nowhere else (S2-37, S2-42, D-35).
// Method: a table of words as they are written, with the word after them.
import { describe, expect, test } from "bun:test";
import { isSentenceEnd } from "../../service/speech-to-text/sentence-ends.ts";

const ENDS: readonly (readonly [string, string])[] = [
  ["hours.", "I"],
  ["hours?", ""],
  ["stop!", ""],
  ['"stop!"', ""],
  ["है।", "मैं"],
  ["है॥", ""],
  ["नमस्ते।", ""],
];
/** Where a point may mean two things, no end is seen: the sentence is told with the next one. */
const GOES_ON: readonly (readonly [string, string])[] = [
  ["hours", ""],
  ["3.5", ""],
  ["3.", ""],
  ["3.", "5"],
  ["Mr.", "Smith"],
  ["e.g.", "tea"],
  ["p.m.", "on"],
  ["etc.", "We"],
  ["3.", "Then"],
  ["U.S.", "dollars"],
  ["J.", "Smith"],
  ["well...", "no"],
  ["well…", ""],
  ["table,", "for"],
];

describe("isSentenceEnd()", () => {
  test("S2-37, S2-42, D-35: full stop, question, exclamation mark, danda and double danda", () => {
    for (const [word, next] of ENDS)
      expect([word, isSentenceEnd(word, next)]).toEqual([word, true]);
  });

  test("not at decimals, abbreviations, initials and dots that trail off", () => {
    for (const [word, next] of GOES_ON) {
      expect([word, isSentenceEnd(word, next)]).toEqual([word, false]);
    }
  });
});
