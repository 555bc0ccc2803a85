// What every store is told: how long things are kept and how long an answer may take.
import type { Clock } from "../contract/clock.ts";
import type { Counter, Metrics } from "../contract/metrics.ts";

export interface StoreSettings {
  /** A caller's context is forgotten so long after the last update. */
  readonly retentionMs: number;
  /** What was said is forgotten so long after it was. */
  readonly historyMs: number;
  /** Every promise settles within this. */
  readonly deadlineMs: number;
}

export interface StoreParts {
  readonly settings: StoreSettings;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Records in the store that did not parse and count as nothing. */
export function unreadableCounter(metrics: Metrics): Counter {
  return metrics.counter(
    "voxbridge_store_records_unreadable_total",
    "Stored records that did not parse and were treated as empty",
  );
}
