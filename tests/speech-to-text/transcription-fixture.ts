// The transcription socket against the project's simulator, over a real socket on stepped time. The
// simulator knows two pieces of audio by their hash.
import { VoxError } from "../../service/errors.ts";
import { createRealtimeSimulator } from "../../service/simulator/simulator.ts";
import type { SimulatorOptions } from "../../service/simulator/simulator-options.ts";
import {
  createTranscriptionSocket,
  type TranscriptionSocketSettings,
} from "../../service/speech-to-text/transcription-socket.ts";
import { createMetricsRegistry } from "../../service/telemetry/metrics-registry.ts";
import { createUpstreamStats } from "../../service/upstream/upstream-stats.ts";
import type { SpeechEvents } from "./speech-events.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { settleSession } from "./settled-session.ts";

const RATE_HZ = 24_000;
const SPINS_MAX = 500_000;

export interface FixtureChanges {
  readonly settings?: Partial<TranscriptionSocketSettings>;
  readonly script?: SimulatorOptions["script"];
  readonly limits?: SimulatorOptions["limits"];
}

/** Samples that no other number gives. */
export function noise(seed: number, durationMs: number, rateHz = RATE_HZ): Uint8Array {
  const random = createSeededRandom(seed);
  const length = (rateHz / 1000) * durationMs;
  const samples = Int16Array.from({ length }, () => (random.uint32() & 0xfff) - 2048);
  return new Uint8Array(samples.buffer);
}

/** Waits for the real sockets; time stands still. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (let spin = 0; spin < SPINS_MAX; spin += 1) {
    if (isTrue()) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  throw new Error("Never came");
}

export function failureCodes(events: SpeechEvents): string[] {
  const errors = events.all.flatMap(({ error }) => (error === undefined ? [] : [error]));
  return errors.map((error) => (error instanceof VoxError ? error.code : "none"));
}

function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

export function transcriptionFixture(changes: FixtureChanges = {}) {
  const clock = createSteppedClock();
  const first = noise(1, 300);
  const second = noise(2, 300);
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
    limits: changes.limits ?? {},
    script: changes.script ?? {
      turns: [heard(first, "one two three"), heard(second, "four five six")],
    },
  });
  const counts = createUpstreamStats();
  const metrics = createMetricsRegistry();
  const speech = createTranscriptionSocket(
    {
      url: simulator.url,
      apiKey: "",
      model: "gpt-transcribe",
      languages: ["en"],
      answerMsMax: 5_000,
      ...changes.settings,
    },
    { clock, random: createSeededRandom(4), counts, metrics },
  );
  return {
    speech,
    rateHz: RATE_HZ,
    first,
    second,
    clock,
    counts,
    metrics,
    simulator,
    settle: () => settleSession(simulator.stats, counts, clock),
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
}
