// Goal: urgent speech overtakes, a full queue is an answer and never a wait, clear() leaves nothing.
// Method: as in speech-streamer.test.ts: the streamer on a scripted engine.
import { describe, expect, test } from "bun:test";
import { SEND } from "../../service/contract/send-result.ts";
import { spokenText } from "../../service/text-to-speech/spoken-text.ts";
import { openSpeech, RATE_HZ, samplesOf, settle } from "./speech-fixture.ts";

const MS = RATE_HZ / 1_000;

describe("the queue of sentences", () => {
  test("S2-52, D-13: urgent before normal before filler, each in its order", async () => {
    const { stream, engine } = openSpeech();
    stream.push("Now. ");
    await settle();
    stream.interject("Hm.", "filler");
    stream.push("Later. ");
    stream.interject("Stop!");
    stream.interject("Fire!", "urgent");
    for (let index = 0; index < 5; index += 1) {
      await settle();
      engine.utterances[index]?.give(50);
      engine.utterances[index]?.end();
    }
    await settle();
    const spoken = engine.utterances.map(({ request }) => request.text);
    expect(spoken).toEqual(["Now.", "Stop!", "Fire!", "Later.", "Hm."]);
  });

  test("S2-57: an interjection is urgent and told as such", async () => {
    const { stream, engine, told } = openSpeech();
    expect(stream.interject("One moment.")).toBe(SEND.SENT);
    await settle();
    engine.utterances[0]?.give(50);
    await settle();
    expect(told).toEqual(["started 1 urgent One moment."]);
  });

  test("S2-54, S2-60, D-34: a full queue answers at once, and says when it has room", async () => {
    const { stream, engine, told, metrics } = openSpeech();
    stream.push("A0 sentence. ");
    await settle();
    for (let index = 1; index <= 5; index += 1) {
      expect(stream.push(`A${index} sentence. `)).toBe(SEND.SENT);
    }
    expect(stream.push("A6 sentence. ")).toBe(SEND.BUFFERED);
    expect(stream.push("A7 sentence. ")).toBe(SEND.DROPPED);
    await settle();
    expect(told).toEqual([]);
    engine.utterances[0]?.give(50);
    engine.utterances[0]?.end();
    await settle();
    expect(told).toEqual(["started 1 normal A0 sentence.", "room"]);
    // What was refused was not taken: the writer pushes it again.
    expect(stream.push("A7 sentence. ")).toBe(SEND.BUFFERED);
    expect(metrics()).toContain("voxbridge_speech_queue_full_total 3");
  });

  test("D-34: a writer that waits for room loses nothing of a long answer", async () => {
    const fixture = openSpeech();
    const { stream, engine } = fixture;
    const words = Array.from({ length: 40 }, (_, index) => `Sentence ${index}a. `);
    let next = 0;
    const write = () => {
      for (; next < words.length; next += 1) {
        const result = stream.push(words[next] ?? "");
        if (result === SEND.DROPPED) return;
      }
      stream.finish();
    };
    fixture.onTold = (line) => {
      if (line === "room") write();
    };
    write();
    for (let index = 0; index < words.length; index += 1) {
      await settle();
      engine.utterances[index]?.give(20);
      engine.utterances[index]?.end();
    }
    await settle();
    expect(engine.utterances.map(({ request }) => `${request.text} `)).toEqual(
      words.map((sentence) => spokenText(sentence, "en").concat(" ")),
    );
    expect(fixture.told.at(-1)).toBe("finished");
  });

  test("a filler gives up its place in a full queue, and is refused by one", async () => {
    const { stream, engine, metrics } = openSpeech();
    stream.push("Now. ");
    await settle();
    stream.interject("Hm.", "filler");
    for (let index = 1; index <= 5; index += 1) {
      expect(stream.push(`B${index} sentence. `)).toBe(SEND.SENT);
    }
    expect(stream.interject("Hm.", "filler")).toBe(SEND.DROPPED);
    // One place is kept for what is urgent, and no more than one.
    expect(stream.interject("Help!")).toBe(SEND.SENT);
    expect(stream.interject("Help!")).toBe(SEND.DROPPED);
    expect(metrics()).toContain('voxbridge_speech_sentences_total{result="filler_dropped"} 1');
    engine.utterances[0]?.end();
    await settle();
    expect(engine.utterances[1]?.request.text).toBe("Help!");
  });
});

describe("clear()", () => {
  test("S2-59, D-13: it empties everything and stops the engine at once", async () => {
    const { stream, engine, told, chunks, metrics } = openSpeech();
    stream.push("One. Two. Three. Half a sent");
    await settle();
    engine.utterances[0]?.give(100);
    await settle();
    const given = chunks.length;
    stream.clear();
    expect(engine.utterances[0]?.signal.aborted).toBe(true);
    engine.utterances[0]?.give(100);
    await settle();
    expect(chunks).toHaveLength(given);
    expect(told).toEqual(["started 1 normal One."]);
    expect(engine.utterances).toHaveLength(1);
    expect(metrics()).toContain('voxbridge_speech_sentences_total{result="cleared"} 3');
  });

  test("what is said after it is not mixed with what was said before", async () => {
    const { stream, engine, told, chunks } = openSpeech();
    stream.push("Old. Older. ");
    stream.finish();
    await settle();
    engine.utterances[0]?.give(100, { level: 9_000 });
    await settle();
    stream.clear();
    const given = chunks.length;
    stream.push("New. ");
    stream.finish();
    await settle();
    engine.utterances[1]?.give(60, { level: 5 });
    engine.utterances[1]?.end();
    await settle();
    expect(samplesOf(chunks.slice(given))).toEqual(new Array<number>(60 * MS).fill(5));
    expect(told.slice(1)).toEqual(["started 2 normal New.", "ended 2", "finished"]);
  });

  test("it empties what a paused listener has not taken", async () => {
    const { stream, engine, told, chunks } = openSpeech();
    stream.push("One. ");
    await settle();
    stream.pause();
    engine.utterances[0]?.give(200);
    await settle();
    stream.clear();
    stream.resume();
    await settle();
    expect([told, chunks]).toEqual([[], []]);
  });

  test("it may be called from within the listener", async () => {
    const fixture = openSpeech();
    const { stream, engine, told } = fixture;
    fixture.onTold = () => stream.clear();
    stream.push("One. Two. ");
    await settle();
    engine.utterances[0]?.give(300);
    await settle();
    expect(told).toEqual(["started 1 normal One."]);
    expect(fixture.chunks).toHaveLength(0);
    fixture.onTold = () => undefined;
    stream.push("Three. ");
    await settle();
    expect(engine.utterances.at(-1)?.request.text).toBe("Three.");
  });

  test("close() stops the engine and tells nothing more; twice is once", async () => {
    const { stream, engine, told } = openSpeech();
    stream.push("One. ");
    stream.finish();
    await settle();
    stream.close();
    stream.close();
    expect(engine.utterances[0]?.signal.aborted).toBe(true);
    await settle();
    expect(told).toEqual([]);
    expect(() => stream.push("More. ")).toThrow("closed voice");
  });
});
