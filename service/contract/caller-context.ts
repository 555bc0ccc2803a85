// What is known of a caller beyond this call, and where it is kept (S1-33..37, RT-11).
// Facts are data that somebody said, never instructions: who puts them into a prompt quotes them.

export interface CallerPreferences {
  readonly name: string;
  readonly location: string;
  readonly temperatureUnit: "" | "celsius" | "fahrenheit";
  readonly tickers: readonly string[];
}

export interface CallerSignals {
  /** How often each domain was asked. */
  readonly topics: Readonly<Record<string, number>>;
  readonly callCount: number;
  /** Wall time, 0 for never. */
  readonly lastActiveMs: number;
}

export interface CallerContext {
  readonly preferences: CallerPreferences;
  /** Deduplicated, at most 20, the newest last. */
  readonly facts: readonly string[];
  /** Rolling summary of all calls; "" at first. */
  readonly summary: string;
  readonly signals: CallerSignals;
}

export const EMPTY_CALLER_CONTEXT: CallerContext = {
  preferences: { name: "", location: "", temperatureUnit: "", tickers: [] },
  facts: [],
  summary: "",
  signals: { topics: {}, callCount: 0, lastActiveMs: 0 },
};

/**
 * A change, applied atomically to whatever the context is by then; absent fields stay. What is too
 * long is cut, what is no ticker or topic is left out (service/conversation/caller-context.ts).
 */
export interface ContextUpdate {
  /** Given: the store applies it once, however often it arrives. Unguessable, 1-64 characters. */
  readonly id?: string;
  readonly preferences?: Partial<Omit<CallerPreferences, "tickers">>;
  readonly tickersAdd?: readonly string[];
  readonly tickersRemove?: readonly string[];
  readonly factsAdd?: readonly string[];
  readonly factsRemove?: readonly string[];
  /** The whole new summary; it was written from the old one and what came since. */
  readonly summary?: string;
  /** One more question of this domain: lower case, a-z, digits and _. */
  readonly topic?: string;
  /** A call has begun. */
  readonly isCallBegun?: boolean;
}

export interface HistoryEntry {
  readonly callId: string;
  /** Counts a call's entries from 0; the same call and sequence is the same entry, kept once. */
  readonly sequence: number;
  readonly turnId: number;
  readonly speaker: "caller" | "agent" | "system";
  /** The agent's words as far as they were heard. */
  readonly text: string;
  readonly wallMs: number;
}

/** Everything stored of one caller, for export. */
export interface CallerRecord {
  readonly context: CallerContext;
  readonly history: readonly HistoryEntry[];
}

/**
 * The memory that one call has of its caller: what thinkers read and write, and what the responder
 * is told. Synchronous, because nothing in a call waits for a store: an update holds at once in this
 * call, and reaches the store behind it. Anonymous callers have one too, for this call only.
 */
export interface CallMemory {
  /** As far as it is known now; what earlier calls left comes a moment after the start. */
  context(): CallerContext;
  update(update: ContextUpdate): void;
  /** For results that depend on who asks (RT-10): this caller's alone, or this call's. Never "". */
  cacheScope(): string;
  /**
   * `listener` hears of every change, own updates included: soon after it, never within it, and of
   * changes made at one time once.
   */
  onChange(listener: (context: CallerContext) => void): void;
}

export interface ErasuresSince {
  /** Of the newest erasure there was: what to ask with next time. */
  readonly number: number;
  readonly callerKeys: readonly string[];
}

/** For processes that share a store: who was erased, by whichever of them. */
export interface ErasureNews {
  tell(callerKey: string): Promise<void>;
  /** null: from now on. */
  since(number: number | null): Promise<ErasuresSince>;
}

/**
 * Where contexts, history and cached results live. callerKey: the HMAC of a vouched caller id, never
 * the id itself. Every promise settles within the store's own deadline; it rejects with VoxError
 * `store_unavailable`. close() last; what is under way settles first.
 */
export interface ContextStore {
  readonly name: "sqlite" | "redis" | "memory";
  /** Left out: no other process uses this store. */
  readonly erasures?: ErasureNews;
  load(callerKey: string): Promise<CallerContext>;
  /** Atomic: concurrent updates of one caller lose nothing. -> the context after it. */
  update(callerKey: string, update: ContextUpdate): Promise<CallerContext>;
  appendHistory(callerKey: string, entries: readonly HistoryEntry[]): Promise<void>;
  /** The newest `entriesMax`, oldest first. */
  history(callerKey: string, entriesMax: number): Promise<readonly HistoryEntry[]>;
  export(callerKey: string): Promise<CallerRecord>;
  /** Everything of the caller is gone, cached personal results too. */
  erase(callerKey: string): Promise<void>;
  /** scope "": everybody's; else only that caller's (RT-10). -> null when absent or too old. */
  cached(scope: string, key: string): Promise<string | null>;
  cache(scope: string, key: string, value: string, keepMs: number): Promise<void>;
  close(): Promise<void>;
}
