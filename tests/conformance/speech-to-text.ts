// What every SpeechToText promises (contract/speech-to-text.ts), run on each of them.
import { describe, expect, test } from "bun:test";
import type { SpeechToText, SpeechToTextStream } from "../../service/contract/speech-to-text.ts";
import { VoxError } from "../../service/errors.ts";
import { createSpeechEvents, type SpeechEvents } from "../speech-to-text/speech-events.ts";

export interface SpeechToTextFixture extends AsyncDisposable {
  readonly speech: SpeechToText;
  readonly rateHz: number;
  /** Bytes in which "one two three" is spoken, then "four five six"; each with silence around. */
  readonly first: Uint8Array;
  readonly second: Uint8Array;
  /** Lets what is under way go on, in most cases to its end. */
  settle(): Promise<void>;
}

const SETTLES_MAX = 500;

/** The fixture knows English. */
export function speechToTextConformance(
  name: string,
  open: () => Promise<SpeechToTextFixture> | SpeechToTextFixture,
): void {
  describe(`speech to text conformance: ${name}`, () => {
    const opened = async () => {
      const fixture = await open();
      const events = createSpeechEvents();
      const { speech, rateHz } = fixture;
      const stream = speech.open({ rateHz, language: "en" }, events);
      return { fixture, events, stream };
    };

    test("S2-33: says what it supports", async () => {
      await using fixture = await open();
      const { support } = fixture.speech;
      expect(fixture.speech.name).not.toBe("");
      expect(support.languages === "any" || support.languages.length > 0).toBe(true);
      expect(support.chunkMs).toBeGreaterThan(0);
    });

    test("one final for each utterance, with its number and all words, never from within", async () => {
      const { fixture, events, stream } = await opened();
      await using _ = fixture;
      for (const [utterance, audio] of [fixture.first, fixture.first].entries()) {
        stream.begin(utterance);
        say(stream, audio);
        const before = events.all.length;
        stream.finish();
        expect(events.all.length).toBe(before);
        stream.finish();
        await untilFinals(fixture, events, utterance + 1);
      }
      const finals = events.all.filter(({ kind }) => kind === "final");
      expect(finals.map(({ utterance, text }) => [utterance, text])).toEqual([
        [0, "one two three"],
        [1, "one two three"],
      ]);
    });

    test("resume() after the final: the utterance goes on, no word is lost", async () => {
      const { fixture, events, stream } = await opened();
      await using _ = fixture;
      stream.begin(1);
      say(stream, fixture.first);
      stream.finish();
      await untilFinals(fixture, events, 1);
      stream.resume();
      say(stream, fixture.second);
      stream.finish();
      await untilFinals(fixture, events, 2);
      expect(events.last()?.text).toBe("one two three four five six");
    });

    test("nothing is told after cancel() and close(); audio outside an utterance is refused", async () => {
      const { fixture, events, stream } = await opened();
      await using _ = fixture;
      expect(stream.append(fixture.first, 0, 40)).toBe(2);
      stream.begin(1);
      say(stream, fixture.first);
      stream.finish();
      stream.cancel();
      const told = events.all.length;
      await fixture.settle();
      expect(events.all.length).toBe(told);
      stream.close();
      stream.close();
      fixture.speech.close();
      fixture.speech.close();
    });

    test("unsupported_language: a hint that it does not know is refused when opening", async () => {
      await using fixture = await open();
      const { speech, rateHz } = fixture;
      let code = "";
      try {
        speech.open({ rateHz, language: "xx" }, createSpeechEvents());
      } catch (error) {
        if (error instanceof VoxError) code = error.code;
      }
      expect(code).toBe("unsupported_language");
    });
  });
}

async function untilFinals(
  fixture: SpeechToTextFixture,
  events: SpeechEvents,
  count: number,
): Promise<void> {
  for (let turn = 0; turn < SETTLES_MAX; turn += 1) {
    await fixture.settle();
    if (events.texts("final").length >= count) return;
  }
  throw new Error(`No final number ${count}: ${JSON.stringify(events.last())}`);
}

function say(stream: SpeechToTextStream, audio: Uint8Array): void {
  for (let start = 0; start < audio.length; start += 40) {
    expect(stream.append(audio, start, Math.min(audio.length, start + 40))).not.toBe(2);
  }
}
