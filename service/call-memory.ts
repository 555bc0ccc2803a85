// What one call knows of its caller, and how it reaches the store (S1-33, S1-35, RT-11).
// Station: beside the conversation; thinkers, summary and instructions read and write it at once,
// the store follows behind. Nothing in a call waits for the store.
//
//   context = the store's newest answer + every update that it has not answered yet
//
// Until the caller is known, updates wait; an anonymous caller's never leave the call. A store that
// is away keeps what it was given (service/context/steady-store.ts), so nothing is sent twice here.
// What was known of the caller is asked for again every RELOAD_MS until it comes.
// Limits: PENDING_MAX updates unanswered; the oldest becomes part of the base then.
import {
  type CallerContext,
  type CallMemory,
  type ContextStore,
  type ContextUpdate,
  EMPTY_CALLER_CONTEXT,
  type HistoryEntry,
} from "./contract/caller-context.ts";
import type { Clock, Random, TimerHandle } from "./contract/clock.ts";
import type { Log } from "./contract/log.ts";
import { applyContextUpdate } from "./conversation/caller-context.ts";

const PENDING_MAX = 64;
/** Said before the caller was known; more than that before a check of a token is not speech. */
const EARLY_ENTRIES_MAX = 64;
const ID_BYTES = 12;
const RELOAD_MS = 2_000;

export interface CallerMemoryDeps {
  readonly callId: string;
  readonly store: ContextStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

type Owner =
  | { readonly kind: "unknown" }
  | { readonly kind: "known"; readonly callerKey: string }
  | { readonly kind: "anonymous" };

export class CallerMemory implements CallMemory {
  readonly #deps: CallerMemoryDeps;
  readonly #listeners: ((context: CallerContext) => void)[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #owner: Owner = { kind: "unknown" };
  #base = EMPTY_CALLER_CONTEXT;
  #pending: ContextUpdate[] = [];
  #early: HistoryEntry[] = [];
  #context = EMPTY_CALLER_CONTEXT;
  #isTellingSoon = false;
  /** Updates that the store did not take at once; when it can be read again, it has them. */
  readonly #lost = new Set<ContextUpdate>();
  #reloadTimer: TimerHandle | null = null;

  constructor(deps: CallerMemoryDeps) {
    this.#deps = deps;
  }

  context(): CallerContext {
    return this.#context;
  }

  cacheScope(): string {
    return this.#owner.kind === "known" ? this.#owner.callerKey : this.#deps.callId;
  }

  onChange(listener: (context: CallerContext) => void): void {
    this.#listeners.push(listener);
  }

  update(given: ContextUpdate): void {
    const update = { ...given, id: given.id ?? this.#deps.random.hex(ID_BYTES) };
    this.#pending.push(update);
    if (this.#owner.kind === "anonymous" || this.#pending.length > PENDING_MAX)
      this.#settleOldest();
    this.#recall();
    if (this.#owner.kind === "known") this.#send(this.#owner.callerKey, update);
  }

  /** Something was said and heard. */
  say(entry: HistoryEntry): void {
    if (this.#owner.kind === "known") this.#store(this.#owner.callerKey, [entry]);
    else if (this.#owner.kind === "unknown" && this.#early.length < EARLY_ENTRIES_MAX) {
      this.#early.push(entry);
    }
  }

  /** The caller is vouched for: what is known comes in, what waited goes out. */
  attach(callerKey: string): void {
    if (this.#owner.kind !== "unknown") return;
    this.#owner = { kind: "known", callerKey };
    const begun = { id: this.#deps.random.hex(ID_BYTES), isCallBegun: true };
    this.#pending.unshift(begun);
    for (const update of this.#pending) this.#send(callerKey, update);
    if (this.#early.length > 0) this.#store(callerKey, this.#early);
    this.#early = [];
    this.#recall();
  }

  /** Nobody vouches for the caller: what is learned holds for this call. */
  attachNobody(): void {
    if (this.#owner.kind !== "unknown") return;
    this.#owner = { kind: "anonymous" };
    this.#early = [];
    while (this.#pending.length > 0) this.#settleOldest();
  }

  isOf(callerKey: string): boolean {
    return this.#owner.kind === "known" && this.#owner.callerKey === callerKey;
  }

  /** Known, and not erased meanwhile. */
  isKept(): boolean {
    return this.#owner.kind === "known";
  }

  /** The call is over; what is under way goes on. */
  close(): void {
    if (this.#reloadTimer !== null) this.#deps.clock.clearTimer(this.#reloadTimer);
    this.#reloadTimer = null;
  }

  /** The caller is being erased: this call knows nothing any more and writes nothing. */
  forget(): Promise<void> {
    this.close();
    this.#owner = { kind: "anonymous" };
    this.#base = EMPTY_CALLER_CONTEXT;
    this.#pending = [];
    this.#recall();
    return this.settled();
  }

  /** Everything that was sent has been answered, one way or the other. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #send(callerKey: string, update: ContextUpdate): void {
    const onAnswer = (context: CallerContext): void => {
      // Everything before it was applied before it, also what an absent store got later.
      const index = this.#pending.indexOf(update);
      if (index < 0 || !this.isOf(callerKey)) return;
      for (const done of this.#pending.splice(0, index + 1)) this.#lost.delete(done);
      this.#base = context;
      this.#recall();
    };
    const onFailed = (): void => {
      if (!this.isOf(callerKey)) return;
      this.#lost.add(update);
      this.#reloadLater(callerKey);
    };
    this.#own(this.#deps.store.update(callerKey, update).then(onAnswer, onFailed));
  }

  #reloadLater(callerKey: string): void {
    const { clock, store } = this.#deps;
    this.#reloadTimer ??= clock.setTimer(RELOAD_MS, () => {
      this.#reloadTimer = null;
      const onLoaded = (context: CallerContext): void => {
        if (!this.isOf(callerKey)) return;
        this.#pending = this.#pending.filter((update) => !this.#lost.delete(update));
        this.#base = context;
        this.#recall();
      };
      const onFailed = (): void => {
        if (this.isOf(callerKey)) this.#reloadLater(callerKey);
      };
      this.#own(store.load(callerKey).then(onLoaded, onFailed));
    });
  }

  #store(callerKey: string, entries: readonly HistoryEntry[]): void {
    this.#own(this.#deps.store.appendHistory(callerKey, entries));
  }

  /** A store that fails is counted and caught up with by itself; the call goes on. */
  #own(act: Promise<void>): void {
    const owned: Promise<void> = act
      .catch(() => undefined)
      .finally(() => this.#underWay.delete(owned));
    this.#underWay.add(owned);
  }

  #settleOldest(): void {
    const update = this.#pending.shift();
    if (update === undefined) return;
    this.#base = applyContextUpdate(this.#base, update, this.#deps.clock.wallMs());
  }

  #recall(): void {
    const wallMs = this.#deps.clock.wallMs();
    const context = this.#pending.reduce(
      (sum, update) => applyContextUpdate(sum, update, wallMs),
      this.#base,
    );
    const isChanged = JSON.stringify(context) !== JSON.stringify(this.#context);
    this.#context = context;
    if (!isChanged || this.#isTellingSoon || this.#listeners.length === 0) return;
    this.#isTellingSoon = true;
    this.#own(Promise.resolve().then(() => this.#tell()));
  }

  #tell(): void {
    this.#isTellingSoon = false;
    for (const listener of this.#listeners) {
      try {
        listener(this.#context);
      } catch (error) {
        const thrown = error instanceof Error ? error : new Error(String(error));
        this.#deps.log.error("call failed to follow its caller's context", { error: thrown });
      }
    }
  }
}
