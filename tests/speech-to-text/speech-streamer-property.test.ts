// Goal: whatever the chunks, the engine's delays and its doubts, every word that was said is in the
// final exactly once and in order (D-26), and told sentences are its beginning.
// Method: words on a timeline and an engine that is unsure like a real one (timeline-engine.ts): the
// newest words are missing, cut, misheard or punctuated wrongly; older ones are now and then written
// otherwise. A word is known again by its number, which every way of writing it carries.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { createSpeechStreamer } from "../../service/speech-to-text/speech-streamer.ts";
import type { SpeechStreamerSettings } from "../../service/speech-to-text/streamer-settings.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { createSpeechEvents } from "./speech-events.ts";
import {
  createTimelineEngine,
  settled,
  type SpokenWord,
  TIMELINE_RATE_HZ,
  timelineAudio,
  type Writer,
} from "./timeline-engine.ts";

interface Play {
  readonly lengthsMs: readonly number[];
  readonly pausesMs: readonly number[];
  readonly marks: readonly string[];
  readonly chunksMs: readonly number[];
  /** After each chunk: 0 nothing, 1 an answer, 2 a failure, 3 finish and resume. */
  readonly acts: readonly number[];
  readonly seed: number;
  readonly hasTimes: boolean;
  readonly bufferMs: number;
}

const PLAY = fc.record<Play>({
  lengthsMs: fc.array(fc.integer({ min: 120, max: 600 }), { minLength: 1, maxLength: 40 }),
  pausesMs: fc.array(fc.integer({ min: 20, max: 700 }), { minLength: 60, maxLength: 60 }),
  marks: fc.array(fc.constantFrom("", "", "", "", ".", ",", "?", "।"), {
    minLength: 60,
    maxLength: 60,
  }),
  chunksMs: fc.array(fc.integer({ min: 10, max: 700 }), { minLength: 1, maxLength: 12 }),
  acts: fc.array(fc.constantFrom(0, 0, 1, 1, 1, 2, 3), { minLength: 1, maxLength: 24 }),
  seed: fc.nat(),
  hasTimes: fc.boolean(),
  bufferMs: fc.constantFrom(12_000, 30_000),
});

/** Two words a number, so that writing them together is possible: "alder17 birch18". */
function timeline(play: Play): SpokenWord[] {
  let atMs = 150;
  return play.lengthsMs.map((lengthMs, index) => {
    const word = {
      text: `word${index}${play.marks[index]}`,
      startMs: atMs,
      endMs: atMs + lengthMs,
    };
    // People breathe; where they do not for half a buffer, a seam may garble a word.
    const breathMs = index % 3 === 2 ? 220 : 0;
    atMs += lengthMs + breathMs + (play.pausesMs[index] ?? 0);
    return word;
  });
}

/** An unsure writer. The numbers stay, so that each word can be told from all others. */
function unsureWriter(seed: number): Writer {
  const random = createSeededRandom(seed);
  const chance = (part: number) => random.uint32() / 2 ** 32 < part;
  return (words, newest, isQuietEnd) => {
    const written: string[] = [];
    for (const [index, word] of words.entries()) {
      const isNewest = newest[index] === true;
      // What is not heard yet is missing from here on; an engine leaves nothing out in between.
      if (isNewest && !isQuietEnd && chance(0.2)) break;
      let { text } = word;
      if (chance(isNewest ? 0.3 : 0.05)) text = text.replace("word", "wort");
      if (chance(isNewest ? 0.3 : 0.02)) text = text.replace(/[.,?।]$/u, "");
      if (chance(0.1)) text = text.replace("w", "W");
      const before = written.at(-1);
      // Words run together, but never over the end of a sentence.
      const isMarked = /[.?।]$/u.test(words[index - 1]?.text ?? "");
      if (before !== undefined && !isMarked && chance(0.03))
        written[written.length - 1] = `${before}${text}`;
      else written.push(text);
    }
    // Engines end every piece with a full stop.
    const last = written.at(-1);
    if (last !== undefined && chance(0.5) && /\d$/.test(last))
      written[written.length - 1] = `${last}.`;
    return written.join(" ");
  };
}

/** The numbers of the words in a text, in order. */
function numbersIn(text: string): number[] {
  return [...text.matchAll(/wor[dt](\d+)/gi)].map((match) => Number(match[1]));
}

test("D-26: every word is in the final once, whatever the chunks, delays and doubts", async () => {
  await fc.assert(
    fc.asyncProperty(PLAY, async (play) => {
      const words = timeline(play);
      const write = unsureWriter(play.seed);
      let isCertain = false;
      const engine = createTimelineEngine(words, {
        write: (heard, newest, isQuietEnd) =>
          isCertain ? heard.map(({ text }) => text).join(" ") : write(heard, newest, isQuietEnd),
        hasTimes: play.hasTimes,
      });
      const clock = createSteppedClock();
      const settings: Partial<SpeechStreamerSettings> = { bufferMs: play.bufferMs };
      const events = createSpeechEvents();
      const streamer = createSpeechStreamer({ engine, clock, settings });
      const stream = streamer.open({ rateHz: TIMELINE_RATE_HZ, language: "" }, events);
      stream.begin(1);
      const endMs = (words.at(-1)?.endMs ?? 0) + 500;
      const audio = timelineAudio(words, 0, endMs);
      for (let atMs = 0, step = 0; atMs < endMs; step += 1) {
        const nextMs = Math.min(endMs, atMs + (play.chunksMs[step % play.chunksMs.length] ?? 100));
        expect(stream.append(audio, 2 * atMs, 2 * nextMs)).toBe(0);
        atMs = nextMs;
        const act = play.acts[step % play.acts.length];
        // An engine that falls far behind loses audio; that is not this test.
        const isBehind = atMs - engine.answeredToMs() > play.bufferMs / 12;
        if (act === 1 || isBehind) await engine.answer();
        if (act === 2 && !isBehind) await engine.fail(new Error("down"));
        if (act === 3) {
          stream.finish();
          await settled();
          stream.resume();
        }
        expect(engine.waiting()).toBeLessThanOrEqual(1);
      }
      isCertain = true;
      stream.finish();
      while (engine.waiting() > 0) await engine.answer();
      await settled();

      const last = events.last();
      expect(last?.kind).toBe("final");
      expect(numbersIn(last?.text ?? "")).toEqual(words.map((_, index) => index));
      const told = events.texts("sentence").join(" ");
      expect(last?.text.startsWith(told)).toBe(true);
    }),
    { numRuns: 150, endOnFailure: true },
  );
}, 60_000);
