// Goal: an answer is spoken in order while it is still being written, in numbered chunks.
// Method: the streamer on a scripted engine (scripted-engine.ts) whose audio is one value per
// sentence, so that order and joins can be read from the samples.
import { describe, expect, test } from "bun:test";
import { SPEECH_CHUNK_MS, SPEECH_JOIN_MS, SPEECH_QUEUE_SENTENCES } from "../../service/limits.ts";
import { openSpeech, RATE_HZ, samplesOf, settle } from "./speech-fixture.ts";

const MS = RATE_HZ / 1_000;

describe("SpeechStream", () => {
  test("S3-03: the first sentence is synthesised while the rest is being written", async () => {
    const { stream, engine, told } = openSpeech();
    stream.push("Yes, we are open. On");
    await settle();
    expect(engine.utterances.map(({ request }) => request.text)).toEqual(["Yes, we are open."]);
    engine.utterances[0]?.give(100);
    await settle();
    expect(told).toEqual(["started 1 normal Yes, we are open."]);
    stream.push(" Sundays too. ");
    engine.utterances[0]?.end();
    await settle();
    expect(engine.utterances[1]?.request.text).toBe("On Sundays too.");
  });

  test("S2-50, S2-55: sentences come in order, chunks of at most 50 ms are numbered", async () => {
    const { stream, engine, told, chunks } = openSpeech();
    stream.push("One. Two. ");
    stream.finish();
    await settle();
    engine.utterances[0]?.give(230, { level: 100 });
    engine.utterances[0]?.end();
    await settle();
    engine.utterances[1]?.give(120, { level: 200 });
    engine.utterances[1]?.end();
    await settle();
    expect(told).toEqual([
      "started 1 normal One.",
      "ended 1",
      "started 2 normal Two.",
      "ended 2",
      "finished",
    ]);
    expect(chunks.map(({ sequence }) => sequence)).toEqual(chunks.map((_, index) => index + 1));
    expect(Math.max(...chunks.map(({ audio }) => audio.length))).toBe(50 * MS);
    const sentences = chunks.map(({ sentence }) => sentence);
    expect(sentences).toEqual(sentences.toSorted());
    // One join of 20 ms between the two.
    expect(samplesOf(chunks)).toHaveLength((230 + 120 - 20) * MS);
  });

  test("the first audio of a sentence is not held for a whole chunk", async () => {
    const { stream, engine, chunks } = openSpeech();
    stream.push("Hello there. ");
    await settle();
    engine.utterances[0]?.give(40);
    await settle();
    expect(chunks.map(({ audio }) => audio.length)).toEqual([20 * MS]);
  });

  test("S2-59: finish() says the rest; the next answer begins anew", async () => {
    const { stream, engine, told } = openSpeech();
    stream.push("No mark at the end");
    await settle();
    expect(engine.utterances).toHaveLength(0);
    stream.finish();
    await settle();
    expect(engine.utterances[0]?.request.text).toBe("No mark at the end");
    // A second answer is written before the first one is spoken.
    stream.push("Second answer");
    stream.finish();
    engine.utterances[0]?.give(30);
    engine.utterances[0]?.end();
    await settle();
    expect(told.filter((line) => line === "finished")).toHaveLength(1);
    engine.utterances[1]?.give(30);
    engine.utterances[1]?.end();
    await settle();
    expect(told).toEqual([
      "started 1 normal No mark at the end",
      "ended 1",
      "finished",
      "started 2 normal Second answer",
      "ended 2",
      "finished",
    ]);
  });

  test("an answer without words is finished too, not from within finish()", async () => {
    const { stream, told } = openSpeech();
    stream.push(" \n ");
    stream.finish();
    expect(told).toEqual([]);
    await settle();
    expect(told).toEqual(["finished"]);
  });

  test("the next sentence is synthesised while a paused listener still has audio to take", async () => {
    const { stream, engine, chunks, told } = openSpeech();
    stream.push("One. Two. ");
    await settle();
    stream.pause();
    engine.utterances[0]?.give(200);
    engine.utterances[0]?.end();
    await settle();
    expect(chunks).toHaveLength(0);
    expect(engine.utterances).toHaveLength(2);
    // 10 chunks wait (S2-54): the engine is not read on.
    for (let piece = 0; piece < 20; piece += 1) engine.utterances[1]?.give(50);
    await settle();
    expect(engine.utterances[1]?.untaken()).toBeGreaterThan(8);
    stream.resume();
    expect(chunks).toHaveLength(0);
    await settle();
    expect(engine.utterances[1]?.untaken()).toBe(0);
    expect(told).toEqual(["started 1 normal One.", "ended 1", "started 2 normal Two."]);
    expect(chunks.map(({ sequence }) => sequence)).toEqual(chunks.map((_, index) => index + 1));
  });

  test("a listener that pauses within its own call gets nothing more until it resumes", async () => {
    const fixture = openSpeech();
    const { stream, engine, chunks } = fixture;
    fixture.onTold = () => stream.pause();
    stream.push("One. ");
    await settle();
    engine.utterances[0]?.give(500);
    await settle();
    expect(chunks).toHaveLength(0);
    stream.resume();
    await settle();
    expect(samplesOf(chunks)).toHaveLength(450 * MS);
  });

  test("words are told with the chunk in which they begin", async () => {
    const { stream, engine, chunks } = openSpeech();
    stream.push("Good day to you. ");
    await settle();
    const words = [
      { word: "Good", startMs: 0, endMs: 60 },
      { word: "day", startMs: 60, endMs: 140 },
      { word: "to", startMs: 140, endMs: 180 },
      { word: "you", startMs: 180, endMs: 260 },
    ];
    engine.utterances[0]?.give(260, { words });
    engine.utterances[0]?.end();
    await settle();
    for (const { word, startMs } of words) {
      let position = 0;
      const chunk = chunks.find(({ audio }) => {
        position += audio.length;
        return position > startMs * MS;
      });
      expect(chunk?.words.map((each) => each.word)).toContain(word);
    }
    expect(chunks.flatMap((chunk) => chunk.words)).toEqual(words);
  });

  test("the engine's rate becomes the stream's, whatever the engine's pieces", async () => {
    const { stream, engine, chunks } = openSpeech({ engineHz: 22_050, request: { rateHz: 8_000 } });
    stream.push("Hello there. ");
    stream.finish();
    await settle();
    for (let piece = 0; piece < 10; piece += 1) engine.utterances[0]?.give(100);
    engine.utterances[0]?.end();
    await settle();
    expect(samplesOf(chunks).length).toBeCloseTo(8_000, -1);
    // A constant stays one: the resampler passes it, and no seam shows.
    expect(
      samplesOf(chunks)
        .slice(100)
        .every((value) => Math.abs(value - 1_000) <= 2),
    ).toBe(true);
  });

  test("setVoice() holds from the next sentence on", async () => {
    const { stream, engine } = openSpeech();
    stream.push("One. Two. ");
    await settle();
    stream.setVoice("other");
    engine.utterances[0]?.give(30);
    engine.utterances[0]?.end();
    await settle();
    expect(engine.utterances.map(({ request }) => request.voice)).toEqual(["tester", "other"]);
  });

  test("S2-51: the defaults are the document's, and rate and pitch reach the engine", async () => {
    const { stream, engine } = openSpeech({ settings: { rate: 1.2, pitchSemitones: -3 } });
    stream.push("One. ");
    await settle();
    expect(engine.utterances[0]?.request).toMatchObject({ rate: 1.2, pitchSemitones: -3 });
    const plain = openSpeech();
    plain.stream.push("One. ");
    await settle();
    expect(plain.engine.utterances[0]?.request).toMatchObject({ rate: 1, pitchSemitones: 0 });
    const defaults = [SPEECH_CHUNK_MS, SPEECH_JOIN_MS, SPEECH_QUEUE_SENTENCES];
    expect(defaults).toEqual([50, 20, 5]);
  });

  test("S2-50: the engine is given words, the listener what was written", async () => {
    const { stream, engine, told } = openSpeech();
    stream.push("**It is 3.5 km & more.** ");
    await settle();
    const spoken = "It is three point five kilometers and more.";
    expect(engine.utterances[0]?.request.text).toBe(spoken);
    engine.utterances[0]?.give(50);
    await settle();
    expect(told).toEqual(["started 1 normal **It is 3.5 km & more.**"]);
  });

  test("S2-50: SSML goes to an engine that takes it, when it is wanted, and is escaped", async () => {
    const support = { hasSsml: true, hasRate: true, hasPitch: false };
    const wanted = { isSsml: true, rate: 1.5, pitchSemitones: 2 };
    const { stream, engine } = openSpeech({ settings: wanted, support });
    stream.push("Hi <b>Tom</b>. ");
    await settle();
    expect(engine.utterances[0]?.request).toMatchObject({ isSsml: true, rate: 1.5 });
    expect(engine.utterances[0]?.request.text).toStartWith(
      '<speak><prosody rate="100%" pitch="+2st">',
    );
    expect(engine.utterances[0]?.request.text).not.toContain("<b>");
    const plain = openSpeech({ settings: wanted });
    plain.stream.push("Hi there. ");
    await settle();
    expect(plain.engine.utterances[0]?.request).toMatchObject({ isSsml: false, text: "Hi there." });
  });

  test("what is nothing but marks and emoji is passed over in silence", async () => {
    const { stream, engine, told } = openSpeech();
    stream.push("```\n1️⃣ 👍\nYes. ");
    stream.finish();
    await settle();
    engine.utterances[0]?.give(50);
    engine.utterances[0]?.end();
    await settle();
    engine.utterances[1]?.give(50);
    engine.utterances[1]?.end();
    await settle();
    expect(engine.utterances.at(-1)?.request.text).toBe("Yes.");
    expect(told.at(-1)).toBe("finished");
  });
});
