// Question: how long after the true end of speech does a caller hear the cascade, and what does
// each of S3's steps save?
// Method: engines of fixed delay on stepped time (bench/cascade-steps.ts), so the figures are exact
// and the same on any machine; then one turn through the whole service, sockets and voice activity
// detection included, whose own `perceived` figure is printed with its stages.
// Usage: bun run bench:cascade
import { createProtobufLine } from "../scripts/caller/protobuf-line.ts";
import { loadSpeech } from "../tests/support/speech-files.ts";
import { noticesOf, startSteppedService } from "../tests/support/stepped-service.ts";
import { DELAYS, timedCascade } from "../tests/support/timed-cascade.ts";
import { tokensOf } from "../tests/support/timed-engines.ts";
import { ENGINES_MS, measureStep, STEPS } from "./cascade-steps.ts";
import { machineLines } from "./vad-timing.ts";

const WIDE = { encoding: "pcm16", rateHz: 16_000, channels: 1 } as const;

export interface WholeTurn {
  readonly endpointMs: number;
  readonly perceivedMs: number;
  /** The figures of S2-82. */
  readonly stages: ReadonlyMap<string, number>;
}

/** A turn through the service, with 300 ms of silence asked of the voice activity detection. */
export async function measureWholeTurn(): Promise<WholeTurn> {
  await using service = await startSteppedService({
    argv: ["--vad-wideband-min-silence-ms", "300"],
    cascade: (clock) => {
      const { ears, model, engines } = timedCascade(clock);
      ears.hear = () => "when do you close today";
      model.answer = () => tokensOf("We are open until eight in the evening. Anything else?");
      return engines;
    },
  });
  const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
  caller.say(loadSpeech("yes", WIDE));
  await service.until(() => noticesOf(caller, "turnLatency").length === 1, 20_000);
  const [latency] = noticesOf(caller, "turnLatency");
  if (latency === undefined) throw new Error("No turn was measured");
  const { endpointMs, perceivedMs, stages } = latency;
  const figures = Object.entries({ ...stages }).filter(([key]) => key.endsWith("Ms"));
  return {
    endpointMs,
    perceivedMs,
    stages: new Map(figures.map(([key, ms]) => [key, Number(ms)])),
  };
}

async function main(): Promise<void> {
  for (const line of machineLines()) console.log(line);
  console.log(`engines: ${JSON.stringify(DELAYS)}; one after the other ${ENGINES_MS} ms\n`);
  console.log("| with | first audio after the true end, ms | saved, ms |\n|---|---|---|");
  let beforeMs = 0;
  for (const settings of STEPS) {
    const { firstAudioMs } = await measureStep(settings);
    const saved = beforeMs === 0 ? "" : String(beforeMs - firstAudioMs);
    console.log(`| ${settings.name} | ${firstAudioMs} | ${saved} |`);
    beforeMs = firstAudioMs;
  }
  const { endpointMs, perceivedMs, stages } = await measureWholeTurn();
  console.log(
    `\nthrough the whole service: perceived ${perceivedMs} ms, decided after ${endpointMs} ms`,
  );
  for (const [stage, ms] of stages) console.log(`  ${stage} ${ms}`);
}

if (import.meta.main) await main();
