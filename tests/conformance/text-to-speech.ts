// What every TextToSpeech promises, whatever is behind it (contract/text-to-speech.ts). Run by
// tests/conformance/text-to-speech.test.ts on each engine.
import { afterEach, describe, expect, test } from "bun:test";
import type {
  SpeechChunk,
  SynthesisRequest,
  TextToSpeech,
} from "../../service/contract/text-to-speech.ts";
import { failureOf, NEVER } from "../provider/provider-fixture.ts";
import { milliseconds, SENTENCE, samplesIn } from "../text-to-speech/engine-fixture.ts";

export interface SpeechUnderTest {
  readonly engine: TextToSpeech;
  /** Waits for what the engine does, moving the clock when it is a stepped one. */
  settled<Value>(promise: Promise<Value>): Promise<Value>;
  /** Sentences that something still works on. */
  active(): number;
  stop(): Promise<void>;
}

/** The engine must know the voice "en-us" and the languages of `SENTENCE`, and not "xx". */
export function textToSpeechConformance(name: string, make: () => SpeechUnderTest): void {
  describe(`${name} is a TextToSpeech`, () => {
    const open: SpeechUnderTest[] = [];
    afterEach(async () => {
      for (const under of open.splice(0)) {
        under.engine.close();
        await under.stop();
      }
    });

    function setUp() {
      const under = make();
      open.push(under);
      const say = (change: Partial<SynthesisRequest> = {}, signal = NEVER) => {
        const spoken = under.engine.synthesize({ ...SENTENCE, ...change }, signal);
        // Chunks are valid until the next one is asked for.
        const copies = Array.fromAsync(spoken, (chunk) => ({
          ...chunk,
          audio: chunk.audio.slice(),
        }));
        return under.settled(copies);
      };
      return { ...under, say };
    }

    test("S2-53: speaks a sentence: 16 bit audio at one rate, as long as the words take", async () => {
      const { say } = setUp();
      const chunks = await say();
      expect(new Set(chunks.map(({ rateHz }) => rateHz)).size).toBe(1);
      expect(milliseconds(chunks)).toBeGreaterThan(1_000);
      expect(milliseconds(chunks)).toBeLessThan(6_000);
      expect(chunks.every(({ audio }) => audio.length > 0)).toBe(true);
      const peak = Math.max(...chunks.map(({ audio }) => Math.max(...audio)));
      expect(peak).toBeGreaterThan(1_000);
    });

    test("the same words sound the same, longer ones take longer", async () => {
      const { say } = setUp();
      const first = await say();
      const second = await say();
      const longer = await say({ text: `${SENTENCE.text} ${SENTENCE.text}` });
      const bytes = (chunks: readonly SpeechChunk[]) =>
        Buffer.concat(chunks.map(({ audio }) => Buffer.from(audio.buffer)));
      expect(Buffer.compare(bytes(first), bytes(second))).toBe(0);
      expect(samplesIn(longer)).toBeGreaterThan(samplesIn(first) * 1.5);
    });

    test("speaks faster when it says that it can", async () => {
      const { engine, say } = setUp();
      if (!engine.support.hasRate) return;
      expect(milliseconds(await say({ rate: 2 }))).toBeLessThan(milliseconds(await say()) * 0.7);
    });

    test("speaks several sentences at once, each whole", async () => {
      const { say } = setUp();
      const alone = samplesIn(await say());
      const together = await Promise.all([say(), say(), say(), say()]);
      expect(together.map(samplesIn)).toEqual([alone, alone, alone, alone]);
    });

    test("S2-53: lists its voices, and each of the first three speaks", async () => {
      const { engine, settled, say } = setUp();
      const voices = await settled(engine.voices(NEVER));
      expect(voices.map(({ id }) => id)).toContain("en-us");
      expect(new Set(voices.map(({ id }) => id)).size).toBe(voices.length);
      for (const { id, name, rateHz } of voices.slice(0, 3)) {
        expect(name).not.toBe("");
        expect(rateHz).toBeGreaterThanOrEqual(8_000);
        expect(samplesIn(await say({ voice: id }))).toBeGreaterThan(0);
      }
    });

    test("S2-87: says that a voice or a language is not there", async () => {
      const { say } = setUp();
      const voice = await failureOf(say({ voice: "nobody" }));
      expect([voice.code, voice.isRetryable]).toEqual(["voice_not_found", false]);
      const language = await failureOf(say({ voice: "default", language: "xx" }));
      expect([language.code, language.isRetryable]).toEqual(["unsupported_language", false]);
    });

    test("takes any text as words: markup, options, what a shell would run", async () => {
      const { say } = setUp();
      for (const text of [
        "<b>Tom & Jerry</b>",
        "-h --version",
        "$(id) `id`; id | id",
        'a "b" [[c]]',
      ])
        expect(samplesIn(await say({ text }))).toBeGreaterThan(0);
    });

    test("does nothing for a signal that is aborted already", async () => {
      const { say, active } = setUp();
      const failure = await failureOf(say({}, AbortSignal.abort()));
      expect(failure.code).toBe("cancelled");
      expect(active()).toBe(0);
    });

    test("S2-59: stops at its signal, and yields nothing after it", async () => {
      const { engine, settled, active } = setUp();
      const controller = new AbortController();
      const text = `${SENTENCE.text} `.repeat(20);
      let chunks = 0;
      const reading = async () => {
        for await (const _ of engine.synthesize({ ...SENTENCE, text }, controller.signal)) {
          chunks += 1;
          controller.abort();
        }
      };
      const failure = await failureOf(settled(reading()));
      expect(failure.code).toBe("cancelled");
      expect(chunks).toBe(1);
      await settled(until(() => active() === 0));
    });

    test("whoever leaves in the middle leaves nothing running", async () => {
      const { engine, settled, active } = setUp();
      const text = `${SENTENCE.text} `.repeat(20);
      const reading = async () => {
        for await (const _ of engine.synthesize({ ...SENTENCE, text }, NEVER)) break;
      };
      await settled(reading());
      await settled(until(() => active() === 0));
    });

    test("close() ends what is being spoken as cancelled, twice is once", async () => {
      const { engine, say } = setUp();
      const speaking = failureOf(say({ text: `${SENTENCE.text} `.repeat(20) }));
      engine.close();
      engine.close();
      expect((await speaking).code).toBe("cancelled");
      expect((await failureOf(say())).code).toBe("cancelled");
    });
  });
}

/** Turns the event loop until `isTrue`; the test's own time limit ends it. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise<void>((resolve) => setImmediate(resolve));
}
