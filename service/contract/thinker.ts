// A thinker: a slow, smart mind behind the fast voice (S1-05, S1-07). One domain each, with its own
// prompt, model, tools, deadline and cache time. It runs beside the conversation and never touches
// it: what it returns is handed to the model by the router, and spoken only if still wanted.
import type { CallerContext, ContextUpdate } from "./caller-context.ts";
import type { Clock, Random } from "./clock.ts";
import type { LanguageModel } from "./language-model.ts";
import type { Metrics } from "./metrics.ts";
import type { Within } from "./tracing.ts";

export interface SaidText {
  readonly speaker: "caller" | "agent";
  readonly text: string;
}

export interface ThinkRequest {
  /** The question, rephrased for the specialist (S1-24). */
  readonly query: string;
  readonly turnId: number;
  /** Empty for a thinker whose answers everybody shares, as is `business` (RT-10). */
  readonly context: CallerContext;
  /** What the operator's side knows of this call (S1-43); data, to be quoted. */
  readonly business: ReadonlyMap<string, string>;
  /** The newest words of both sides, oldest first, bounded. Empty when answers are cached. */
  readonly said: readonly SaidText[];
  /** Tells how far it is ("comparing three offers"); may be spoken while the caller waits. */
  readonly onProgress: (text: string) => void;
}

export interface ThinkSource {
  readonly title: string;
  readonly url: string;
}

export interface ThinkResult {
  /** What the responder is given to say in its own words. */
  readonly response: string;
  /** What was learned about the caller (S1-35). */
  readonly contextUpdate?: ContextUpdate;
  readonly sources?: readonly ThinkSource[];
}

export interface Thinker {
  /** As the routing tool's enum names it: lower case, a-z and _. */
  readonly domain: string;
  /** One sentence for the responder: what to send here. */
  readonly description: string;
  readonly timeoutMs: number;
  /** 0: never cached, and `said` is told. Else an answer is given again to the same question. */
  readonly cacheSeconds: number;
  /**
   * True: an answer depends on who asks, and is cached for that caller only, and for as long as
   * context and business are the same (RT-10). False and cached: everybody shares the answers, so
   * nothing of the caller is told to the thinker.
   */
  readonly isPersonal: boolean;
  /** Rejects with VoxError or any error; `signal` ends it (timeout, hang-up). */
  think(request: ThinkRequest, signal: AbortSignal): Promise<ThinkResult>;
}

/**
 * How a question ended. stale: answered, but the caller had gone on. busy: a limit was reached.
 * unwanted: the call was over.
 */
export type ThinkerOutcome =
  | "answered"
  | "cached"
  | "stale"
  | "timed_out"
  | "failed"
  | "busy"
  | "unwanted";

/** One question on its way to its answer, as those who watch see it (S1-41). */
export interface WatchedQuestion {
  /** What the thinker asks of models is shown under it. */
  readonly within: Within;
  /** Once. */
  end(outcome: ThinkerOutcome): void;
}

export interface ThinkerWatch {
  /** What is asked for a tool call before its domain is known. */
  within<Value>(toolCallId: string, act: () => Value): Value;
  /** The question goes to a domain; its cache is not yet looked into. */
  begin(toolCallId: string, domain: string): WatchedQuestion;
}

/** Nobody watches. */
export const NO_WATCH: ThinkerWatch = {
  within: (_toolCallId, act) => act(),
  begin: () => ({ within: (act) => act(), end: () => undefined }),
};

/** What a thinker is made with. */
export interface ThinkerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  /**
   * The one configured for its module (`thinkers.ownModels`, `.ownUrls`, `.ownKeys`), else the general
   * one; where there is none at all, one that fails each request and says so.
   */
  readonly model: LanguageModel;
}

/** What a module named in the setting `thinkers.domains` exports under this name. */
export type CreateThinker = (parts: ThinkerParts) => Thinker;
