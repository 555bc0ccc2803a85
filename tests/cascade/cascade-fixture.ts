// A cascade over engines of fixed delay, with the project's own streamers in between, on one
// stepped clock; and a listener that writes down what the call would hear.
import { createCascadeFactory } from "../../service/cascade/cascade-upstream.ts";
import type { CascadeEngines, CascadeSettings } from "../../service/cascade/cascade-settings.ts";
import type {
  StageLatency,
  Upstream,
  UpstreamListener,
  UpstreamSession,
} from "../../service/contract/upstream.ts";
import { createMetricsRegistry } from "../../service/telemetry/metrics-registry.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";
import { type TimedCascade, timedCascade } from "../support/timed-cascade.ts";
import { runFor, runUntil } from "../support/timed-engines.ts";

export const RATE_HZ = 16_000;

export const SESSION: UpstreamSession = {
  instructions: "Be brief",
  voice: "default",
  tools: [],
  turnDetection: null,
  transcriptionModel: "",
  format: { encoding: "pcm16", rateHz: RATE_HZ },
};

export const SETTINGS: CascadeSettings = {
  language: "en",
  outputTokensMax: 500,
  transcriptMsMax: 5_000,
  isOverlapped: true,
  isPrefetched: true,
  confidenceMin: 0.7,
  apology: "Sorry, something went wrong.",
  unheard: "",
};

/** One call of the listener: name and arguments; audio as its bytes. */
export type Heard = readonly [name: string, ...args: unknown[]];

export interface CascadeUnderTest extends Omit<TimedCascade, "engines"> {
  readonly clock: SteppedClock;
  readonly upstream: Upstream;
  readonly heard: Heard[];
  readonly metrics: ReturnType<typeof createMetricsRegistry>;
  /** The arguments of every call of `name`. */
  of(name: keyof UpstreamListener): readonly (readonly unknown[])[];
  /** Names of the calls, in order, without repeats in a row. */
  names(): string[];
  /** The value of a counter or gauge as /metrics prints it, 0 when it is not there. */
  metric(line: string): number;
  /** Appends `ms` of sound in pieces of 100 ms, in real time. */
  say(ms: number): Promise<void>;
  run(ms: number): Promise<void>;
  /** Until `count` calls of `name` were heard. -> the time of it. */
  until(name: keyof UpstreamListener, count?: number): Promise<number>;
}

export interface CascadeOptions {
  readonly session?: Partial<UpstreamSession>;
  readonly settings?: Partial<CascadeSettings>;
  readonly engines?: Partial<CascadeEngines>;
}

/** Opened and ready. */
export async function openCascade(options: CascadeOptions = {}): Promise<CascadeUnderTest> {
  const under = makeCascade(options);
  under.upstream.open();
  await under.run(0);
  return under;
}

export function makeCascade(options: CascadeOptions = {}): CascadeUnderTest {
  const clock = createSteppedClock();
  const metrics = createMetricsRegistry();
  const { ears, model, voice, engines: timed } = timedCascade(clock);
  const engines: CascadeEngines = { ...timed, ...options.engines };
  const heard: Heard[] = [];
  const factory = createCascadeFactory({
    engines,
    settings: { ...SETTINGS, ...options.settings },
    clock,
    random: createSeededRandom(1),
    metrics,
  });
  const upstream = factory({ ...SESSION, ...options.session }, recordingListener(heard));
  const of = (name: keyof UpstreamListener) =>
    heard.filter((event) => event[0] === name).map(([, ...args]) => args);
  const run = (ms: number) => runFor(clock, ms);
  return {
    clock,
    ears,
    model,
    voice,
    upstream,
    heard,
    metrics,
    of,
    run,
    names: () => heard.map(([name]) => name).filter((name, at, all) => name !== all[at - 1]),
    metric(line) {
      const found = metrics
        .print()
        .split("\n")
        .find((each) => each.startsWith(`${line} `));
      return Number(found?.split(" ").at(-1) ?? 0);
    },
    async say(ms) {
      const audio = new Uint8Array((100 * RATE_HZ * 2) / 1000).fill(1);
      for (let saidMs = 0; saidMs < ms; saidMs += 100) {
        await run(100);
        upstream.append(audio, 0, audio.length);
      }
    },
    until: (name, count = 1) => runUntil(clock, () => of(name).length >= count),
  };
}

/** A turn of which the words are `text`, said in real time, committed at once. */
export async function takeTurn(under: CascadeUnderTest, text: string): Promise<void> {
  under.ears.hear = () => text;
  await under.say(600);
  under.upstream.commit();
  under.upstream.respond({ instructions: "", tag: "turn:1:1" });
}

/** The stages of the newest answer. */
export function stagesOf(under: CascadeUnderTest): StageLatency {
  const [, stages] = under.of("onStageLatency").at(-1) ?? [];
  return stages as StageLatency;
}

export function recordingListener(heard: Heard[]): UpstreamListener {
  const note =
    (name: keyof UpstreamListener) =>
    (...args: unknown[]) => {
      heard.push([name, ...args]);
    };
  return {
    onReady: note("onReady"),
    onCommitted: note("onCommitted"),
    onSpeechStarted: note("onSpeechStarted"),
    onSpeechStopped: note("onSpeechStopped"),
    onResponseCreated: note("onResponseCreated"),
    onAudio: (responseId, itemId, index, audio, byteCount) =>
      note("onAudio")(responseId, itemId, index, audio.slice(0, byteCount)),
    onStageLatency: note("onStageLatency"),
    onAudioDone: note("onAudioDone"),
    onAgentTranscript: note("onAgentTranscript"),
    onCallerTranscript: note("onCallerTranscript"),
    onToolCall: note("onToolCall"),
    onResponseDone: note("onResponseDone"),
    onError: note("onError"),
    onClosed: note("onClosed"),
  };
}
