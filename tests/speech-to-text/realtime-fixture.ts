// The Realtime transcription against the project's simulator, over a real socket on stepped time. The
// simulator knows two pieces of audio by their hash.
import { createRealtimeSimulator } from "../../service/simulator/simulator.ts";
import { createRealtimeTranscription } from "../../service/speech-to-text/realtime-transcription.ts";
import { createOpenAiRealtimeFactory } from "../../service/upstream/openai-realtime.ts";
import { createUpstreamStats } from "../../service/upstream/upstream-stats.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { settleSession } from "./settled-session.ts";

const RATE_HZ = 24_000;

/** 300 ms that no other number gives. */
function tone(seed: number): Uint8Array {
  const random = createSeededRandom(seed);
  const samples = Int16Array.from(
    { length: RATE_HZ * 0.3 },
    () => (random.uint32() & 0xfff) - 2048,
  );
  return new Uint8Array(samples.buffer);
}

function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

export function realtimeFixture() {
  const clock = createSteppedClock();
  const first = tone(1);
  const second = tone(2);
  const heard = (audio: Uint8Array, transcript: string) => ({
    when: { audioSha256: sha256(audio) },
    transcript,
  });
  const simulator = createRealtimeSimulator({
    clock,
    random: createSeededRandom(3),
    host: "127.0.0.1",
    port: 0,
    isRecorded: true,
    script: { turns: [heard(first, "one two three"), heard(second, "four five six")] },
  });
  const stats = createUpstreamStats();
  const factory = createOpenAiRealtimeFactory({
    url: simulator.url,
    apiKey: "",
    model: "simulated",
    clock,
    random: createSeededRandom(4),
    stats,
  });
  const speech = createRealtimeTranscription(
    { model: "gpt-transcribe", languages: ["en"], answerMsMax: 5_000 },
    { factory, clock },
  );
  return {
    speech,
    rateHz: RATE_HZ,
    first,
    second,
    clock,
    simulator,
    settle: () => settleSession(simulator.stats, stats, clock),
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
}
