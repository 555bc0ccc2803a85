// An upstream and a simulator on a real loopback socket, driven by one stepped clock. Time only
// moves in `advance`, and only after both ends have seen all that was sent: what happens on the
// wire is the same in every run, however busy the machine is.
import type { Clock, TimerHandle } from "../../service/contract/clock.ts";
import type { UpstreamListener, UpstreamSession } from "../../service/contract/upstream.ts";
import { createRealtimeSimulator } from "../../service/simulator/simulator.ts";
import type { SimulatorOptions } from "../../service/simulator/simulator-options.ts";
import { createOpenAiRealtimeFactory } from "../../service/upstream/openai-realtime.ts";
import type { OpenAiRealtimeDeps } from "../../service/upstream/realtime-shared.ts";
import { createUpstreamStats } from "../../service/upstream/upstream-stats.ts";
import { createSeededRandom } from "./seeded-random.ts";
import { createSteppedClock } from "./stepped-clock.ts";

export const PCMU_SESSION: UpstreamSession = {
  instructions: "Be brief",
  voice: "marin",
  tools: [],
  turnDetection: null,
  transcriptionModel: "gpt-transcribe",
  format: { encoding: "mulaw", rateHz: 8000 },
};

export const PCM_SESSION: UpstreamSession = {
  ...PCMU_SESSION,
  format: { encoding: "pcm16", rateHz: 24_000 },
};

/** One call of the listener, in words: name and arguments, audio as its bytes. */
export type HeardEvent = readonly [name: string, ...args: unknown[]];

export interface LoopbackPair extends AsyncDisposable {
  readonly clock: ReturnType<typeof createSteppedClock>;
  readonly simulator: ReturnType<typeof createRealtimeSimulator>;
  readonly upstream: ReturnType<ReturnType<typeof createOpenAiRealtimeFactory>>;
  readonly stats: ReturnType<typeof createUpstreamStats>;
  readonly heard: HeardEvent[];
  /** Timers that the upstream has set and that are neither fired nor cleared. */
  upstreamTimers(): number;
  /** Waits until nothing is on its way between the two. */
  settle(): Promise<void>;
  /** Waits, without moving time, until `isTrue`. */
  until(isTrue: () => boolean): Promise<void>;
  /** Moves time in steps of 10 ms, each only when nothing is on its way. */
  advance(ms: number): Promise<void>;
  /** The arguments of every call of `name`. */
  of(name: keyof UpstreamListener): readonly (readonly unknown[])[];
  /** All audio of an item, in order. */
  audioOf(itemId: string): Uint8Array;
}

const STEP_MS = 10;
const SPINS_MAX = 200_000;

export interface LoopbackPairOptions {
  readonly session?: UpstreamSession;
  readonly simulator?: Partial<SimulatorOptions>;
  readonly upstream?: Partial<OpenAiRealtimeDeps>;
  /** Calls of the listener that the test wants to answer itself. */
  readonly listener?: Partial<UpstreamListener>;
}

export function createLoopbackPair(options: LoopbackPairOptions = {}): LoopbackPair {
  const clock = createSteppedClock();
  const simulator = createRealtimeSimulator({
    clock,
    random: createSeededRandom(1),
    host: "127.0.0.1",
    port: 0,
    isRecorded: true,
    ...options.simulator,
  });
  const stats = createUpstreamStats();
  const heard: HeardEvent[] = [];
  const timersOf = countingClock(clock);
  const factory = createOpenAiRealtimeFactory({
    url: simulator.url,
    apiKey: "",
    model: "simulated",
    clock: timersOf.clock,
    random: createSeededRandom(2),
    stats,
    ...options.upstream,
  });
  const listener = recordingListener(heard, options.listener ?? {});
  const upstream = factory(options.session ?? PCMU_SESSION, listener);

  const isQuiet = () =>
    simulator.stats.messagesSent === stats.messagesReceived &&
    simulator.stats.messagesReceived === stats.messagesSent &&
    stats.pingsSent === stats.pongsReceived;
  const until = async (isTrue: () => boolean) => {
    for (let spin = 0; spin < SPINS_MAX; spin += 1) {
      if (isTrue()) return;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    throw new Error(`Cannot go on: still waiting; heard ${JSON.stringify(heard.slice(-5))}`);
  };
  const settle = () => until(isQuiet);

  return {
    clock,
    simulator,
    upstream,
    stats,
    heard,
    upstreamTimers: timersOf.pending,
    settle,
    until,
    async advance(ms) {
      await settle();
      for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
        clock.advance(Math.min(STEP_MS, ms - passedMs));
        await settle();
      }
    },
    of: (name) => heard.filter((event) => event[0] === name).map(([, ...args]) => args),
    audioOf(itemId) {
      const pieces = heard.filter((event) => event[0] === "onAudio" && event[2] === itemId);
      return Buffer.concat(pieces.map((event) => event[4] as Uint8Array));
    },
    async [Symbol.asyncDispose]() {
      upstream.close();
      await simulator.stop();
    },
  };
}

/** A pair whose session is configured; nothing is on its way. */
export async function createReadyPair(options: LoopbackPairOptions = {}): Promise<LoopbackPair> {
  const pair = createLoopbackPair(options);
  pair.upstream.open();
  await pair.until(() => pair.upstream.isReady());
  await pair.settle();
  return pair;
}

/** Has the server send `event` as it is. */
export async function receive(pair: LoopbackPair, event: unknown): Promise<void> {
  const text = JSON.stringify(event);
  pair.simulator.lines()[0]?.fail({ kind: "garbage", afterEvents: 0, text });
  await pair.settle();
}

/** What the upstream told the server so far. */
export function sentCommands(pair: LoopbackPair): readonly unknown[] {
  return pair.simulator.records[0]?.commands.map(({ command }) => command) ?? [];
}

function recordingListener(heard: HeardEvent[], own: Partial<UpstreamListener>): UpstreamListener {
  const note =
    (name: keyof UpstreamListener) =>
    (...args: unknown[]) => {
      heard.push([name, ...args]);
      const act = own[name] as ((...given: unknown[]) => void) | undefined;
      act?.(...args);
    };
  return {
    onReady: note("onReady"),
    onCommitted: note("onCommitted"),
    onSpeechStarted: note("onSpeechStarted"),
    onSpeechStopped: note("onSpeechStopped"),
    onResponseCreated: note("onResponseCreated"),
    onAudio(responseId, itemId, contentIndex, audio, byteCount) {
      // The buffer is used again for the next event, so a copy is kept.
      const copy = Uint8Array.from(audio.subarray(0, byteCount));
      note("onAudio")(responseId, itemId, contentIndex, copy, byteCount);
    },
    onAudioDone: note("onAudioDone"),
    onAgentTranscript: note("onAgentTranscript"),
    onCallerTranscript: note("onCallerTranscript"),
    onToolCall: note("onToolCall"),
    onResponseDone: note("onResponseDone"),
    onError: note("onError"),
    onClosed: note("onClosed"),
  };
}

/** The same time, with a count of the timers set through it. */
function countingClock(clock: Clock): { readonly clock: Clock; pending(): number } {
  const pending = new Set<TimerHandle>();
  return {
    pending: () => pending.size,
    clock: {
      nowMs: () => clock.nowMs(),
      wallMs: () => clock.wallMs(),
      setTimer(delayMs, callback) {
        const handle = clock.setTimer(delayMs, () => {
          pending.delete(handle);
          callback();
        });
        pending.add(handle);
        return handle;
      },
      clearTimer(handle) {
        pending.delete(handle);
        clock.clearTimer(handle);
      },
    },
  };
}

/** `durationMs` of audio bytes that repeat nowhere within a second. */
export function patternAudio(durationMs: number, bytesPerMs: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(durationMs * bytesPerMs);
  for (let index = 0; index < bytes.length; index += 1)
    bytes[index] = (index * 7 + (index >> 8)) & 255;
  return bytes;
}
