// The thinkers of one call: takes tool calls, lets thinkers work beside the conversation, and gives
// exactly one answer to each call, whatever happens (RT-09).
//
//   tool call -> route -> cached? -> thinker (deadline, signal) -> answer, context, cache
//                                      \-- progress --> the voice bridges the wait
//
// Station: between call-thinking.ts (the call's side: submit, speak, notices) and the thinkers. It
// never speaks and never blocks: route() returns before anything is asked.
// Limits: perCallMax questions at once, more are answered as busy; texts are cut at the bounds below.
import {
  type CallMemory,
  type ContextStore,
  EMPTY_CALLER_CONTEXT,
} from "../contract/caller-context.ts";
import type {
  SaidText,
  Thinker,
  ThinkerOutcome,
  ThinkResult,
  ThinkerWatch,
  WatchedQuestion,
} from "../contract/thinker.ts";
import { applyContextUpdate } from "../conversation/caller-context.ts";
import { VoxError } from "../errors.ts";
import { cacheKeyOf, type Known, readCached, writeCached } from "./result-cache.ts";
import { ROUTING_TOOL, type Route, routeOf } from "./routing-tool.ts";
import { outputOf, parsedResult, type ResultFlaw } from "./thinker-result.ts";
import type { ThinkerPool } from "./thinker-pool.ts";
import { Wait } from "./wait.ts";

const PROGRESS_CHARACTERS_MAX = 200;
const SAID_TEXTS_MAX = 10;
const SAID_CHARACTERS_MAX = 1_000;

export interface DeskDeps {
  readonly pool: ThinkerPool;
  readonly memory: CallMemory;
  /** Of results. */
  readonly store: Pick<ContextStore, "cached" | "cache">;
  readonly business: ReadonlyMap<string, string>;
  /** The newest turn: an answer to an older one is stale (S1-28). */
  readonly turnId: () => number;
  /** A thinker is slow: the voice may say a line. */
  readonly onProgress: (text: string, turnId: number) => void;
  readonly onWorking: (count: number) => void;
  readonly watch: ThinkerWatch;
}

export interface ToolCallOfTurn {
  readonly toolCallId: string;
  readonly name: string;
  readonly argumentsText: string;
  readonly turnId: number;
}

export interface DeskAnswer {
  /** Goes to the model as it is. */
  readonly output: string;
  readonly state: "done" | "failed";
}

interface Question {
  readonly domain: string;
  readonly query: string;
  readonly turnId: number;
  readonly routedMs: number;
  readonly watched: WatchedQuestion;
}

interface Thought {
  readonly result: ThinkResult;
  readonly isCached: boolean;
  /** What the thinker was told of the caller and the call. */
  readonly known: Known;
}

export class ThinkerDesk {
  readonly #deps: DeskDeps;
  readonly #closing = new AbortController();
  readonly #said: SaidText[] = [];
  #working = 0;
  /** The turn whose first tool call has not come; -1: none. */
  #turnAwaited = -1;
  #turnEndMs = 0;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  working(): number {
    return this.#working;
  }

  /** Something was said; the newest words go to thinkers whose answers are not kept. */
  onSaid(speaker: SaidText["speaker"], text: string): void {
    this.#said.push({ speaker, text: text.slice(0, SAID_CHARACTERS_MAX) });
    if (this.#said.length > SAID_TEXTS_MAX) this.#said.shift();
  }

  /** A turn is over: from now on its tool call is waited for. */
  onTurnEnd(turnId: number): void {
    this.#turnAwaited = turnId;
    this.#turnEndMs = this.#deps.pool.clock.nowMs();
  }

  /** onAnswer: exactly once, never within route(), also after close(). */
  route(call: ToolCallOfTurn, onAnswer: (answer: DeskAnswer) => void): void {
    const { pool } = this.#deps;
    const startedMs = pool.clock.nowMs();
    if (call.name !== ROUTING_TOOL) {
      pool.metrics.countFlaw("unknown_tool");
      const answer = failed(`There is no tool ${call.name.slice(0, 64)}.`);
      queueMicrotask(() => onAnswer(answer));
      return;
    }
    if (call.turnId === this.#turnAwaited) {
      this.#turnAwaited = -1;
      pool.metrics.callMs.observe(startedMs - this.#turnEndMs);
    }
    const route = routeOf(call.argumentsText, pool.domains, pool.general);
    if (route.flaw !== "none") pool.metrics.countFlaw(route.flaw);
    pool.metrics.countRoute(route.domain);
    const isPlaced = this.#working < pool.settings.perCallMax && pool.begin();
    if (!isPlaced) {
      pool.metrics.countOutcome(route.domain, "busy");
      this.#deps.watch.begin(call.toolCallId, route.domain).end("busy");
      queueMicrotask(() => onAnswer(failed("Too many questions at once; ask again in a moment.")));
      return;
    }
    this.#setWorking(1);
    void this.#answer(route, call, startedMs)
      .then(onAnswer)
      .finally(() => {
        pool.end();
        this.#setWorking(-1);
      });
  }

  /** The call is over: whatever is still thought about ends, its answers go nowhere. */
  close(): void {
    this.#closing.abort();
  }

  #setWorking(delta: 1 | -1): void {
    this.#working += delta;
    if (!this.#closing.signal.aborted) this.#deps.onWorking(this.#working);
  }

  /** Never rejects. */
  async #answer(route: Route, call: ToolCallOfTurn, startedMs: number): Promise<DeskAnswer> {
    const { pool, watch } = this.#deps;
    const { turnId, toolCallId } = call;
    const signal = this.#closing.signal;
    const chosen = await watch.within(toolCallId, () =>
      pool.classify?.(route.query, route.domain, signal),
    );
    const domain = chosen ?? route.domain;
    // The classifier's time is a model's, not ours.
    const routedMs = pool.classify === null ? startedMs : pool.clock.nowMs();
    const watched = watch.begin(toolCallId, domain);
    try {
      const question = { domain, query: route.query, turnId, routedMs, watched };
      const thought = await this.#think(question);
      const { result, isCached } = thought;
      this.#keep(domain, route.query, thought);
      watched.end(this.#count(domain, isCached ? "cached" : "answered", turnId));
      if (!isCached) pool.metrics.observeAnswer(domain, pool.clock.nowMs() - startedMs);
      return { output: outputOf(result), state: "done" };
    } catch (error) {
      const isLate = error instanceof VoxError && error.code === "engine_timeout";
      watched.end(this.#count(domain, isLate ? "timed_out" : "failed", turnId));
      if (!signal.aborted) {
        pool.log.warn("thinker failed", { domain, error: error instanceof Error ? error : null });
      }
      return failed(isLate ? "It took too long to find out." : "It could not be found out.");
    }
  }

  async #think({ domain, query, turnId, routedMs, watched }: Question): Promise<Thought> {
    const { pool, memory } = this.#deps;
    const thinker = pool.thinker(domain);
    const isCaching = thinker.cacheSeconds > 0;
    // As they are now: both may become more while the thinker works.
    const known: Known =
      isCaching && !thinker.isPersonal
        ? { context: EMPTY_CALLER_CONTEXT, business: NOTHING }
        : { context: memory.context(), business: new Map(this.#deps.business) };
    if (isCaching) {
      const found = readCached(await this.#cached(thinker, cacheKeyOf(domain, query, known)));
      if (found !== null) return { result: found, isCached: true, known };
    }
    // The store was slow, and the call may be over: nobody is asked any more.
    this.#closing.signal.throwIfAborted();
    const wait = new Wait(pool, this.#closing.signal, thinker.timeoutMs, (text) =>
      this.#deps.onProgress(text, turnId),
    );
    const request = {
      ...{ query, turnId, ...known },
      // The same question later comes after other words; an answer that had these would be wrong.
      said: isCaching ? [] : [...this.#said],
      onProgress: (text: string) => wait.onProgress(text.slice(0, PROGRESS_CHARACTERS_MAX)),
    };
    pool.metrics.observeDispatch(pool.clock.nowMs() - routedMs);
    const thought = await wait.until((signal) =>
      watched.within(() => thinker.think(request, signal)),
    );
    const onFlaw = (flaw: ResultFlaw) => pool.metrics.countFlaw(flaw);
    return { result: parsedResult(domain, thought, onFlaw), isCached: false, known };
  }

  /**
   * What was learned is applied first, also for a cached answer (RT-10); then the answer is cached
   * under what its thinker knew and taught, as the same question will be asked with that. What came
   * from elsewhere meanwhile, it does not answer.
   */
  #keep(domain: string, query: string, { result, isCached, known }: Thought): void {
    const { pool, memory, store } = this.#deps;
    memory.update({ ...result.contextUpdate, topic: domain });
    const thinker = pool.thinker(domain);
    if (isCached || thinker.cacheSeconds === 0) return;
    const taught = result.contextUpdate ?? {};
    const context = thinker.isPersonal
      ? applyContextUpdate(known.context, taught, pool.clock.wallMs())
      : known.context;
    const key = cacheKeyOf(domain, query, { ...known, context });
    // A store that is away is counted by itself (context/steady-store.ts); it costs an answer.
    store
      .cache(this.#scopeOf(thinker), key, writeCached(result), thinker.cacheSeconds * 1000)
      .catch(() => undefined);
  }

  async #cached(thinker: Thinker, key: string): Promise<string | null> {
    try {
      return await this.#deps.store.cached(this.#scopeOf(thinker), key);
    } catch {
      // As above: thought about again.
      return null;
    }
  }

  /** Everybody's, or who asks alone (RT-10). */
  #scopeOf({ isPersonal }: Thinker): string {
    return isPersonal ? this.#deps.memory.cacheScope() : "";
  }

  #count(domain: string, outcome: ThinkerOutcome, turnId: number): ThinkerOutcome {
    const isDone = outcome === "answered" || outcome === "cached";
    const isStale = isDone && turnId !== this.#deps.turnId();
    const heard = isStale ? "stale" : outcome;
    const counted = this.#closing.signal.aborted ? "unwanted" : heard;
    this.#deps.pool.metrics.countOutcome(domain, counted);
    return counted;
  }
}

const NOTHING: ReadonlyMap<string, string> = new Map();

function failed(what: string): DeskAnswer {
  const output = JSON.stringify({ error: `${what} Tell the caller so plainly; invent nothing.` });
  return { output, state: "failed" };
}
