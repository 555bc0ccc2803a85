// Question: how long does our own code take when the provider says that the caller speaks (S0-07:
// at most 10 ms, S0-10: one synchronous call), and how long does a frame take from our socket to
// the provider's (our share of S0-05)? The network is not in it (D-27).
// Method: the whole service in real time, the provider's detection, every caller in the same
// process over loopback sockets; each caller asks, hears the answer, and talks into it again and
// again. The service's own stage histograms are read at the end, so callers' work on the same
// thread lies between a message's arrival and its handling, never inside the measured time.
// Usage: bun bench/reaction.ts [calls] [interruptions]
import { cpus, loadavg } from "node:os";
import { TurnDetection } from "../gen/voxbridge/v1/stream_pb.ts";
import type { AudioFormat } from "../scripts/caller/audio-format.ts";
import { type Caller, createCaller } from "../scripts/caller/caller.ts";
import { createProtobufLine } from "../scripts/caller/protobuf-line.ts";
import { createSystemClock, createSystemRandom } from "../service/clock.ts";
import { loadConfig } from "../service/config.ts";
import type { Clock } from "../service/contract/clock.ts";
import { SILENT_LOG } from "../service/contract/log.ts";
import { type RunningService, startService } from "../service/main-service.ts";
import { loadSpeech } from "../tests/support/speech-files.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const ANSWER_MS = 30_000;
const WAIT_MS_MAX = 20_000;
const POLL_MS = 50;
/** As long as a caller listens before talking into the answer. */
const LISTEN_MS = 600;

export interface StageCounts {
  readonly stage: string;
  readonly count: number;
  readonly meanMs: number;
  /** Upper bound in ms and how many were at most that. */
  readonly atMost: readonly (readonly [string, number])[];
}

/** -> the stages of all calls together. */
export async function benchReaction(calls: number, interruptions: number): Promise<StageCounts[]> {
  const clock = createSystemClock();
  const service = await startService({
    config: loadConfig({ argv: ["--port", "0", "--upstream", "simulator"], env: {}, file: null }),
    clock,
    random: createSystemRandom(),
    log: SILENT_LOG,
    simulator: { script: longAnswers(), limits: { answerMsMax: ANSWER_MS } },
  });
  try {
    await Promise.all(
      Array.from({ length: calls }, () => interruptOften(service, clock, interruptions)),
    );
    return ["frame_to_upstream", "reaction"].map((stage) => countsOf(service, stage));
  } finally {
    await service.stop();
  }
}

async function interruptOften(
  service: RunningService,
  clock: Clock,
  interruptions: number,
): Promise<void> {
  const line = createProtobufLine(WIDE, { turnDetection: TurnDetection.SERVER_VAD });
  const caller = createCaller({ url: `ws://127.0.0.1:${service.port}/v1/stream`, line, clock });
  await caller.opened;
  caller.say(loadSpeech("question", WIDE));
  for (let count = 0; count < interruptions; count += 1) {
    await waitFor(clock, () => caller.ear.isPlaying());
    await passTime(clock, LISTEN_MS);
    caller.say(loadSpeech("interrupt", WIDE));
    await waitFor(clock, () => bargeIns(caller) > count);
  }
  caller.hangUp();
  await caller.closed;
}

function bargeIns(caller: Caller): number {
  return caller.notices.filter((notice) => notice.case === "bargeIn").length;
}

function longAnswers() {
  const answer = { text: "A long answer", toneMs: ANSWER_MS, toolCalls: [] };
  return {
    turns: Array.from({ length: 100 }, (_, index) => ({ when: { turn: index + 1 }, answer })),
  };
}

async function waitFor(clock: Clock, isTrue: () => boolean): Promise<void> {
  const endMs = clock.nowMs() + WAIT_MS_MAX;
  while (!isTrue()) {
    if (clock.nowMs() > endMs) throw new Error("Cannot go on: nobody answered or was interrupted");
    await passTime(clock, POLL_MS);
  }
}

function passTime(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(ms, resolve));
}

function countsOf(service: RunningService, stage: string): StageCounts {
  const lines = service.metrics.print().split("\n");
  const mine = lines.filter(
    (text) => text.startsWith("voxbridge_stage_ms") && text.includes(`stage="${stage}"`),
  );
  const numberAt = (part: string) =>
    Number(
      mine
        .find((text) => text.includes(part))
        ?.split(" ")
        .at(-1) ?? 0,
    );
  const atMost = mine.flatMap((text) => {
    const bound = /le="([^"]+)"/.exec(text)?.[1];
    return bound === undefined ? [] : [[bound, Number(text.split(" ").at(-1))] as const];
  });
  const count = numberAt("_count");
  return { stage, count, meanMs: count === 0 ? 0 : numberAt("_sum") / count, atMost };
}

if (import.meta.main) {
  const [calls = 20, interruptions = 20] = process.argv.slice(2).map(Number);
  const load = loadavg()[0]?.toFixed(1);
  console.log(`Bun ${Bun.version}, ${cpus().length} x ${cpus()[0]?.model}, load ${load}`);
  console.log(`${calls} calls, ${interruptions} interruptions each, provider's turns`);
  for (const { stage, count, meanMs, atMost } of await benchReaction(calls, interruptions)) {
    const shares = atMost.map(([bound, within]) => `<=${bound} ms ${within}`).join(", ");
    console.log(`${stage}: ${count}, mean ${meanMs.toFixed(3)} ms, ${shares}`);
  }
}
