// Goal: the streamer over the HTTP engine writes down what a real voice said, word for word, at 16 kHz
// and through G.711 at 8 kHz; partials come before the end; words that pass a tentative end are kept.
// Method: flite speaks, pocketsphinx hears with a grammar of the test's own sentences
// (support/pocketsphinx-server.ts). It proves the plumbing, not how well anybody is understood.
import { describe, expect, test } from "bun:test";
import { mulaw } from "alawmulaw";
import { createSystemClock, createSystemRandom } from "../../service/clock.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import type { SpeechToText, SpeechToTextStream } from "../../service/contract/speech-to-text.ts";
import {
  createHttpSpeechToText,
  HTTP_SPEECH_TO_TEXT_DEFAULTS,
} from "../../service/speech-to-text/http-speech-to-text.ts";
import { createSpeechStreamer } from "../../service/speech-to-text/speech-streamer.ts";
import { FLITE_RATE_HZ, fliteSpeech, hasFlite } from "../support/flite-speech.ts";
import { hasPocketsphinx, startPocketsphinx } from "../support/pocketsphinx-server.ts";
import { createSpeechEvents, type SpeechEvents } from "./speech-events.ts";

const SENTENCES = [
  "what are your opening hours",
  "i would like to book a table",
  "for two people tomorrow at noon",
  "please stop talking now",
];
const CHUNK_MS = 20;
const WAIT_MS_MAX = 30_000;
const PHONE_RATE_HZ = 8_000;

const name = "tests/speech-to-text/real-recogniser.test.ts";
const isReady = [hasFlite(name), hasPocketsphinx(name)].every(Boolean);

function streamerAt(baseUrl: string): SpeechToText {
  const clock = createSystemClock();
  const deps = { clock, random: createSystemRandom(), metrics: NO_METRICS };
  const settings = {
    ...HTTP_SPEECH_TO_TEXT_DEFAULTS,
    provider: "pocketsphinx",
    baseUrl,
    model: "en-us",
    answerMsMax: WAIT_MS_MAX,
    totalMsMax: WAIT_MS_MAX,
  };
  const engine = createHttpSpeechToText(settings, deps);
  return createSpeechStreamer({ engine, clock, settings: { answerMsMax: WAIT_MS_MAX } });
}

function say(stream: SpeechToTextStream, audio: Int16Array, rateHz: number): void {
  const bytes = new Uint8Array(audio.buffer, audio.byteOffset, audio.byteLength);
  const chunkBytes = (rateHz / 1000) * CHUNK_MS * 2;
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    stream.append(bytes, start, Math.min(bytes.length, start + chunkBytes));
  }
}

/** Real time: until the listener was told so many finals. */
async function untilFinals(events: SpeechEvents, count: number): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (events.texts("final").length < count && performance.now() < endMs) await Bun.sleep(5);
}

/** What a telephone leaves of it: every second sample, mu-law there and back. */
function throughPhone(audio: Int16Array): Int16Array {
  const narrow = new Int16Array(audio.length >> 1);
  for (let index = 0; index < narrow.length; index += 1) {
    narrow[index] = Math.round(((audio[2 * index] ?? 0) + (audio[2 * index + 1] ?? 0)) / 2);
  }
  return mulaw.decode(mulaw.encode(narrow));
}

describe.skipIf(!isReady)("a real recogniser behind the HTTP engine", () => {
  test("S2-30: a real voice is written down word for word, at 16 kHz and through G.711", async () => {
    await using server = await startPocketsphinx(SENTENCES);
    const streamer = streamerAt(server.baseUrl);
    for (const rateHz of [FLITE_RATE_HZ, PHONE_RATE_HZ]) {
      const events = createSpeechEvents();
      const stream = streamer.open({ rateHz, language: "en" }, events);
      for (const [index, sentence] of SENTENCES.entries()) {
        const speech = await fliteSpeech(sentence);
        stream.begin(index);
        say(stream, rateHz === PHONE_RATE_HZ ? throughPhone(speech) : speech, rateHz);
        stream.finish();
        await untilFinals(events, index + 1);
      }
      expect(events.texts("final")).toEqual(SENTENCES);
      stream.close();
    }
    streamer.close();
  }, 60_000);

  test("D-28: a sentence that goes on after its tentative end comes whole", async () => {
    await using server = await startPocketsphinx(SENTENCES);
    const streamer = streamerAt(server.baseUrl);
    const events = createSpeechEvents();
    const stream = streamer.open({ rateHz: FLITE_RATE_HZ, language: "en" }, events);
    stream.begin(1);
    say(stream, await fliteSpeech("i would like to book a table"), FLITE_RATE_HZ);
    stream.finish();
    await untilFinals(events, 1);
    stream.resume();
    say(stream, await fliteSpeech("for two people tomorrow at noon"), FLITE_RATE_HZ);
    stream.finish();
    await untilFinals(events, 2);
    expect(events.texts("final")).toEqual([
      "i would like to book a table",
      "i would like to book a table for two people tomorrow at noon",
    ]);
    streamer.close();
  }, 60_000);
});
