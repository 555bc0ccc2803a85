// Question: from the model's tool call to a thinker at work, how much of the time is ours (S1-25: at
// most 5 ms of the 100 ms that routing may take)?
// Method: the desk of a call as the service has it, with the memory store, on the system's clock; each
// question is another one, so that every one is looked for in the cache, missed and thought about. The
// time ends inside think(). One question at a time, then 100 at once.
// Usage: bun bench/thinker-dispatch.ts
import { cpus, loadavg } from "node:os";
import { createSystemClock } from "../service/clock.ts";
import { createMemoryStore } from "../service/context/memory-store.ts";
import { type CallMemory, EMPTY_CALLER_CONTEXT } from "../service/contract/caller-context.ts";
import { SILENT_LOG } from "../service/contract/log.ts";
import { NO_METRICS } from "../service/contract/metrics.ts";
import { NO_WATCH } from "../service/contract/thinker.ts";
import { ThinkerDesk } from "../service/thinker/thinker-desk.ts";
import { ThinkerPool } from "../service/thinker/thinker-pool.ts";

export interface DispatchTimes {
  readonly name: string;
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** -> one row for single questions and one for `atOnce` of them at a time. */
export async function benchDispatch(count: number, atOnce: number): Promise<DispatchTimes[]> {
  return [
    timesOf("one at a time", await dispatches(count, 1)),
    timesOf(`${atOnce} at once`, await dispatches(count, atOnce)),
  ];
}

async function dispatches(count: number, atOnce: number): Promise<number[]> {
  const clock = createSystemClock();
  const startedMs = new Map<string, number>();
  const times: number[] = [];
  const think = ({ query }: { readonly query: string }) => {
    times.push(performance.now() - (startedMs.get(query) ?? 0));
    return Promise.resolve({ response: "yes" });
  };
  const domain = "knowledge";
  const terms = { description: "all", timeoutMs: 10_000, cacheSeconds: 60, isPersonal: true };
  const settings = { perCallMax: atOnce, perProcessMax: atOnce, progressMs: 0, progressMax: 0 };
  const thinkers = [{ domain, ...terms, think }];
  const common = { clock, log: SILENT_LOG, metrics: NO_METRICS };
  const pool = new ThinkerPool({ settings, thinkers, classify: null, ...common });
  const limits = { retentionMs: 60_000, historyMs: 60_000, deadlineMs: 1_000 };
  const memory: CallMemory = {
    context: () => EMPTY_CALLER_CONTEXT,
    update: () => undefined,
    cacheScope: () => "caller",
    onChange: () => undefined,
  };
  const desk = new ThinkerDesk({
    ...{ pool, memory, store: createMemoryStore({ settings: limits, clock }) },
    business: new Map(),
    turnId: () => 1,
    onProgress: () => undefined,
    onWorking: () => undefined,
    watch: NO_WATCH,
  });
  const ask = (query: string) =>
    new Promise<void>((resolve) => {
      startedMs.set(query, performance.now());
      const argumentsText = JSON.stringify({ domain, query });
      const call = { toolCallId: query, name: "route_to_thinker", argumentsText, turnId: 1 };
      desk.route(call, () => resolve());
    });
  for (let first = 0; first < count; first += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, (_, index) => ask(`q${first + index}`)));
    // The places are free again one turn after the answers.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return times;
}

function timesOf(name: string, times: readonly number[]): DispatchTimes {
  const sorted = times.toSorted((left, right) => left - right);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { name, count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

if (import.meta.main) {
  const [load] = loadavg();
  process.stdout.write(`Bun ${Bun.version}, ${cpus()[0]?.model}, load ${load?.toFixed(1)}\n`);
  for (const { name, count, p50Ms, p99Ms, maxMs } of await benchDispatch(5_000, 100)) {
    const [p50, p99, max] = [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(3));
    process.stdout.write(`| ${name} | ${count} | ${p50} | ${p99} | ${max} |\n`);
  }
}
