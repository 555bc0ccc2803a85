// One run of bench/barge-in.ts: a whole service on real sockets and the real clock in this process,
// callers that talk over the agent again and again in a second, callers that only hold
// conversations in a third (barge-in-callers.ts). Both ends read one clock, and each clear is told
// by its call and its place in it.
//
//   caller            service                                                caller
//   frame sent |--in-->| decisive frame |--> clear handed over |--> all sent
//              |                        |<------ reaction ---------------->|
//              |                                             |--back-------->| clear read
import { join } from "node:path";
import { createSystemClock, createSystemRandom } from "../service/clock.ts";
import { loadConfig } from "../service/config.ts";
import { SILENT_LOG } from "../service/contract/log.ts";
import { type RunningService, startService } from "../service/main-service.ts";
import { parseScript } from "../service/simulator/script.ts";
import { SHORT_MS } from "../service/telemetry/service-metrics.ts";
import { epochMs, type HeardClear } from "./barge-in-call.ts";

const ANSWER_MS = 20_000;
const TURNS_MAX = 400;
/** A run takes about four seconds an interruption. */
const INTERRUPTION_MS_MAX = 15_000;
const RUN_MS_MIN = 40_000;

export interface BargeInRunOptions {
  /** Measured callers on each transport. */
  readonly callers: number;
  /** Interruptions of each. */
  readonly interruptions: number;
  readonly backgroundCalls: number;
}

/** One interruption, ms. */
export interface BargeInTimes {
  readonly transport: HeardClear["transport"];
  /** The decisive frame left the caller to the service took it up: sockets and waiting. */
  readonly inMs: number;
  /** It was taken up to the clear handed to the socket. */
  readonly clearMs: number;
  /** The processor's time that the whole service took meanwhile, whoever else had it. */
  readonly clearCpuMs: number;
  /** It was taken up to clear, cancel and truncate sent, as the service itself observes it. */
  readonly reactionMs: number;
  /** The clear handed to the socket to read by the caller. */
  readonly backMs: number;
  /** In the caller's audio: first window judged speech to the decisive frame's end; stream only. */
  readonly decisionMs: number | null;
  /** First loud sample of the word to the clear read. */
  readonly wordMs: number;
}

export interface BargeInRun {
  readonly times: readonly BargeInTimes[];
  /** Clears that were read and that the service does not know of. */
  readonly unmatched: number;
}

interface Reaction {
  readonly call: string;
  readonly captureMs: number;
  readonly beginMs: number;
  readonly clearMs: number;
  readonly cpuMs: number;
  reactionMs: number;
}

/** Runs it. Errors: a call that is not answered, with what it waited for. */
export async function measureBargeIns(options: BargeInRunOptions): Promise<BargeInRun> {
  const running = await startBenchService(options);
  const reactions = watchReactions(running);
  const { callers, interruptions, backgroundCalls } = options;
  const background = spawnCallers(running.port, ["background", `${backgroundCalls}`]);
  try {
    if (backgroundCalls > 0) await Bun.sleep(backgroundCalls * 50 + 3_000);
    const measured = spawnCallers(running.port, ["measured", `${callers}`, `${interruptions}`]);
    const timer = setTimeout(
      () => measured.kill(),
      RUN_MS_MIN + interruptions * INTERRUPTION_MS_MAX,
    );
    const text = await measured.stdout.text();
    clearTimeout(timer);
    if ((await measured.exited) !== 0) throw new Error("The measured callers did not come through");
    return match(reactions, JSON.parse(text));
  } finally {
    background.kill();
    await background.exited;
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

function spawnCallers(port: number, words: readonly string[]) {
  const program = join(import.meta.dir, "barge-in-callers.ts");
  return Bun.spawn([process.execPath, program, `${port}`, ...words], { stdout: "pipe" });
}

/** Every clear as it is handed to a socket, with the frame that decided it. */
function watchReactions({ calls, metrics }: RunningService): Reaction[] {
  const reactions: Reaction[] = [];
  const open = calls.open.bind(calls);
  calls.open = (request, transport, keyId) => {
    let beginMs = 0;
    let beginCpuMs = 0;
    let newestMs = 0;
    const sendClear = transport.sendClear.bind(transport);
    transport.sendClear = (generation) => {
      const result = sendClear(generation);
      const call = request.metadata.get("call_sid") ?? "";
      const frame = { captureMs: newestMs, beginMs };
      const took = { clearMs: epochMs(), cpuMs: cpuMs() - beginCpuMs };
      reactions.push({ call, ...frame, ...took, reactionMs: Number.NaN });
      return result;
    };
    const port = open(request, transport, keyId);
    if ("refusal" in port) return port;
    const begin = (captureMs: number) => {
      beginCpuMs = cpuMs();
      beginMs = epochMs();
      newestMs = captureMs;
    };
    const onAudio = port.onAudio.bind(port);
    port.onAudio = (message, start, end, captureMs) => {
      begin(captureMs);
      onAudio(message, start, end, captureMs);
    };
    const onAudioBase64 = port.onAudioBase64.bind(port);
    port.onAudioBase64 = (payload, captureMs) => {
      begin(captureMs);
      onAudioBase64(payload, captureMs);
    };
    return port;
  };
  const help = "Interrupting speech detected to the caller's buffer cleared";
  const histogram = metrics.histogram("voxbridge_barge_in_latency_ms", help, SHORT_MS);
  const observe = histogram.observe;
  // In the same synchronous call as the clear.
  histogram.observe = (tookMs) => {
    const reaction = reactions.at(-1);
    if (reaction !== undefined) reaction.reactionMs = tookMs;
    observe.call(histogram, tookMs);
  };
  return reactions;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function match(reactions: readonly Reaction[], heard: readonly HeardClear[]): BargeInRun {
  const times: BargeInTimes[] = [];
  const callsOf = Map.groupBy(reactions, ({ call }) => call);
  for (const clear of heard) {
    const reaction = callsOf.get(clear.call)?.[clear.index];
    if (reaction !== undefined) times.push(timesOf(reaction, clear));
  }
  return { times, unmatched: heard.length - times.length };
}

function timesOf(reaction: Reaction, clear: HeardClear): BargeInTimes {
  const { captureMs, beginMs, clearMs, cpuMs: clearCpuMs, reactionMs } = reaction;
  const frame = clear.frames.find(([atMs]) => atMs === captureMs);
  return {
    transport: clear.transport,
    inMs: beginMs - (frame?.[1] ?? Number.NaN),
    clearMs: clearMs - beginMs,
    clearCpuMs,
    reactionMs,
    backMs: clear.readMs - clearMs,
    decisionMs: clear.onsetMs === null ? null : captureMs + 20 - clear.onsetMs,
    wordMs: clear.readMs - clear.wordMs,
  };
}
