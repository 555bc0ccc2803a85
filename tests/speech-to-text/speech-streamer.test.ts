// Goal: the streamer keeps each promise of its contract and of S2-30 to S2-42, example by example;
// that no word gets lost whatever happens is in speech-streamer-property.test.ts.
// Method: an engine that answers when told (timeline-engine.ts) at 1 kHz, so that 1 ms is one sample.
import { describe, expect, test } from "bun:test";
import { VoxError } from "../../service/errors.ts";
import { SPEECH_STREAMER_DEFAULTS } from "../../service/speech-to-text/streamer-settings.ts";
import { streamerFixture } from "./streamer-fixture.ts";
import { settled, spoken } from "./timeline-engine.ts";

describe("what is asked for, and when", () => {
  test("S2-31: chunks of 500 ms, 100 ms shared, 30 s held, partials, confidence 0.7", () => {
    expect(SPEECH_STREAMER_DEFAULTS).toMatchObject({
      chunkMs: 500,
      overlapMs: 100,
      bufferMs: 30_000,
      hasPartials: true,
      confidenceMin: 0.7,
    });
  });

  test("D-09, D-10, D-11: each question is of everything since the first sample, in one piece", async () => {
    const play = streamerFixture({ words: spoken("one two", 100, 900) });
    play.begin(1);
    for (let step = 0; step < 4; step += 1) await play.hear(500);
    const pieces = play.engine.asked.map(({ fromMs, toMs }) => [fromMs, toMs]);
    expect(pieces).toEqual([
      [0, 500],
      [0, 1000],
      [0, 1500],
      [0, 2000],
    ]);
  });

  test("one question in the air; of those that wait the newest window is asked", async () => {
    const play = streamerFixture();
    play.begin(1);
    play.say(2_600);
    expect(play.engine.asked.length).toBe(1);
    await play.engine.answer();
    expect(play.engine.asked.map(({ toMs }) => toMs)).toEqual([500, 2_600]);
  });

  test("S3-07: finish() asks for all of it at once, and what was asked before is void", () => {
    const play = streamerFixture();
    play.begin(1);
    play.say(700);
    play.stream.finish();
    expect(play.engine.asked.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [0, 500],
      [0, 700],
    ]);
    expect(play.engine.waiting()).toBe(1);
  });

  test("without partials it asks at the end only", async () => {
    const play = streamerFixture({ texts: ["all"], settings: { hasPartials: false } });
    play.begin(1);
    play.say(3_000);
    expect(play.engine.asked.length).toBe(0);
    play.stream.finish();
    await play.engine.answer();
    expect(play.events.texts("final")).toEqual(["all"]);
  });

  test("an utterance without audio is final without a question", async () => {
    const play = streamerFixture();
    play.begin(1);
    play.stream.finish();
    expect(play.events.all.length).toBe(0);
    await settled();
    expect(play.events.texts("final")).toEqual([""]);
    expect(play.engine.asked.length).toBe(0);
  });
});

describe("what is told", () => {
  test("D-26, S2-40: 'book me a table', '… for two', 'tomorrow at noon.' is final as a whole", async () => {
    const whole = "book me a table for two tomorrow at noon.";
    const play = streamerFixture({ texts: ["book me a table", "book me a table for two", whole] });
    play.begin(1);
    await play.hear(500);
    await play.hear(500);
    play.say(300);
    play.stream.finish();
    await play.engine.answer();
    expect(play.events.texts("final")).toEqual([whole]);
  });

  test("D-26: a final keeps words that came once only, and sentences that were told", async () => {
    const play = streamerFixture({
      texts: ["Hello there Ann.", "Hello there Ann. I", "Hello there Ann. I want tea"],
    });
    play.begin(1);
    await play.hear(500);
    await play.hear(500);
    expect(play.events.texts("sentence")).toEqual(["Hello there Ann."]);
    play.say(100);
    play.stream.finish();
    await play.engine.answer();
    expect(play.events.texts("final")).toEqual(["Hello there Ann. I want tea"]);
  });

  test("S2-36: a sentence needs two answers that agree, and three words or an end", async () => {
    const play = streamerFixture({
      texts: ["Yes. I", "Yes. I want", "Yes. I want", "Yes. I want"],
    });
    play.begin(1);
    await play.hear(500);
    expect(play.events.texts("sentence")).toEqual([]);
    // Two words agree, and the text ends nowhere: not yet.
    await play.hear(500);
    expect(play.events.texts("sentence")).toEqual([]);
    await play.hear(500);
    expect(play.events.texts("sentence")).toEqual(["Yes."]);
  });

  test("S2-35, S2-38: partials are what is not final, told when it changed; no sentence twice", async () => {
    const play = streamerFixture({
      texts: [
        "we are here now.",
        "We are here now. And",
        "we are here now. And",
        "We are here now. And so",
      ],
    });
    play.begin(1);
    for (let step = 0; step < 4; step += 1) await play.hear(500);
    expect(play.events.texts("sentence")).toEqual(["We are here now."]);
    expect(play.events.texts("partial")).toEqual(["we are here now.", "And", "And so"]);
  });

  test("S2-37, S2-42: a danda ends a sentence here too", async () => {
    const play = streamerFixture({ texts: ["मेरा नाम राम है।", "मेरा नाम राम है। आप"] });
    play.begin(1);
    await play.hear(500);
    await play.hear(500);
    expect(play.events.texts("sentence")).toEqual(["मेरा नाम राम है।"]);
    expect(play.events.last()?.text).toBe("आप");
  });

  test("D-12: words below the least confidence are never certain, and stay in the final", async () => {
    const play = streamerFixture({ texts: ["we are here now."], confidences: [0.6] });
    play.begin(1);
    for (let step = 0; step < 3; step += 1) await play.hear(500);
    expect(play.events.all).toEqual([]);
    play.stream.finish();
    await settled();
    expect(play.events.last()).toMatchObject({ kind: "final", text: "we are here now." });
    expect(play.events.last()?.transcript?.confidence).toBeCloseTo(0.6);
    expect(play.metrics.print()).toContain("voxbridge_speech_to_text_doubtful_finals_total 1");
  });

  test("S2-32: text, confidence, times from the utterance's start, language and words", async () => {
    const play = streamerFixture({
      words: spoken("one two", 100),
      hasTimes: true,
      language: "en-US",
      confidences: [0.9],
    });
    play.begin(7);
    play.say(900);
    play.stream.finish();
    await play.engine.answer();
    await play.engine.answer();
    const last = play.events.last();
    expect(last).toMatchObject({ kind: "final", utterance: 7 });
    expect(last?.transcript).toEqual({
      text: "one two",
      confidence: 0.9,
      startMs: 100,
      endMs: 650,
      language: "en",
      words: [
        { word: "one", startMs: 100, endMs: 350, confidence: 0.9 },
        { word: "two", startMs: 400, endMs: 650, confidence: 0.9 },
      ],
    });
    expect(play.engine.asked.at(-1)?.language).toBe("en");
  });
});

describe("taking back, forgetting, failing", () => {
  test("D-28: resume() before and after the final; the next final has all of it", async () => {
    const play = streamerFixture({ words: spoken("a b c d e f g h", 0, 300) });
    play.begin(1);
    play.say(600);
    play.stream.finish();
    play.stream.resume();
    await play.engine.answer();
    expect(play.events.texts("final")).toEqual([]);
    play.say(600);
    play.stream.finish();
    await play.engine.answer();
    expect(play.events.texts("final")).toEqual(["a b c d"]);
    // Silence after finish() is kept, and asked for only when the caller goes on.
    play.say(300);
    expect(play.engine.waiting()).toBe(0);
    play.stream.resume();
    play.say(900);
    play.stream.finish();
    await play.engine.answer();
    await play.engine.answer();
    expect(play.events.texts("final")).toEqual(["a b c d", "a b c d e f g h"]);
  });

  test("S2-41: begin() and cancel() forget everything; an answer on its way is void", async () => {
    const play = streamerFixture({ texts: ["old words here.", "old words here."] });
    play.begin(1);
    play.say(500);
    play.stream.cancel();
    await play.engine.answer();
    expect(play.events.all).toEqual([]);
    play.begin(2);
    play.say(500);
    expect(play.engine.asked.at(-1)).toMatchObject({ fromMs: 0, toMs: 500, prompt: "" });
  });

  test("S2-34, D-08: behind an engine that does not answer the oldest samples go, one by one", () => {
    const play = streamerFixture({ settings: { bufferMs: 2_000 } });
    play.begin(1);
    play.say(2_020);
    play.stream.finish();
    expect(play.engine.asked.at(-1)).toMatchObject({ fromMs: 20, toMs: 2_020 });
    expect(play.metrics.print()).toContain("voxbridge_speech_to_text_samples_lost_total 20");
  });

  test("S2-39: a long utterance is cut in a pause, whose two sides share the overlap", async () => {
    const words = [...spoken("one two three", 0, 300), ...spoken("four five six", 1_500, 300)];
    const play = streamerFixture({ words, settings: { bufferMs: 3_000 } });
    play.begin(1);
    for (let step = 0; step < 5; step += 1) await play.hear(500);
    const seam = play.engine.asked.find(({ toMs }, index) => index > 0 && toMs % 500 !== 0);
    const seamAtMs = (seam?.toMs ?? 0) - 100;
    expect(seamAtMs).toBeGreaterThanOrEqual(950);
    expect(seamAtMs).toBeLessThanOrEqual(1_400);
    await play.engine.answer();
    play.say(200);
    play.stream.finish();
    await play.engine.answer();
    expect(play.engine.asked.at(-1)).toMatchObject({
      fromMs: seamAtMs - 100,
      prompt: "one two three",
    });
    expect(play.events.texts("final")).toEqual(["one two three four five six"]);
  });

  test("an engine that never answers has failed after its time", async () => {
    const play = streamerFixture({ settings: { answerMsMax: 3_000 } });
    play.begin(1);
    play.say(100);
    play.stream.finish();
    play.clock.advance(3_000);
    const { error } = play.events.last() ?? {};
    expect(error instanceof VoxError ? error.code : "").toBe("engine_timeout");
    expect(play.clock.pendingTimers()).toBe(0);
  });

  test("a failure in mid-speech is passed over; at the end it is told, and can be taken back", async () => {
    const play = streamerFixture({ texts: ["all of it"] });
    play.begin(1);
    play.say(500);
    await play.engine.fail(new Error("down"));
    expect(play.events.all).toEqual([]);
    play.stream.finish();
    await play.engine.fail(new Error("down"));
    expect(play.events.last()).toMatchObject({ kind: "failed", utterance: 1 });
    play.stream.resume();
    play.stream.finish();
    await play.engine.answer();
    expect(play.events.texts("final")).toEqual(["all of it"]);
  });

  test("memory that all streams share has an end: what does not fit is refused and counted", () => {
    const play = streamerFixture({ settings: { memoryBytesMax: 2_000 } });
    play.begin(1);
    play.say(1_100);
    expect(play.metrics.print()).toContain("voxbridge_speech_to_text_samples_lost_total 100");
  });
});
