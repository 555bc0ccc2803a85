// The memories of all calls of this process, and the operator's hand on them: export and erase.
// Station: made by main; call-service.ts opens one for each call, http/ asks for records.
// Where processes share the store, an erasure is told to the others and followed from them
// (call-erasures.ts).
// Limits: as many as calls; when the service stops, SUMMARY_MS for what the last calls write.
import { CallerMemory } from "./call-memory.ts";
import { CallErasures } from "./call-erasures.ts";
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
  readonly #erasures: CallErasures | null;
  /** Erased elsewhere, forgotten here, and what a call here wrote meanwhile is not yet gone. */
  readonly #unerased = new Set<string>();

  constructor(deps: CallMemoriesDeps) {
    this.#deps = deps;
    const { erasures: news } = deps.store;
    const onErased = (callerKey: string) => this.#onErased(callerKey);
    this.#erasures =
      news === undefined ? null : new CallErasures({ news, clock: deps.clock, onErased });
  }

  /** Nothing is followed any more; calls write their last words all the same. */
  stop(): void {
    this.#erasures?.stop();
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
    const { identities, store } = this.#deps;
    const callerKey = identities.keyOf(vouchedId);
    await this.#forget(callerKey);
    // Told first: what another process writes until it has heard, that one takes away again.
    await store.erasures?.tell(callerKey);
    await store.erase(callerKey);
  }

  isVouchedId(text: string): boolean {
    return this.#deps.identities.keyOf(text) !== "";
  }

  /** Everything that ended calls still write is written or given up. */
  async settled(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ record }) => record.settled()));
  }

  /** -> whether a call here was of this caller. */
  async #forget(callerKey: string): Promise<boolean> {
    const ofCaller = [...this.#open.values()].filter(({ memory }) => memory.isOf(callerKey));
    await Promise.all(ofCaller.map(({ memory }) => memory.forget()));
    return ofCaller.length > 0;
  }

  /** Another process erased this caller; what a call here has written since goes too. */
  async #onErased(callerKey: string): Promise<void> {
    if (await this.#forget(callerKey)) {
      this.#deps.log.info("caller erased elsewhere, its call here forgets", {});
      this.#unerased.add(callerKey);
    }
    if (!this.#unerased.has(callerKey)) return;
    await this.#deps.store.erase(callerKey);
    this.#unerased.delete(callerKey);
  }

  async #identify(memory: CallerMemory, opening: Opening): Promise<void> {
    const verdict = await this.#deps.identities.identify(opening.callerToken);
    if (verdict.kind === "known") memory.attach(verdict.callerKey);
    else memory.attachNobody();
    if (verdict.kind === "refused") opening.onRefused(verdict.message);
  }
}
