// Goal: whatever an engine does wrong costs one sentence and is told; the answer goes on (S2-55).
// Method: the streamer on a scripted engine that fails before, in and instead of its audio.
import { describe, expect, test } from "bun:test";
import { VoxError } from "../../service/errors.ts";
import { makeCore } from "../core/core-fixture.ts";
import { RateChanger } from "../../service/text-to-speech/rate-changer.ts";
import { openSpeech, RATE_HZ, samplesOf, settle } from "./speech-fixture.ts";

const gone = () => new VoxError("gone", { code: "engine_unavailable", isRetryable: true });

describe("an engine that fails", () => {
  test("S2-55: before its first audio: the sentence is skipped, told, counted", async () => {
    const { stream, engine, told, metrics } = openSpeech();
    stream.push("One. Two. ");
    stream.finish();
    await settle();
    engine.utterances[0]?.fail(gone());
    await settle();
    engine.utterances[1]?.give(40);
    engine.utterances[1]?.end();
    await settle();
    expect(told).toEqual(["failed 1 One. gone", "started 2 normal Two.", "ended 2", "finished"]);
    expect(metrics()).toContain('voxbridge_speech_sentences_total{result="failed"} 1');
    expect(metrics()).toContain('voxbridge_speech_sentences_total{result="spoken"} 1');
  });

  test("in mid-sentence: what there is fades out, the next sentence follows unmixed", async () => {
    const { stream, engine, told, chunks } = openSpeech();
    stream.push("One. Two. ");
    stream.finish();
    await settle();
    engine.utterances[0]?.give(100, { level: 1_000 });
    engine.utterances[0]?.fail(gone());
    await settle();
    engine.utterances[1]?.give(40, { level: 7 });
    engine.utterances[1]?.end();
    await settle();
    expect(told).toEqual([
      "started 1 normal One.",
      "failed 1 One. gone",
      "started 2 normal Two.",
      "ended 2",
      "finished",
    ]);
    const first = samplesOf(chunks.filter(({ sentence }) => sentence === 1));
    expect(first).toHaveLength(100 * (RATE_HZ / 1_000));
    expect(first.at(-1)).toBe(0);
    const steps = first.slice(1).map((value, index) => Math.abs(value - (first[index] ?? 0)));
    expect(Math.max(...steps)).toBeLessThan(5);
    const second = samplesOf(chunks.filter(({ sentence }) => sentence === 2));
    expect(new Set(second)).toEqual(new Set([7]));
  });

  test("in the sentence after a join was prepared: the one before still ends", async () => {
    const { stream, engine, told, chunks } = openSpeech();
    stream.push("One. Two. ");
    stream.finish();
    await settle();
    engine.utterances[0]?.give(100);
    engine.utterances[0]?.end();
    await settle();
    engine.utterances[1]?.fail(gone());
    await settle();
    expect(told).toEqual(["started 1 normal One.", "ended 1", "failed 2 Two. gone", "finished"]);
    expect(samplesOf(chunks)).toHaveLength(100 * (RATE_HZ / 1_000));
  });

  test("with no audio at all, or with far too much, it is not believed", async () => {
    const { stream, engine, told } = openSpeech();
    stream.push("One. Two. ");
    stream.finish();
    await settle();
    engine.utterances[0]?.end();
    await settle();
    expect(told).toEqual(["failed 1 One. Cannot speak: the engine gave no audio for a sentence"]);
    for (let piece = 0; piece < 13; piece += 1) engine.utterances[1]?.give(10_000);
    await settle();
    expect(told.at(-2)).toBe(
      "failed 2 Two. Cannot speak: a sentence is over 120000 ms, must be shorter",
    );
    expect(told.at(-1)).toBe("finished");
  });

  test("with a rate that nobody uses: the sentence fails, no resampler is kept", async () => {
    const { stream, engine, told } = openSpeech({ engineHz: 7_000 });
    stream.push("One. ");
    await settle();
    engine.utterances[0]?.give(100);
    await settle();
    expect(told[1]).toStartWith("failed 1 One. Cannot speak: the engine's rate is 7000 Hz");
  });

  test("all sentences fail: the answer is finished all the same", async () => {
    const { stream, engine, told } = openSpeech();
    stream.push("One. Two. Three");
    stream.finish();
    for (let index = 0; index < 3; index += 1) {
      await settle();
      engine.utterances[index]?.fail(gone());
    }
    await settle();
    expect(told.filter((line) => line.startsWith("failed"))).toHaveLength(3);
    expect(told.at(-1)).toBe("finished");
  });
});

describe("RateChanger", () => {
  test("gives its resampler back after each sentence, and says when none is left", () => {
    const { kernels } = makeCore(1);
    const audio = new Int16Array(480);
    const ignore = () => undefined;
    // Far more sentences than there are streams (256).
    for (let sentence = 0; sentence < 1_000; sentence += 1) {
      const changer = new RateChanger(kernels, 8_000);
      changer.change(audio, 24_000, ignore);
      changer.change(audio, 22_050, ignore);
      changer.end();
      changer.end();
    }
    const taken = Array.from({ length: 256 }, () => kernels.openResampler(24_000, 8_000, "fast"));
    expect(taken).not.toContain(null);
    const changer = new RateChanger(kernels, 8_000);
    expect(() => changer.change(audio, 24_000, ignore)).toThrow("all resamplers are in use");
    taken[0]?.close();
    expect(() => changer.change(audio, 24_000, ignore)).not.toThrow();
  });
});
