// Goal: espeak-ng speaks with the voice, speed and pitch that are asked for, from processes that
// were started ahead; and the table of its voices is read.
// Method: the real program, when it is installed; the sound is measured (length, zero crossings).
import { afterAll, describe, expect, test } from "bun:test";
import type { SynthesisRequest } from "../../service/contract/text-to-speech.ts";
import { readVoices } from "../../service/text-to-speech/espeak-voices.ts";
import { NEVER } from "../provider/provider-fixture.ts";
import { canSpeak, espeakOf, milliseconds, SENTENCE } from "./engine-fixture.ts";

describe.if(canSpeak("espeak-ng.test.ts"))("createEspeakNg()", () => {
  const engine = espeakOf();
  afterAll(() => engine.close());

  const say = (change: Partial<SynthesisRequest>) =>
    Array.fromAsync(engine.synthesize({ ...SENTENCE, ...change }, NEVER), (chunk) => ({
      ...chunk,
      audio: chunk.audio.slice(),
    }));

  /** Mean distance of 22,050 Hz samples that repeat best: the pitch period of a vowel. */
  async function periodSamples(pitchSemitones: number): Promise<number> {
    const chunks = await say({ text: "aaaah", pitchSemitones });
    const audio = chunks.flatMap(({ audio }) => [...audio]);
    const vowel = audio.slice(2_000, 6_000);
    let best = 0;
    let bestPeriod = 0;
    for (let period = 60; period < 600; period += 1) {
      let sum = 0;
      for (let at = period; at < vowel.length; at += 1) {
        sum += (vowel[at] ?? 0) * (vowel[at - period] ?? 0);
      }
      const mean = sum / (vowel.length - period);
      if (mean > best * 1.02) {
        best = mean;
        bestPeriod = period;
      }
    }
    return bestPeriod;
  }

  test("S2-51: pitch is in semitones: an octave up halves the period, about", async () => {
    const [low, plain, high] = [
      await periodSamples(-6),
      await periodSamples(0),
      await periodSamples(6),
    ];
    expect(low / plain).toBeGreaterThan(1.2);
    expect(plain / high).toBeGreaterThan(1.2);
    expect(plain / high).toBeLessThan(1.7);
  });

  test("S2-51: rate is the speed of the words, within what the program takes", async () => {
    const plain = milliseconds(await say({}));
    expect(milliseconds(await say({ rate: 0.5 }))).toBeGreaterThan(plain * 1.4);
    expect(milliseconds(await say({ rate: 100 }))).toBeGreaterThan(100);
  });

  test("the default voice is the language's own", async () => {
    const bytes = async (change: Partial<SynthesisRequest>) =>
      Buffer.concat((await say(change)).map(({ audio }) => Buffer.from(audio.buffer)));
    const german = await bytes({ voice: "default", language: "de-DE" });
    expect(Buffer.compare(german, await bytes({ voice: "de", language: "" }))).toBe(0);
    expect(Buffer.compare(german, await bytes({ voice: "en-us", language: "" }))).not.toBe(0);
  });

  test("SSML is taken as such only when it is said to be", async () => {
    const text = '<speak>One <break time="2s"/> two</speak>';
    const marked = milliseconds(await say({ text, isSsml: true }));
    expect(marked).toBeGreaterThan(2_500);
    // As words the tag is read out: "break time equals two s".
    expect(milliseconds(await say({ text: "One two" }))).toBeLessThan(marked - 1_500);
  });

  test("a variant of a voice is another voice", async () => {
    const first = (text: string) =>
      say({ voice: text }).then(([chunk]) => chunk?.audio.slice(0, 4_000));
    expect(await first("en-us+f3")).not.toEqual(await first("en-us"));
  });
});

describe("readVoices()", () => {
  const TABLE = `Pty Language       Age/Gender VoiceName          File                 Other Languages
 2  en-us           --/M      English_(America)  gmw/en-US            (en 3)
 5  en-us           --/F      us-mbrola-1        mb/mb-us1            (en 8)
 5  fr              --/F      French             roa/fr
 5  xx              70/-      Nobody             x/xx
garbage
`;

  test("S2-53: id, name, language and gender; no voices of MBROLA, no second row", () => {
    expect(readVoices(TABLE, 22_050)).toEqual([
      { id: "en-us", name: "English (America)", language: "en-us", gender: "male", rateHz: 22_050 },
      { id: "fr", name: "French", language: "fr", gender: "female", rateHz: 22_050 },
      { id: "xx", name: "Nobody", language: "xx", gender: "neutral", rateHz: 22_050 },
    ]);
  });
});
