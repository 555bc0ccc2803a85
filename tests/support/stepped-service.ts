// A whole service, its simulated agent and its callers in one process, on one clock that the test
// moves by 20 ms at a time, over real sockets on loopback.
//
//   step of 20 ms:  to the next timer that is due (mouths, pacer, simulator) -> wait until every
//                   message has arrived at its other end (socket-census.ts) -> the next timer …
//
// So the network takes no time at all: what is sent at 7.5 ms has arrived at 7.5 ms. With one wait
// per 20 ms a frame of the pacer would arrive up to 20 ms late but a clear at once, and the ear
// would hear less than any service could know. Nothing sleeps: a minute of call takes as long as
// its work.
import type { Line, Notice } from "../../scripts/caller/line.ts";
import type { Caller, CallerOptions } from "../../scripts/caller/caller.ts";
import { createCaller } from "../../scripts/caller/caller.ts";
import type { CascadeEngines } from "../../service/cascade/cascade-settings.ts";
import { loadConfig } from "../../service/config.ts";
import type { LanguageModel } from "../../service/contract/language-model.ts";
import type { Log, LogFields } from "../../service/contract/log.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import type { Embedding, RunningService } from "../../service/main-service.ts";
import { startService } from "../../service/main-service.ts";
import type { ChatSimulatorOptions } from "../../service/simulator/chat-simulator.ts";
import type { Simulator } from "../../service/simulator/simulator.ts";
import type { SimulatorRecord } from "../../service/simulator/simulator-record.ts";
import type { SimulatorOptions } from "../../service/simulator/simulator-options.ts";
import { createSeededRandom } from "./seeded-random.ts";
import type { SocketCensus } from "./socket-census.ts";
import { openSocketCensus } from "./socket-census.ts";
import type { SteppedClock } from "./stepped-clock.ts";
import { createSteppedClock } from "./stepped-clock.ts";

export const STEP_MS = 20;

export interface SteppedServiceOptions {
  /** Command line of the service; port 0 and the simulator are given. */
  readonly argv?: readonly string[];
  /** A cascade of these engines answers instead of the simulator. */
  readonly cascade?: (clock: SteppedClock) => CascadeEngines | Promise<CascadeEngines>;
  readonly simulator?: Pick<SimulatorOptions, "script" | "limits">;
  /** Programs of this machine are at work for the call: time stands still until they are done. */
  readonly isBusy?: () => boolean;
  /** How the chat simulator behaves; absent: the service has no thinkers. */
  readonly chat?: Pick<ChatSimulatorOptions, "script" | "limits">;
  readonly seed?: number;
  readonly summaryModel?: LanguageModel;
  readonly embedding?: Embedding;
}

export type DialOptions = Pick<CallerOptions, "headers" | "delayMs">;

export interface SteppedService extends AsyncDisposable {
  readonly clock: SteppedClock;
  readonly running: RunningService;
  /** The one that answers; a cascade has none, and asking for it throws. */
  readonly simulator: Simulator;
  readonly census: SocketCensus;
  /** http://127.0.0.1:port */
  readonly url: string;
  /** Errors and warnings the service logged, for messages of failing tests. */
  readonly complaints: readonly string[];
  /** What else it logged for operators, event and fields. */
  readonly logged: readonly LoggedEvent[];
  /** Dials and waits until the line is open; throws when it was refused. */
  call(path: string, line: Line, dial?: DialOptions): Promise<Caller>;
  /** What the agent of the call that was opened as number `index` was told and heard. */
  record(index: number): SimulatorRecord;
  /** 20 ms for everybody. */
  step(): Promise<void>;
  /** `ms`, in steps. */
  run(ms: number): Promise<void>;
  /** Steps until `isReached`; throws after `msMax` with the state of the sockets. */
  until(isReached: () => boolean, msMax: number): Promise<void>;
}

/** The engines' addresses are asked for, but never dialled: the test brings its own engines. */
const CASCADE_ARGV = [
  ...["--upstream", "cascade"],
  ...["--cascade-stt-urls", "http://127.0.0.1:1/v1"],
  ...["--cascade-llm-urls", "http://127.0.0.1:1/v1", "--cascade-llm-models", "timed"],
];

export async function startSteppedService(
  options: SteppedServiceOptions = {},
): Promise<SteppedService> {
  const census = openSocketCensus();
  try {
    return await startWatched(options, census);
  } catch (error) {
    // Left open it would count the requests of every later test.
    census.close();
    throw error;
  }
}

async function startWatched(
  options: SteppedServiceOptions,
  census: SocketCensus,
): Promise<SteppedService> {
  const clock = createSteppedClock();
  const complaints: string[] = [];
  const logged: LoggedEvent[] = [];
  const random = createSeededRandom(options.seed ?? 1);
  const upstream = options.cascade === undefined ? ["--upstream", "simulator"] : CASCADE_ARGV;
  const thinkers = options.chat === undefined ? ["--thinkers-domains", ""] : [];
  const argv = ["--port", "0", ...upstream, ...thinkers, ...(options.argv ?? [])];
  const config = loadConfig({ argv, env: {}, file: null });
  const running = await startService({
    config,
    clock,
    random,
    log: keptLog(complaints, logged),
    ...(options.cascade !== undefined && { cascade: await options.cascade(clock) }),
    ...(options.summaryModel && { summaryModel: options.summaryModel }),
    simulator: { isRecorded: true, ...options.simulator },
    ...(options.embedding && { embedding: options.embedding }),
    chatSimulator: { isRecorded: true, ...options.chat },
  });
  const simulatorOf = (): Simulator => {
    if (running.simulator === null) throw new Error("The service runs without its simulator");
    return running.simulator;
  };
  const url = `http://127.0.0.1:${running.port}`;
  const callers: Caller[] = [];

  const settle = async (): Promise<void> => {
    await census.settle();
    while (options.isBusy?.() === true) {
      await Bun.sleep(1);
      await census.settle();
    }
  };
  const step = async (): Promise<void> => {
    const endMs = clock.nowMs() + STEP_MS;
    while (clock.nextDueMs() < endMs) {
      clock.advance(clock.nextDueMs() - clock.nowMs());
      await settle();
    }
    clock.advance(endMs - clock.nowMs());
    await settle();
  };
  return {
    clock,
    running,
    get simulator() {
      return simulatorOf();
    },
    census,
    url,
    complaints,
    logged,
    step,
    record(index) {
      const record = simulatorOf().records[index];
      if (record === undefined) throw new Error(`Agent ${index} was never dialled`);
      return record;
    },
    async call(path, line, dial = {}) {
      const address = new URL(path, url).href.replace(/^http/, "ws");
      const caller = createCaller({ url: address, line, clock, ...dial });
      callers.push(caller);
      await caller.opened;
      await census.settle();
      return caller;
    },
    async run(ms) {
      for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) await step();
    },
    async until(isReached, msMax) {
      for (let passedMs = 0; passedMs < msMax && !isReached(); passedMs += STEP_MS) await step();
      if (isReached()) return;
      const timelines = callers.flatMap(({ timeline }) =>
        timeline.entries.map(({ atMs, kind, text }) => `  ${atMs} ${kind} ${text}`),
      );
      throw new Error(
        [`Not reached within ${msMax} ms: ${census.describe()}`, ...timelines, ...complaints].join(
          "\n",
        ),
      );
    },
    async [Symbol.asyncDispose]() {
      for (const caller of callers) caller.drop();
      await running.stop();
      census.close();
    },
  };
}

type NoticeValues = { [Each in Notice as Each["case"]]: Each["value"] };

/** All notices of one kind, in order. */
export function noticesOf<Case extends keyof NoticeValues>(
  caller: Caller,
  name: Case,
): NoticeValues[Case][] {
  return caller.notices
    .filter((notice) => notice.case === name)
    .map(({ value }) => value as NoticeValues[Case]);
}

export type LoggedEvent = readonly [event: string, fields: LogFields];

function keptLog(complaints: string[], logged: LoggedEvent[]): Log {
  const log: Log = {
    ...SILENT_LOG,
    info: (event, fields = {}) => logged.push([event, fields]),
    warn: (event, fields) => complaints.push(`warn ${event} ${Bun.inspect(fields)}`),
    error: (event, fields) => complaints.push(`error ${event} ${Bun.inspect(fields)}`),
    with: () => log,
  };
  return log;
}
