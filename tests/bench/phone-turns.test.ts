// Goal: the bench of phone turns cannot rot. Method: one turn of each configuration, in real time.
import { expect, test } from "bun:test";
import { phoneTurns } from "../../bench/phone-turns.ts";

test("phoneTurns() measures a turn of each configuration over the Twilio route", async () => {
  const both = ["local", "semantic_vad"] as const;
  const sets = await Promise.all(both.map((each) => phoneTurns(each, 1, ["yes"])));
  for (const [index, set] of sets.entries()) {
    const [turn, sound, ...more] = set;
    expect(more).toEqual([]);
    expect(turn).toMatchObject({ kind: "turn", turnDetection: both[index], result: "measured" });
    expect(sound).toMatchObject({ kind: "sound", rateHz: 8_000 });
  }
});
