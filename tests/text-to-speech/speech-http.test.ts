// Goal: a speech server is asked as its documentation says, and its audio is used while it comes.
// Method: the speech simulator over loopback on a stepped clock; what it was asked is read from it.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { SpeechSimulator } from "../../service/simulator/speech-simulator.ts";
import { hasVoice, parseVoiceList } from "../../service/text-to-speech/voice-list.ts";
import { failureOf, NEVER, settled } from "../provider/provider-fixture.ts";
import { openSocketCensus, type SocketCensus } from "../support/socket-census.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";
import { milliseconds, SENTENCE, speechOf, speechServer } from "./engine-fixture.ts";

let census: SocketCensus;
let clock: SteppedClock;
let server: SpeechSimulator;
beforeEach(() => {
  census = openSocketCensus();
  clock = createSteppedClock();
  server = speechServer(clock, { key: "secret" });
});
afterEach(async () => {
  await server.stop();
  census.close();
});

describe("createSpeechHttp()", () => {
  test("asks for raw PCM with model, voice, speed and key", async () => {
    const engine = speechOf(server.url, { key: "secret", model: "kokoro" }, { clock });
    const spoken = engine.synthesize({ ...SENTENCE, rate: 1.25 }, NEVER);
    await settled(Array.fromAsync(spoken), clock, census);
    expect(server.records[0]).toMatchObject({
      hasAuthorization: true,
      request: {
        model: "kokoro",
        input: SENTENCE.text,
        voice: "en-us",
        response_format: "pcm",
        speed: 1.25,
      },
    });
    expect(engine.name).toBe("speech:kokoro");
  });

  test("without the key it is refused, and the message does not hold one", async () => {
    const engine = speechOf(server.url, { key: "wrong-secret" }, { clock });
    const spoken = Array.fromAsync(engine.synthesize(SENTENCE, NEVER));
    const failure = await failureOf(settled(spoken, clock, census));
    expect(failure.code).toBe("engine_refused");
    expect(failure.message).not.toContain("secret");
  });

  test("gives the first audio when it is there, long before the last", async () => {
    const engine = speechOf(server.url, { key: "secret" }, { clock });
    const times: number[] = [];
    const reading = async () => {
      for await (const _ of engine.synthesize(SENTENCE, NEVER)) times.push(clock.nowMs());
    };
    await settled(reading(), clock, census);
    // 150 ms to the first audio, then pieces of 100 ms at five times real time.
    expect(times[0]).toBe(150);
    expect(times.slice(0, 4)).toEqual([150, 170, 190, 210]);
  });

  test("S3-04: sentences in a row go over one connection", async () => {
    const engine = speechOf(server.url, { key: "secret" }, { clock });
    for (let sentence = 0; sentence < 4; sentence += 1) {
      await settled(Array.fromAsync(engine.synthesize(SENTENCE, NEVER)), clock, census);
    }
    expect(new Set(server.records.map(({ clientPort }) => clientPort)).size).toBe(1);
  });

  test("audio is as long as the server made it", async () => {
    const engine = speechOf(server.url, { key: "secret" }, { clock });
    const chunks = await settled(
      Array.fromAsync(engine.synthesize({ ...SENTENCE, text: "abcd efgh" }, NEVER), (chunk) => ({
        ...chunk,
        audio: chunk.audio.slice(),
      })),
      clock,
      census,
    );
    // 65 ms a character, and one for the space behind each word.
    expect(milliseconds(chunks)).toBe(2 * 5 * 65);
  });
});

describe("lists of voices", () => {
  test.each([
    [{ voices: ["af_heart", "bm_lewis"] }],
    [{ voices: [{ id: "af_heart", name: "Heart" }, { id: "bm_lewis" }] }],
    [{ data: [{ voice_id: "af_heart" }, { voice_id: "bm_lewis", language: "en-gb" }] }],
    [["af_heart", "bm_lewis"]],
  ])("%j", (value) => {
    expect(parseVoiceList(value, "speech", 24_000).map(({ id }) => id)).toEqual([
      "af_heart",
      "bm_lewis",
    ]);
  });

  test.each([[null], ["af_heart"], [{ voices: "af_heart" }], [{ voices: [1] }]])(
    "not %j",
    (value) => {
      expect(() => parseVoiceList(value, "speech", 24_000)).toThrow("none we know");
    },
  );

  test("a mix of voices is there when each of them is", () => {
    const voices = parseVoiceList(["af_bella", "af_sky"], "speech", 24_000);
    expect(hasVoice(voices, "af_bella+af_sky")).toBe(true);
    expect(hasVoice(voices, "af_bella(2)+af_sky(1)")).toBe(true);
    expect(hasVoice(voices, "af_bella+nobody")).toBe(false);
  });
});
