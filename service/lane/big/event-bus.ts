// The typed event bus of a call (S4-C11): subscribe, unsubscribe, wait, emit.
// Station: after the reaction, never before it: what is published, the conversation has already
// acted on (D-40). With no subscriber it does nothing. Handlers run in order of subscription,
// synchronously; events emitted from within a handler wait in a ring until the running one is done,
// so that nobody sees effects before causes.
// Limits: SUBSCRIPTIONS_MAX handlers, RING_EVENTS waiting events (the newest is dropped, counted).
import { assert } from "../../assert.ts";
import type {
  CallEvent,
  CallEventHandler,
  CallEventKind,
  CallEvents,
} from "../../contract/call-events.ts";
import type { FaultSink } from "../../contract/call-faults.ts";
import type { Clock } from "../../contract/clock.ts";

export const RING_EVENTS = 1024;
const SUBSCRIPTIONS_MAX = 64;

interface Subscription {
  readonly id: number;
  readonly kind: CallEventKind | "*";
  readonly handler: CallEventHandler;
}

interface Waiting {
  readonly finish: (event: CallEvent | null) => void;
}

export class EventBus implements CallEvents {
  readonly #clock: Clock;
  readonly #faults: FaultSink;
  readonly #ring = new Array<CallEvent | undefined>(RING_EVENTS);
  #first = 0;
  #count = 0;
  #isDelivering = false;
  #subscriptions: readonly Subscription[] = [];
  #idLast = 0;
  readonly #waiting = new Set<Waiting>();

  constructor(clock: Clock, faults: FaultSink) {
    this.#clock = clock;
    this.#faults = faults;
  }

  subscribe(kind: CallEventKind | "*", handler: CallEventHandler): number {
    assert(this.#subscriptions.length < SUBSCRIPTIONS_MAX, "too many subscriptions of one call");
    this.#idLast += 1;
    const id = this.#idLast;
    this.#subscriptions = [...this.#subscriptions, { id, kind, handler }];
    return id;
  }

  unsubscribe(id: number): void {
    this.#subscriptions = this.#subscriptions.filter((subscription) => subscription.id !== id);
  }

  emit(event: CallEvent): void {
    if (this.#subscriptions.length === 0) return;
    if (this.#count === RING_EVENTS) {
      this.#faults.onFault("event_lost", event.kind);
      return;
    }
    this.#ring[(this.#first + this.#count) % RING_EVENTS] = event;
    this.#count += 1;
    if (!this.#isDelivering) this.#deliver();
  }

  waitFor(kind: CallEventKind, waitMsMax: number): Promise<CallEvent | null> {
    return new Promise((resolve) => {
      const finish = (event: CallEvent | null) => {
        this.#clock.clearTimer(timer);
        this.unsubscribe(id);
        this.#waiting.delete(waiting);
        resolve(event);
      };
      const waiting: Waiting = { finish };
      const timer = this.#clock.setTimer(waitMsMax, () => finish(null));
      const id = this.subscribe(kind, finish);
      this.#waiting.add(waiting);
    });
  }

  /** Forgets every subscription; who waits gets null. */
  close(): void {
    for (const { finish } of [...this.#waiting]) finish(null);
    this.#subscriptions = [];
    this.#ring.fill(undefined);
    this.#count = 0;
  }

  #deliver(): void {
    this.#isDelivering = true;
    while (this.#count > 0) {
      const event = this.#ring[this.#first];
      this.#ring[this.#first] = undefined;
      this.#first = (this.#first + 1) % RING_EVENTS;
      this.#count -= 1;
      if (event !== undefined) this.#tell(event);
    }
    this.#isDelivering = false;
  }

  #tell(event: CallEvent): void {
    for (const { kind, handler } of this.#subscriptions) {
      if (kind !== "*" && kind !== event.kind) continue;
      try {
        const work = handler(event);
        if (work instanceof Promise) work.catch((error: unknown) => this.#onThrown(event, error));
      } catch (error) {
        this.#onThrown(event, error);
      }
    }
  }

  /** Somebody else's bug must not end the call; it is seen in the metrics and the log. */
  #onThrown({ kind }: CallEvent, error: unknown): void {
    this.#faults.onFault("event_handler_threw", `${kind}: ${String(error)}`);
  }
}
