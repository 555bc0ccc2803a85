// A thinker: a slow, smart mind behind the fast voice (S1-05, S1-07). One domain each, with its own
// prompt, model, tools, deadline and cache time. It runs beside the conversation and never touches
// it: what it returns is handed to the model by the router, and spoken only if still wanted.
import type { CallerContext, ContextUpdate } from "./caller-context.ts";

export interface SaidText {
  readonly speaker: "caller" | "agent";
  readonly text: string;
}

export interface ThinkRequest {
  /** The question, rephrased for the specialist (S1-24). */
  readonly query: string;
  readonly turnId: number;
  readonly context: CallerContext;
  /** What the operator's side knows of this call (S1-43); data, to be quoted. */
  readonly business: ReadonlyMap<string, string>;
  /** The newest words of both sides, oldest first, bounded. */
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
  /** 0: never cached. */
  readonly cacheSeconds: number;
  /** True: an answer depends on who asks, and is cached for that caller only (RT-10). */
  readonly isPersonal: boolean;
  /** Rejects with VoxError or any error; `signal` ends it (timeout, hang-up, a newer question). */
  think(request: ThinkRequest, signal: AbortSignal): Promise<ThinkResult>;
}
