// A call's thinkers, seen from the call: tool calls go out, answers come back, the voice learns what is
// known, without thinkers too (S1-05, S1-27..30, S1-37, S1-43).
// Station: beside call.ts. The desk thinks (thinker/), the memory keeps (call-memory.ts), the session's
// instructions are put together here and sent again only when they changed.
import type { CallDeps } from "./call-deps.ts";
import {
  type CallMemory,
  type ContextStore,
  EMPTY_CALLER_CONTEXT,
} from "./contract/caller-context.ts";
import type { Clock } from "./contract/clock.ts";
import type { Log } from "./contract/log.ts";
import type { ThinkerWatch } from "./contract/thinker.ts";
import { SEND } from "./contract/send-result.ts";
import type { CallNotice } from "./contract/transport.ts";
import type { ToolDefinition, Upstream } from "./contract/upstream.ts";
import type { Conversation } from "./conversation/conversation.ts";
import type { HeardWords } from "./conversation/heard-transcript.ts";
import type { ToolAnswer, ToolRequest } from "./lane/fast/lane-owner.ts";
import { quotedContext } from "./thinker/quoted-context.ts";
import { ThinkerDesk } from "./thinker/thinker-desk.ts";
import type { ThinkerPool } from "./thinker/thinker-pool.ts";

/** What the operator's side knows of a call, by name. */
export type BusinessContext = ReadonlyMap<string, string>;

/** The operator's own program, asked once when a call begins (S1-43). */
export type LookUp = (signal: AbortSignal) => Promise<BusinessContext>;

/** A look-up that takes longer is not waited for. */
const LOOK_UP_MS_MAX = 2_000;
const BUSINESS_ENTRIES_MAX = 32;
const BUSINESS_CHARACTERS_MAX = 500;

/** What every call of the process shares. */
export interface ThinkingParts {
  /** null: there are no thinkers; the voice knows its caller and the call all the same. */
  readonly pool: ThinkerPool | null;
  /** Of results. */
  readonly store: Pick<ContextStore, "cached" | "cache">;
  /** What the voice is told of its tool, "" without one. */
  readonly responderPrompt: string;
  /** What it is told to say while a thinker is slow. */
  readonly stallingPrompt: string;
}

/** What it is for one call. */
export interface CallThinkingParts extends ThinkingParts {
  readonly lookUp: LookUp | null;
}

export interface CallThinkingDeps extends CallThinkingParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly memory: CallMemory;
  /** Of the call's start. */
  readonly business: BusinessContext;
  /** The voice's own, without what is added here. */
  readonly instructions: string;
  /** What the session was told when it was dialled, which may be before the call. */
  readonly instructionsTold: string;
  readonly upstream: Pick<Upstream, "isReady" | "updateSession">;
  readonly conversation: () => Conversation;
  readonly watch: ThinkerWatch;
  /** Runs an act of ours inside the call's guard; nothing once the call is over. */
  readonly guard: (act: () => void) => void;
}

export class CallThinking {
  readonly #deps: CallThinkingDeps;
  readonly #desk: ThinkerDesk | null;
  readonly #business: Map<string, string>;
  readonly #closing = new AbortController();
  #instructionsSent: string;
  /** The newest ones found no room; what comes before a session is there, reaches it by itself. */
  #isDropped = false;

  constructor(deps: CallThinkingDeps) {
    this.#deps = deps;
    const { pool, memory } = deps;
    this.#business = new Map(deps.business);
    this.#instructionsSent = deps.instructionsTold;
    memory.onChange(() => this.#refresh());
    this.#desk = pool === null ? null : deskOf(pool, deps, this.#business);
  }

  /** The call begins: the look-up is asked; what it knows comes when it comes. */
  open(): void {
    this.#refresh();
    const { lookUp } = this.#deps;
    if (lookUp !== null) void this.#lookUp(lookUp);
  }

  /** A session is there: it is told what the one before had no room for. */
  onUpstreamReady(): void {
    if (!this.#isDropped) return;
    this.#instructionsSent = "";
    this.#refresh();
  }

  /** onAnswer: once, never within this call. */
  answerTool(request: ToolRequest, onAnswer: (answer: ToolAnswer) => void): void {
    const take = (answer: ToolAnswer) => this.#deps.guard(() => onAnswer(answer));
    if (this.#desk !== null) this.#desk.route(request, take);
    else queueMicrotask(() => take(noToolAnswer(request.name)));
  }

  onNotice(notice: CallNotice): void {
    if (notice.kind === "turn_committed") this.#desk?.onTurnEnd(notice.turnId);
  }

  /** The newest words help thinkers; of the agent's only those that the caller heard. */
  onHeard({ speaker, text }: HeardWords): void {
    this.#desk?.onSaid(speaker, text);
  }

  close(): void {
    this.#closing.abort();
    this.#desk?.close();
  }

  async #lookUp(lookUp: LookUp): Promise<void> {
    const { clock, log } = this.#deps;
    const late = new AbortController();
    const timer = clock.setTimer(LOOK_UP_MS_MAX, () => late.abort());
    const signal = AbortSignal.any([late.signal, this.#closing.signal]);
    try {
      const found = await lookUp(signal);
      if (signal.aborted) return;
      for (const [name, text] of [...found].slice(0, BUSINESS_ENTRIES_MAX)) {
        this.#business.set(name, text.slice(0, BUSINESS_CHARACTERS_MAX));
      }
      this.#refresh();
    } catch (error) {
      log.warn("look-up failed", { error: error instanceof Error ? error : null });
    } finally {
      clock.clearTimer(timer);
    }
  }

  /** The session's instructions, when they are not what it was told already. */
  #refresh(): void {
    const instructions = this.#instructions();
    if (instructions === this.#instructionsSent) return;
    this.#instructionsSent = instructions;
    this.#deps.guard(() => {
      const sent = this.#deps.upstream.updateSession({ instructions });
      this.#isDropped = sent === SEND.DROPPED;
    });
  }

  #instructions(): string {
    const { instructions, responderPrompt } = this.#deps;
    const known = quotedContext(this.#deps.memory.context(), this.#business);
    return joined([instructions, responderPrompt, known]);
  }
}

function deskOf(
  pool: ThinkerPool,
  deps: CallThinkingDeps,
  business: ReadonlyMap<string, string>,
): ThinkerDesk {
  const { store, memory, watch, guard, conversation, stallingPrompt } = deps;
  return new ThinkerDesk({
    ...{ pool, memory, store, business, watch },
    turnId: () => conversation().turnId(),
    onProgress: (progress, turnId) =>
      guard(() => {
        const slow = { prompt: stallingPrompt, progress };
        if (conversation().waiting.onSlow(slow, turnId)) pool.metrics.progress.add(1);
      }),
    onWorking: (count) => guard(() => conversation().waiting.setThinking(count)),
  });
}

/** What one call asks and is told, null when nothing is kept of calls. */
export function thinkingOf(
  deps: CallDeps,
  lane: { conversation(): Conversation },
  { thinkerWatch: watch }: { readonly thinkerWatch: ThinkerWatch },
  guard: (act: () => void) => void,
): CallThinking | null {
  const { thinking, plan, upstream, record, clock, log } = deps;
  if (thinking === null || record === null) return null;
  const { business, instructions } = plan;
  const made = new CallThinking({
    ...thinking,
    ...{ clock, log },
    conversation: () => lane.conversation(),
    watch,
    guard,
    memory: record.memory,
    business,
    instructions,
    instructionsTold: upstream.instructions,
    upstream: upstream.upstream(),
  });
  record.onHeard((words) => made.onHeard(words));
  return made;
}

/** A tool call where there are no tools. */
export function noToolAnswer(name: string): ToolAnswer {
  return { output: JSON.stringify({ error: `There is no tool ${name}` }), state: "failed" };
}

/** What a session is told from its start: nothing of the caller is known yet. */
export interface ThinkingSession {
  readonly tools: readonly ToolDefinition[];
  readonly instructions: string;
}

export function thinkingSession(
  { pool, responderPrompt }: ThinkingParts,
  instructions: string,
  business: BusinessContext,
): ThinkingSession {
  const known = quotedContext(EMPTY_CALLER_CONTEXT, business);
  const tools = pool === null ? [] : [pool.tool];
  return { tools, instructions: joined([instructions, responderPrompt, known]) };
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join("\n\n");
}

/** Entries of a call's start that the operator marked as knowledge for the agent (S1-43). */
const BUSINESS_PREFIX = "context.";

/** "context.unit" of the start's metadata or of Twilio's parameters -> "unit"; others stay out. */
export function businessOf(metadata: ReadonlyMap<string, string>): BusinessContext {
  const entries = [...metadata]
    .filter(([name, text]) => name.startsWith(BUSINESS_PREFIX) && text !== "")
    .slice(0, BUSINESS_ENTRIES_MAX);
  return new Map(
    entries.map(([name, text]) => [
      name.slice(BUSINESS_PREFIX.length),
      text.slice(0, BUSINESS_CHARACTERS_MAX),
    ]),
  );
}
