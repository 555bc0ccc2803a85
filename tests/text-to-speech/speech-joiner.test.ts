// Goal: sentences are joined without a click and nothing inside a sentence is touched (D-14).
// Method: constant levels, so that every sample of a join can be computed: linear, over the shorter
// of tail and head (S2-58).
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SpeechJoiner } from "../../service/text-to-speech/speech-joiner.ts";

const FADE = 4;

function joiner() {
  const given: number[][] = [];
  const settings = { chunkSamples: 10, fadeSamples: FADE, firstSamples: 4 };
  const made = new SpeechJoiner({ ...settings, give: (audio) => given.push([...audio]) });
  return { made, given };
}

const level = (count: number, value: number) => new Int16Array(count).fill(value);

describe("SpeechJoiner", () => {
  test("D-14: the audio of one sentence is the engine's, sample by sample", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -32_768, max: 32_767 }), { minLength: 1, maxLength: 90 }),
        fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 20 }),
        (samples, cuts) => {
          const { made, given } = joiner();
          const audio = Int16Array.from(samples);
          let at = 0;
          for (const count of [...cuts, samples.length]) {
            made.add(audio.subarray(at, at + count));
            at = Math.min(samples.length, at + count);
          }
          made.endSentence(false);
          expect(given.flat()).toEqual(samples);
          expect(given.every(({ length }) => length > 0 && length <= 10)).toBe(true);
        },
      ),
    );
  });

  test("D-14: two sentences are crossfaded, linearly, where they meet and nowhere else", () => {
    const { made, given } = joiner();
    made.add(level(20, 1_000));
    made.endSentence(true);
    expect(given.flat()).toEqual(new Array<number>(16).fill(1_000));
    made.add(level(20, 0));
    made.endSentence(false);
    const joined = [800, 600, 400, 200];
    expect(given.flat()).toEqual([
      ...new Array<number>(16).fill(1_000),
      ...joined,
      ...new Array<number>(16).fill(0),
    ]);
  });

  test("a sentence shorter than the fade is joined over its own length", () => {
    const { made, given } = joiner();
    made.add(level(8, 900));
    made.endSentence(true);
    made.add(level(2, 0));
    made.endSentence(false);
    expect(given.flat()).toEqual([900, 900, 900, 900, 900, 900, 600, 300]);
  });

  test("a tail that nothing follows goes out as it is", () => {
    const { made, given } = joiner();
    made.add(level(12, 7));
    made.endSentence(true);
    made.flush();
    expect(given.flat()).toEqual(new Array<number>(12).fill(7));
  });

  test("audio that breaks off fades out", () => {
    const { made, given } = joiner();
    made.add(level(8, 1_000));
    made.breakOff();
    expect(given.flat()).toEqual([1_000, 1_000, 1_000, 1_000, 750, 500, 250, 0]);
  });

  test("clear() leaves nothing of a tail for the next sentence", () => {
    const { made, given } = joiner();
    made.add(level(12, 1_000));
    made.endSentence(true);
    made.clear();
    const count = given.flat().length;
    made.add(level(12, 3));
    made.endSentence(false);
    expect(given.flat().slice(count)).toEqual(new Array<number>(12).fill(3));
  });
});
