// The callers of bench/barge-in.ts, as processes of their own.
// Usage: bun bench/barge-in-callers.ts PORT background CALLS: half of them phones, each asks a
//   question, listens for a while and asks again, until the process is ended.
//        bun bench/barge-in-callers.ts PORT measured CALLS INTERRUPTIONS: so many on each transport
//   talk over the agent again and again; prints what they heard (HeardClear[]) and ends.
import { loadSpeech } from "../tests/support/speech-files.ts";
import {
  BENCH_FORMAT,
  type BenchCaller,
  type BenchTransport,
  dialBench,
  epochMs,
  type HeardClear,
} from "./barge-in-call.ts";

const ASK_EVERY_MS = 32_000;
/** Of the agent's voice, before the caller talks over it: longer than the cooldown. */
const LISTEN_MS = 800;
const POLL_MS = 5;
const WAIT_MS_MAX = 20_000;
/** Between the starts of callers, so that they do not all talk at once. */
const STAGGER_MS = 97;
const BACKGROUND_FIRST = 1_000;
const PHONE_FIRST = 500;

const port = Number(process.argv[2]);
const calls = Number(process.argv[4]);
if (process.argv[3] === "background") {
  for (let index = 0; index < calls; index += 1) await keepAsking(index);
} else {
  const indexes = Array.from({ length: calls }, (_, index) => index);
  const heard = await Promise.all([
    ...indexes.map((index) => interruptOften(index, "stream")),
    ...indexes.map((index) => interruptOften(index, "phone")),
  ]);
  console.log(JSON.stringify(heard.flat()));
}

async function keepAsking(index: number): Promise<void> {
  const transport = index % 2 === 0 ? "phone" : "stream";
  const { caller } = dialBench(port, BACKGROUND_FIRST + index, transport);
  await caller.opened;
  const ask = () => caller.say(loadSpeech("question", BENCH_FORMAT[transport]));
  ask();
  // The answer lasts 20 s: nobody here talks over it.
  setInterval(ask, ASK_EVERY_MS);
  await Bun.sleep(50);
}

async function interruptOften(index: number, transport: BenchTransport): Promise<HeardClear[]> {
  const bench = dialBench(port, transport === "phone" ? PHONE_FIRST + index : index, transport);
  const { caller } = bench;
  const startMs = epochMs();
  await caller.opened;
  const heard: HeardClear[] = [];
  const format = BENCH_FORMAT[transport];
  caller.say(loadSpeech("question", format));
  for (let count = 0; count < Number(process.argv[5]); count += 1) {
    const heardMs = caller.ear.heardMs();
    await until(() => caller.ear.heardMs() > heardMs + LISTEN_MS, "the agent's voice");
    await Bun.sleep((index * STAGGER_MS) % 400);
    const entry = caller.timeline.entries.length;
    bench.forget();
    caller.say(loadSpeech("hold-on", format));
    await until(() => bench.cleared() !== null && isTold(bench, entry, transport), "the clear");
    heard.push(heardClear(bench, { transport, entry, startMs }));
    await until(() => !caller.mouth.isSpeaking(), "the end of the word");
  }
  caller.hangUp();
  await caller.closed;
  return heard;
}

/** The stream also tells where the turn began; that comes behind the clear. */
function isTold({ caller }: BenchCaller, entry: number, transport: BenchTransport): boolean {
  const entries = caller.timeline.entries.slice(entry);
  return transport === "phone" || entries.some(({ kind }) => kind === "speechStarted");
}

interface Interruption {
  readonly transport: BenchTransport;
  /** Of the timeline, when the word was begun. */
  readonly entry: number;
  readonly startMs: number;
}

function heardClear(
  { caller, call, cleared }: BenchCaller,
  { transport, entry, startMs }: Interruption,
): HeardClear {
  const clear = cleared();
  if (clear === null) throw new Error("No clear was read");
  const word = caller.timeline.entries.slice(entry).find(({ kind }) => kind === "i_speak");
  const wordMs = word === undefined ? Number.NaN : startMs + word.atMs;
  const started = caller.notices.findLast((notice) => notice.case === "speechStarted");
  const onsetMs = started?.case === "speechStarted" ? Number(started.value.positionMs) : null;
  return { call, transport, wordMs, onsetMs, ...clear };
}

async function until(isReached: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (!isReached()) {
    if (performance.now() > endMs) throw new Error(`Not reached in ${WAIT_MS_MAX} ms: ${what}`);
    await Bun.sleep(POLL_MS);
  }
}
