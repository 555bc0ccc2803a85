// One run of bench/barge-in.ts: a whole service on real sockets and the real clock, callers in the
// same process that talk over the agent again and again, and others in a process of their own
// (barge-in-callers.ts) that only hold conversations.
//
//   caller's socket        service: frame in -> event bits -> clear sent          caller's socket
//   word begins .. decisive frame |<------- reaction ------->|<--- way back --->| clear read
//   |<------------------------------ onset to silence ------------------------------->|
import { join } from "node:path";
import type { AudioFormat } from "../scripts/caller/audio-format.ts";
import { type Caller, createCaller } from "../scripts/caller/caller.ts";
import type { Line } from "../scripts/caller/line.ts";
import { createProtobufLine } from "../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../scripts/caller/twilio-line.ts";
import { createSystemClock, createSystemRandom } from "../service/clock.ts";
import { loadConfig } from "../service/config.ts";
import { SILENT_LOG } from "../service/contract/log.ts";
import { type RunningService, startService } from "../service/main-service.ts";
import { parseScript } from "../service/simulator/script.ts";
import { SHORT_MS } from "../service/telemetry/service-metrics.ts";
import { loadSpeech } from "../tests/support/speech-files.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8000, channels: 1 };
const ANSWER_MS = 20_000;
const TURNS_MAX = 400;
/** Of the agent's voice, before the caller talks over it: longer than the cooldown. */
const LISTEN_MS = 800;
const POLL_MS = 5;
const WAIT_MS_MAX = 20_000;
/** Two reactions so close to a clear: which of them made it is not known. */
const AMBIGUOUS_MS = 20;

export interface BargeInRunOptions {
  /** Measured callers on each transport. */
  readonly callers: number;
  /** Interruptions of each. */
  readonly interruptions: number;
  readonly backgroundCalls: number;
}

export interface BargeInTimes {
  /** The decisive frame at the lane to clear, cancel and truncate sent. Both transports. */
  readonly reactionMs: number[];
  /** The same frame to the clear in the caller's hands, by transport. */
  readonly clearedMs: { readonly stream: number[]; readonly phone: number[] };
  /** Start of the first window judged speech (as the service tells) to the clear; stream only. */
  readonly onsetMs: number[];
  /** First loud sample of the word to the clear: with what the model needs to be sure. */
  readonly wordMs: { readonly stream: number[]; readonly phone: number[] };
  /** Clears whose reaction could not be told from another one's. */
  ambiguous: number;
}

interface Reaction {
  readonly atMs: number;
  readonly tookMs: number;
}

/** Runs it. Errors: a call that is not answered, with what it waited for. */
export async function measureBargeIns(options: BargeInRunOptions): Promise<BargeInTimes> {
  const running = await startBenchService(options);
  const reactions = watchReactions(running);
  const background = startBackground(running.port, options.backgroundCalls);
  const times: BargeInTimes = {
    reactionMs: [],
    clearedMs: { stream: [], phone: [] },
    onsetMs: [],
    wordMs: { stream: [], phone: [] },
    ambiguous: 0,
  };
  try {
    if (background !== null) await Bun.sleep(options.backgroundCalls * 50 + 3_000);
    reactions.length = 0;
    const indexes = Array.from({ length: options.callers }, (_, index) => index);
    await Promise.all([
      ...indexes.map((index) => runCaller(running, index, "stream", options, reactions, times)),
      ...indexes.map((index) => runCaller(running, index, "phone", options, reactions, times)),
    ]);
    times.reactionMs.push(...reactions.map(({ tookMs }) => tookMs));
    return times;
  } finally {
    background?.kill();
    await background?.exited;
    await running.stop();
  }
}

function startBenchService({ callers, backgroundCalls }: BargeInRunOptions) {
  const turns = Array.from({ length: TURNS_MAX }, (_, index) => ({
    when: { turn: index + 1 },
    answer: { text: "La la.", toneMs: ANSWER_MS },
  }));
  const argv = ["--port", "0", "--upstream", "simulator", "--routes-twilio-greeting", ""];
  argv.push("--calls-max", `${2 * callers + backgroundCalls + 2}`);
  argv.push("--upgrades-per-address", "10000");
  return startService({
    config: loadConfig({ argv, env: {}, file: null }),
    clock: createSystemClock(),
    random: createSystemRandom(),
    log: SILENT_LOG,
    warmUpFrames: 200,
    simulator: { script: parseScript(JSON.stringify({ turns })) },
  });
}

/** Every reaction as the service itself observes it, with the moment. */
function watchReactions({ metrics }: RunningService): Reaction[] {
  const reactions: Reaction[] = [];
  const help = "Interrupting speech detected to the caller's buffer cleared";
  const histogram = metrics.histogram("voxbridge_barge_in_latency_ms", help, SHORT_MS);
  const observe = histogram.observe;
  histogram.observe = (tookMs) => {
    reactions.push({ atMs: performance.now(), tookMs });
    observe.call(histogram, tookMs);
  };
  return reactions;
}

function startBackground(port: number, calls: number) {
  if (calls === 0) return null;
  const program = join(import.meta.dir, "barge-in-callers.ts");
  return Bun.spawn([process.execPath, program, `${port}`, `${calls}`], { stdout: "ignore" });
}

/** One caller of the bench or of its background. */
export function dialBench(port: number, index: number, transport: "stream" | "phone"): Caller {
  const clock = createSystemClock();
  const path = transport === "stream" ? "/v1/stream" : "/twilio/media";
  return createCaller({
    url: `ws://127.0.0.1:${port}${path}`,
    line: lineOf(transport, index),
    clock,
  });
}

function lineOf(transport: "stream" | "phone", index: number): Line {
  if (transport === "stream") return createProtobufLine(WIDE);
  const ids = { accountSid: "AC1", callSid: `CA${index}`, streamSid: `MZ${index}` };
  return createTwilioLine({ ...ids, customParameters: {} });
}

async function runCaller(
  { port }: RunningService,
  index: number,
  transport: "stream" | "phone",
  { interruptions }: BargeInRunOptions,
  reactions: readonly Reaction[],
  times: BargeInTimes,
): Promise<void> {
  const caller = dialBench(port, index, transport);
  const startMs = performance.now();
  await caller.opened;
  // Timeline and stream count from their own moments; the beat begins where the socket opens.
  const format = transport === "stream" ? WIDE : PHONE;
  caller.say(loadSpeech("question", format));
  for (let count = 0; count < interruptions; count += 1) {
    const heardMs = caller.ear.heardMs();
    await until(() => caller.ear.heardMs() > heardMs + LISTEN_MS, "the agent's voice");
    // Callers that all began together must not all talk at once.
    await Bun.sleep((index * 97) % 400);
    const entry = caller.timeline.entries.length;
    caller.say(loadSpeech("hold-on", format));
    await until(() => clearOf(caller, entry) !== undefined, "the clear");
    note(caller, { entry, startMs, transport, reactions, times });
    await until(() => !caller.mouth.isSpeaking(), "the end of the word");
  }
  caller.hangUp();
  await caller.closed;
}

interface Interruption {
  readonly entry: number;
  readonly startMs: number;
  readonly transport: "stream" | "phone";
  readonly reactions: readonly Reaction[];
  readonly times: BargeInTimes;
}

function note(caller: Caller, { entry, startMs, transport, reactions, times }: Interruption): void {
  const clear = clearOf(caller, entry);
  if (clear === undefined) return;
  const clearedMs = startMs + clear.atMs;
  const near = reactions.filter(
    ({ atMs }) => atMs <= clearedMs + 1 && atMs > clearedMs - AMBIGUOUS_MS,
  );
  const [reaction] = near;
  if (reaction === undefined || near.length > 1) times.ambiguous += 1;
  else times.clearedMs[transport].push(clearedMs - reaction.atMs + reaction.tookMs);
  const word = caller.timeline.entries.slice(entry).find(({ kind }) => kind === "i_speak");
  if (word !== undefined) times.wordMs[transport].push(clear.atMs - word.atMs);
  const connected = caller.timeline.firstMs("connected") ?? 0;
  const started = caller.notices.findLast((notice) => notice.case === "speechStarted");
  if (started?.case !== "speechStarted") return;
  times.onsetMs.push(clear.atMs - connected - Number(started.value.positionMs));
}

function clearOf(caller: Caller, entry: number) {
  return caller.timeline.entries.slice(entry).find(({ kind }) => kind === "cleared");
}

async function until(isReached: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (!isReached()) {
    if (performance.now() > endMs) throw new Error(`Not reached in ${WAIT_MS_MAX} ms: ${what}`);
    await Bun.sleep(POLL_MS);
  }
}
