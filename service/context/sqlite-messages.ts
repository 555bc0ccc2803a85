// What goes between the service and the Worker that holds the database: both ends of its port.
import type { CallerContext, ContextUpdate, HistoryEntry } from "../contract/caller-context.ts";

/** wallMs: now, because a Worker has no clock of the service's. */
export type StoreRequest =
  | { readonly kind: "load"; readonly caller: string; readonly wallMs: number }
  | {
      readonly kind: "update";
      readonly caller: string;
      readonly update: ContextUpdate;
      readonly wallMs: number;
    }
  | {
      readonly kind: "append";
      readonly caller: string;
      readonly entries: readonly HistoryEntry[];
      readonly wallMs: number;
    }
  | {
      readonly kind: "history";
      readonly caller: string;
      readonly entriesMax: number;
      readonly wallMs: number;
    }
  | { readonly kind: "erase"; readonly caller: string; readonly wallMs: number }
  | {
      readonly kind: "cached";
      readonly scope: string;
      readonly key: string;
      readonly wallMs: number;
    }
  | {
      readonly kind: "cache";
      readonly scope: string;
      readonly key: string;
      readonly value: string;
      readonly endsMs: number;
      readonly wallMs: number;
    };

export interface ToSqliteWorker {
  /** Names the answer. */
  readonly request: number;
  readonly act: StoreRequest;
}

export type StoreAnswer = CallerContext | readonly HistoryEntry[] | string | null;

export interface FromSqliteWorker {
  readonly request: number;
  readonly answer: StoreAnswer;
  /** What the database said when it did not do it; "" otherwise. */
  readonly failure: string;
  /** Records found since the last answer that were none of ours. */
  readonly unreadable: number;
}

/** Given to the Worker when it is made. */
export interface SqliteWorkerData {
  readonly path: string;
  readonly retentionMs: number;
  readonly historyMs: number;
  readonly busyMs: number;
}
