// Goal: every TextToSpeech keeps the contract. Method: one suite, each engine: speech servers (the
// simulator, in tones, on a stepped clock; and with the voice of espeak-ng), the program espeak-ng
// itself, and a chain whose first engine is down.
import { NO_METRICS } from "../../service/contract/metrics.ts";
import type { TextToSpeech } from "../../service/contract/text-to-speech.ts";
import { engineSound } from "../../service/simulator/speech-sound.ts";
import type { SpeechSimulatorOptions } from "../../service/simulator/speech-simulator.ts";
import { createSpeechChain } from "../../service/text-to-speech/speech-chain.ts";
import { settled } from "../provider/provider-fixture.ts";
import { openSocketCensus } from "../support/socket-census.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";
import { canSpeak, espeakOf, speechOf, speechServer } from "../text-to-speech/engine-fixture.ts";
import { type SpeechUnderTest, textToSpeechConformance } from "./text-to-speech.ts";

/** An engine of a server, on stepped time. */
function served(
  make: (url: string, clock: SteppedClock) => TextToSpeech,
  options: Partial<SpeechSimulatorOptions> = {},
): SpeechUnderTest {
  const census = openSocketCensus();
  const clock = createSteppedClock();
  const server = speechServer(clock, options);
  return {
    engine: make(server.url, clock),
    settled: (promise) => settled(promise, clock, census),
    active: () => server.active(),
    async stop() {
      await server.stop();
      census.close();
    },
  };
}

textToSpeechConformance("createSpeechHttp()", () =>
  served((url, clock) => speechOf(url, { languages: ["en", "de"] }, { clock })),
);

textToSpeechConformance("createSpeechHttp() of a server that answers with WAV", () =>
  served((url, clock) => speechOf(url, { languages: ["en", "de"] }, { clock }), { isWav: true }),
);

textToSpeechConformance("createSpeechHttp() of a server that lists no voices", () =>
  served((url, clock) => speechOf(url, { languages: ["en"], voices: ["en-us"] }, { clock }), {
    voices: null,
  }),
);

textToSpeechConformance("createSpeechChain() whose first engine is down", () =>
  served((url, clock) =>
    createSpeechChain(
      [
        // Port 9 of this machine: nobody listens there.
        { engine: speechOf("http://127.0.0.1:9/v1", {}, { clock }), voice: "alloy" },
        { engine: speechOf(url, { languages: ["en", "de"] }, { clock }), voice: "" },
      ],
      { clock, metrics: NO_METRICS },
    ),
  ),
);

if (canSpeak("conformance of espeak-ng")) {
  // A program is no socket: it is waited for, and the clock stands still.
  textToSpeechConformance("createEspeakNg()", () => ({
    engine: espeakOf(),
    settled: (promise) => promise,
    active: () => 0,
    stop: () => Promise.resolve(),
  }));

  textToSpeechConformance("createSpeechHttp() of a server with a real voice", () => {
    const voice = espeakOf();
    const clock = createSteppedClock();
    const limits = { firstAudioMs: 0, speed: 0 };
    const server = speechServer(clock, { sound: engineSound(voice, 22_050), limits });
    const engine = speechOf(server.url, { languages: ["en"], rateHz: 22_050 }, { clock });
    return {
      engine,
      async settled(promise) {
        let isOver = false;
        const end = () => {
          isOver = true;
        };
        void promise.then(end, end);
        // Only what is due now: the voice takes its time, deadlines must not pass meanwhile.
        while (!isOver) {
          clock.advance(0);
          await new Promise<void>((resolve) => setImmediate(resolve));
        }
        return promise;
      },
      active: () => server.active(),
      async stop() {
        voice.close();
        await server.stop();
      },
    };
  });
}
