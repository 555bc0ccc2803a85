// The memories of all calls of this process, and the operator's hand on them: export and erase.
// Station: made by main; call-service.ts opens one for each call, http/ asks for records.
// Limits: as many as calls; when the service stops, SUMMARY_MS for what the last calls write.
import { CallerMemory } from "./call-memory.ts";
import { CallRecord } from "./call-record.ts";
import type { CallerRecord, ContextStore } from "./contract/caller-context.ts";
import type { CallerIdentities } from "./contract/caller-identity.ts";
import type { CallerRecords } from "./contract/caller-records.ts";
import type { Clock, Random } from "./contract/clock.ts";
import type { Log } from "./contract/log.ts";
import type { SummaryWriter } from "./context/summary-writer.ts";
import { HISTORY_ENTRIES_MAX } from "./limits.ts";

export interface CallMemoriesDeps {
  readonly store: ContextStore;
  readonly identities: CallerIdentities;
  /** null: no text model is configured. */
  readonly summaries: SummaryWriter | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

interface Opening {
  readonly callId: string;
  /** As the door vouched for it; "" for a door that vouches for nobody. */
  readonly callerKey: string;
  readonly callerToken: string | undefined;
  /** The caller's token is not good: in words for the caller's side. */
  readonly onRefused: (message: string) => void;
}

interface Open {
  readonly memory: CallerMemory;
  readonly record: CallRecord;
}

export class CallMemories implements CallerRecords {
  readonly #deps: CallMemoriesDeps;
  /** Also those whose call is over and whose last words are on their way. */
  readonly #open = new Map<string, Open>();

  constructor(deps: CallMemoriesDeps) {
    this.#deps = deps;
  }

  /** The call's record; who the caller is turns up beside the call. */
  open(opening: Opening): CallRecord {
    const { store, summaries, clock, random, log } = this.#deps;
    const { callId } = opening;
    const memory = new CallerMemory({ callId, store, clock, random, log });
    const record = new CallRecord({ callId, clock, memory, summaries });
    this.#open.set(callId, { memory, record });
    if (opening.callerKey !== "") memory.attach(opening.callerKey);
    else void this.#identify(memory, opening);
    return record;
  }

  /** The call is over; its memory goes when everything is written. */
  close(callId: string): void {
    const open = this.#open.get(callId);
    if (open === undefined) return;
    open.record.close();
    void open.record.settled().then(() => this.#open.delete(callId));
  }

  async export(vouchedId: string): Promise<CallerRecord | null> {
    const record = await this.#deps.store.export(this.#deps.identities.keyOf(vouchedId));
    const isNothing = record.context.signals.lastActiveMs === 0 && record.history.length === 0;
    return isNothing ? null : { ...record, history: record.history.slice(-HISTORY_ENTRIES_MAX) };
  }

  /** Calls that go on forget too, and write nothing of this caller any more. */
  async erase(vouchedId: string): Promise<void> {
    const callerKey = this.#deps.identities.keyOf(vouchedId);
    const ofCaller = [...this.#open.values()].filter(({ memory }) => memory.isOf(callerKey));
    await Promise.all(ofCaller.map(({ memory }) => memory.forget()));
    await this.#deps.store.erase(callerKey);
  }

  isVouchedId(text: string): boolean {
    return this.#deps.identities.keyOf(text) !== "";
  }

  /** Everything that ended calls still write is written or given up. */
  async settled(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ record }) => record.settled()));
  }

  async #identify(memory: CallerMemory, opening: Opening): Promise<void> {
    const verdict = await this.#deps.identities.identify(opening.callerToken);
    if (verdict.kind === "known") memory.attach(verdict.callerKey);
    else memory.attachNobody();
    if (verdict.kind === "refused") opening.onRefused(verdict.message);
  }
}
