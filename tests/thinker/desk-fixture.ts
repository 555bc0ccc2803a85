// A desk with thinkers that are functions, the memory store and the stepped clock. For tests of the desk.
import {
  type CallerContext,
  type CallMemory,
  type ContextUpdate,
  EMPTY_CALLER_CONTEXT,
} from "../../service/contract/caller-context.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import {
  NO_WATCH,
  type Thinker,
  type ThinkRequest,
  type ThinkResult,
} from "../../service/contract/thinker.ts";
import { applyContextUpdate } from "../../service/conversation/caller-context.ts";
import { createMemoryStore } from "../../service/context/memory-store.ts";
import { createMetricsRegistry } from "../../service/telemetry/metrics-registry.ts";
import { type DeskAnswer, ThinkerDesk } from "../../service/thinker/thinker-desk.ts";
import { ThinkerPool } from "../../service/thinker/thinker-pool.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

export type Think = (request: ThinkRequest, signal: AbortSignal) => Promise<ThinkResult>;

export function thinkerOf(domain: string, think: Think, more: Partial<Thinker> = {}): Thinker {
  const base = { description: domain, timeoutMs: 5_000, cacheSeconds: 60, isPersonal: true };
  return { domain, ...base, ...more, think };
}

export const ECHO: Think = ({ query }) => Promise.resolve({ response: `about ${query}` });

export function setUp(thinkers: readonly Thinker[] = [thinkerOf("knowledge", ECHO)]) {
  const clock = createSteppedClock();
  const metrics = createMetricsRegistry();
  const limits = { retentionMs: 1e9, historyMs: 1e9, deadlineMs: 1_000 };
  const store = createMemoryStore({ settings: limits, clock });
  const settings = { perCallMax: 2, perProcessMax: 3, progressMs: 1_000, progressMax: 2 };
  const pool = new ThinkerPool({
    ...{ settings, thinkers, clock, metrics, classify: null },
    log: SILENT_LOG,
  });
  const deskOf = (
    scope: string,
    first: CallerContext = EMPTY_CALLER_CONTEXT,
    own: { readonly memory?: CallMemory; readonly business?: ReadonlyMap<string, string> } = {},
  ) => {
    let context = first;
    const updates: ContextUpdate[] = [];
    const lines: string[] = [];
    const memory: CallMemory = {
      context: () => context,
      update(update) {
        updates.push(update);
        context = applyContextUpdate(context, update, 0);
      },
      cacheScope: () => scope,
      onChange: () => undefined,
    };
    let turnId = 1;
    const desk = new ThinkerDesk({
      ...{ pool, memory, store, business: new Map([["unit", "4B"]]), ...own },
      turnId: () => turnId,
      onProgress: (text) => lines.push(text),
      onWorking: () => undefined,
      watch: NO_WATCH,
    });
    const answers: DeskAnswer[] = [];
    const ask = (argumentsText: string, name = "route_to_thinker") =>
      new Promise<DeskAnswer>((resolve) => {
        desk.route({ toolCallId: "t", name, argumentsText, turnId }, (answer) => {
          answers.push(answer);
          resolve(answer);
        });
      });
    const newTurn = () => {
      turnId += 1;
    };
    return { desk, ask, answers, updates, lines, newTurn };
  };
  const results = (result: string, domain = "knowledge") => {
    const title = `voxbridge_thinker_results_total{domain="${domain}",result="${result}"} `;
    return Number(metrics.print().split(title)[1]?.split("\n")[0]);
  };
  return { clock, metrics, deskOf, results, pool };
}

export const question = (query: string, domain = "knowledge") => JSON.stringify({ domain, query });
export const turns = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
