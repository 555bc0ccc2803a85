// A local server of the OpenAI transcription API that knows what is said when (timeline-engine.ts),
// and the HTTP engine that asks it. Below /down it answers 404, as a server without a model does.
import { NO_METRICS } from "../../service/contract/metrics.ts";
import type { SpeechToTextEngine } from "../../service/contract/speech-to-text.ts";
import type { ProviderHttpDeps } from "../../service/provider/provider-http.ts";
import {
  createHttpSpeechToText,
  HTTP_SPEECH_TO_TEXT_DEFAULTS,
  type HttpSpeechToTextSettings,
} from "../../service/speech-to-text/http-speech-to-text.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { createTimelineEngine, type SpokenWord } from "./timeline-engine.ts";

const HEADER_BYTES = 44;

export interface TranscriptionServer extends AsyncDisposable {
  readonly url: string;
  /** Multipart bodies as they came. */
  readonly bodies: readonly string[];
  /** Real time: until nothing came for a while of event loop turns. */
  settle(turns: number): Promise<void>;
}

export function httpEngine(
  baseUrl: string,
  settings: Partial<HttpSpeechToTextSettings> = {},
  deps: Partial<ProviderHttpDeps> = {},
): SpeechToTextEngine {
  return createHttpSpeechToText(
    {
      ...HTTP_SPEECH_TO_TEXT_DEFAULTS,
      provider: "test",
      baseUrl,
      model: "whisper",
      languages: ["en", "hi"],
      retriesMax: 0,
      ...settings,
    },
    { clock: createSteppedClock(), random: createSeededRandom(1), metrics: NO_METRICS, ...deps },
  );
}

export function startTranscriptionServer(words: readonly SpokenWord[]): TranscriptionServer {
  const engine = createTimelineEngine(words);
  const bodies: string[] = [];
  let seen = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      seen += 1;
      if (!request.url.endsWith("/audio/transcriptions") || request.url.includes("/down/")) {
        return Response.json({ error: { code: "model_not_found" } }, { status: 404 });
      }
      const body = Buffer.from(await request.arrayBuffer());
      bodies.push(body.toString("latin1"));
      const start = body.indexOf("RIFF");
      const end = start + HEADER_BYTES + body.readUInt32LE(start + 40);
      const samples = Uint8Array.from(body.subarray(start + HEADER_BYTES, end));
      const options = { rateHz: body.readUInt32LE(start + 24), language: "", prompt: "" };
      const answer = engine.transcribe(new Int16Array(samples.buffer), options, request.signal);
      await engine.answer();
      return Response.json({ text: (await answer).text, language: "english" });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    bodies,
    async settle(turns) {
      for (let quiet = 0, last = -1; quiet < turns; quiet += 1) {
        if (seen !== last) quiet = 0;
        last = seen;
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}
