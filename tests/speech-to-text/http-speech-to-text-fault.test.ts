// Goal: each way in which a transcription server fails has its code, in time; what it is asked for
// and what it answers is read as its documentation says.
// Method: a bare socket that says what the test wants (provider/raw-http-server.ts), stepped time.
import { describe, expect, test } from "bun:test";
import type { SpeechToTextEngine, Transcript } from "../../service/contract/speech-to-text.ts";
import type { HttpSpeechToTextSettings } from "../../service/speech-to-text/http-speech-to-text.ts";
import { failureOf, NEVER } from "../provider/provider-fixture.ts";
import { type RawAnswer, rawAnswer, startRawHttpServer } from "../provider/raw-http-server.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { httpEngine } from "./transcription-server.ts";

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n";

function ask(engine: SpeechToTextEngine, language = "en", signal = NEVER): Promise<Transcript> {
  const options = { rateHz: 8_000, language, prompt: "Ann" };
  return engine.transcribe(new Int16Array(400).fill(7), options, signal);
}

async function codeOf(
  answer: () => RawAnswer,
  settings: Partial<HttpSpeechToTextSettings> = {},
): Promise<string> {
  await using server = startRawHttpServer(answer);
  return (await failureOf(ask(httpEngine(server.url, settings)))).code;
}

describe("a transcription server that fails", () => {
  test("refuses connections: engine_unavailable", async () => {
    const server = startRawHttpServer(() => rawAnswer("{}"));
    await server[Symbol.asyncDispose]();
    expect((await failureOf(ask(httpEngine(server.url)))).code).toBe("engine_unavailable");
  });

  test("dies in the middle of its answer: engine_unavailable", async () => {
    expect(await codeOf(() => ({ text: `${HEAD}{"te`, close: true }))).toBe("engine_unavailable");
  });

  test("answers slowly: engine_timeout", async () => {
    await using server = startRawHttpServer(() => ({ text: "" }));
    const clock = createSteppedClock();
    const failing = failureOf(ask(httpEngine(server.url, { answerMsMax: 900 }, { clock })));
    await server.arrived(1);
    clock.advance(900);
    expect((await failing).code).toBe("engine_timeout");
    expect(clock.pendingTimers()).toBe(0);
  });

  test("answers garbage, other JSON, another content type: engine_protocol", async () => {
    expect(await codeOf(() => rawAnswer("%%%"))).toBe("engine_protocol");
    expect(await codeOf(() => rawAnswer('{"text":5}'))).toBe("engine_protocol");
    expect(await codeOf(() => rawAnswer("<p>", { type: "text/html" }))).toBe("engine_protocol");
  });

  test("429: engine_rate_limited, with its time; 401: engine_refused; 500: engine_unavailable", async () => {
    await using server = startRawHttpServer(() =>
      rawAnswer("{}", { status: 429, headers: "retry-after: 7\r\n" }),
    );
    const failure = await failureOf(ask(httpEngine(server.url)));
    expect([failure.code, failure.retryAfterMs]).toEqual(["engine_rate_limited", 7_000]);
    expect(await codeOf(() => rawAnswer("{}", { status: 401 }))).toBe("engine_refused");
    expect(await codeOf(() => rawAnswer("{}", { status: 500 }))).toBe("engine_unavailable");
  });

  test("a language that it does not know is not asked for: unsupported_language", async () => {
    await using server = startRawHttpServer(() => rawAnswer('{"text":"x"}'));
    const failure = await failureOf(ask(httpEngine(server.url), "fr"));
    expect(failure.code).toBe("unsupported_language");
    expect(server.requests).toEqual([]);
  });

  test("nobody waits any more: cancelled", async () => {
    await using server = startRawHttpServer(() => ({ text: "" }));
    const controller = new AbortController();
    const failing = failureOf(ask(httpEngine(server.url), "en", controller.signal));
    await server.arrived(1);
    controller.abort();
    expect((await failing).code).toBe("cancelled");
  });
});

describe("what goes out and comes back", () => {
  test("a WAV of at least 100 ms, model, language, prompt and format in one form", async () => {
    await using server = startRawHttpServer(() => rawAnswer('{"text":" hello  there "}'));
    const transcript = await ask(httpEngine(server.url));
    expect(transcript).toMatchObject({ text: "hello there", confidence: 1, language: "en" });
    const [request = ""] = server.requests;
    expect(request).toStartWith("POST /audio/transcriptions HTTP/1.1");
    for (const field of ["whisper", "en", "Ann", "verbose_json", "word", "segment"]) {
      expect(request).toContain(`\r\n\r\n${field}\r\n`);
    }
    const wav = Buffer.from(request.slice(request.indexOf("RIFF")), "latin1");
    expect(wav.toString("latin1", 8, 16)).toBe("WAVEfmt ");
    expect([wav.readUInt16LE(22), wav.readUInt32LE(24), wav.readUInt16LE(34)]).toEqual([
      1, 8000, 16,
    ]);
    // 50 ms were given: the rest of 100 ms is silence.
    expect(wav.readUInt32LE(40)).toBe(1_600);
    expect([wav.readInt16LE(44), wav.readInt16LE(44 + 798), wav.readInt16LE(44 + 800)]).toEqual([
      7, 7, 0,
    ]);
  });

  test("words, segments and chances of verbose_json; what is no speech is left out", async () => {
    const answer = {
      text: "Hello. Thank you.",
      language: "hindi",
      words: [
        { word: " Hello", start: 0.1, end: 0.4 },
        { word: " Thank", start: 1.1, end: 1.2 },
      ],
      segments: [
        { text: " Hello. [BLANK_AUDIO]", start: 0, end: 0.5, avg_logprob: -0.1, no_speech_prob: 0 },
        { text: " Thank you.", start: 1, end: 2, avg_logprob: -1.5, no_speech_prob: 0.9 },
      ],
    };
    await using server = startRawHttpServer(() => rawAnswer(JSON.stringify(answer)));
    const transcript = await ask(httpEngine(server.url), "");
    expect(transcript).toMatchObject({ text: "Hello.", language: "hi" });
    expect(transcript.confidence).toBeCloseTo(Math.exp(-0.1));
    expect(transcript.words.map(({ word, startMs, endMs }) => [word, startMs, endMs])).toEqual([
      ["Hello", 100, 400],
    ]);
    expect(transcript.words[0]?.confidence).toBeCloseTo(Math.exp(-0.1));
  });
});
