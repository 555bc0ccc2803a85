// Typed events for users of the library who do not need the last microsecond: subscriptions and one
// bounded iterator, fed from the same place as the direct callbacks (S4-07, S4-54).
// Station: beside the frame's way, never on it: nothing is made while nobody listens.
// Limits: the iterator keeps EVENTS_MAX events; the oldest is dropped and counted.
import { assert } from "../assert.ts";
import type { AudioEvent, AudioEventKind } from "../contract/audio-engine.ts";
import type { EngineMetrics } from "./engine-metrics.ts";

export const EVENTS_MAX = 1024;
const SUBSCRIPTIONS_MAX = 64;

interface Subscription {
  readonly id: number;
  readonly kind: AudioEventKind;
  readonly handler: (event: AudioEvent) => void;
}

type Waiting = (result: IteratorResult<AudioEvent>) => void;

export class AudioEvents {
  readonly #metrics: EngineMetrics;
  #subscriptions: readonly Subscription[] = [];
  #subscriptionLast = 0;
  #ring: EventRing | null = null;

  constructor(metrics: EngineMetrics) {
    this.#metrics = metrics;
  }

  /** -> id for unsubscribe. A handler that throws is counted and does not reach the audio. */
  subscribe(kind: AudioEventKind, handler: (event: AudioEvent) => void): number {
    assert(this.#subscriptions.length < SUBSCRIPTIONS_MAX, "too many subscriptions of one call");
    this.#subscriptionLast += 1;
    const id = this.#subscriptionLast;
    this.#subscriptions = [...this.#subscriptions, { id, kind, handler }];
    return id;
  }

  /** An unknown id is ignored. */
  unsubscribe(id: number): void {
    this.#subscriptions = this.#subscriptions.filter((subscription) => subscription.id !== id);
  }

  /** The one reader of this call; a second one ends the first. */
  iterate(): AsyncIterableIterator<AudioEvent> {
    this.#ring?.close();
    const ring = new EventRing(this.#metrics, () => {
      if (this.#ring === ring) this.#ring = null;
    });
    this.#ring = ring;
    return ring;
  }

  /** True when an event of any kind would reach somebody. */
  get isWanted(): boolean {
    return this.#ring !== null || this.#subscriptions.length > 0;
  }

  wants(kind: AudioEventKind): boolean {
    if (this.#ring !== null) return true;
    return this.#subscriptions.some((subscription) => subscription.kind === kind);
  }

  emit(event: AudioEvent): void {
    this.#ring?.push(event);
    for (const { kind, handler } of this.#subscriptions) {
      if (kind !== event.kind) continue;
      try {
        handler(event);
      } catch {
        // Somebody else's bug must not stop the call's audio; it shows in the counter.
        this.#metrics.faults.add(1);
      }
    }
  }

  /** Ends the reader and forgets every subscription. */
  close(): void {
    this.#ring?.close();
    this.#ring = null;
    this.#subscriptions = [];
  }
}

/** A bounded queue with one reader at a time. */
class EventRing implements AsyncIterableIterator<AudioEvent> {
  readonly #metrics: EngineMetrics;
  readonly #onClosed: () => void;
  readonly #events = new Array<AudioEvent | undefined>(EVENTS_MAX);
  #first = 0;
  #count = 0;
  #waiting: Waiting | null = null;
  #isClosed = false;

  constructor(metrics: EngineMetrics, onClosed: () => void) {
    this.#metrics = metrics;
    this.#onClosed = onClosed;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  push(event: AudioEvent): void {
    if (this.#isClosed) return;
    if (this.#waiting !== null) {
      const waiting = this.#waiting;
      this.#waiting = null;
      waiting({ done: false, value: event });
      return;
    }
    if (this.#count === EVENTS_MAX) {
      this.#metrics.eventsDropped.add(1);
      this.#first = (this.#first + 1) % EVENTS_MAX;
      this.#count -= 1;
    }
    this.#events[(this.#first + this.#count) % EVENTS_MAX] = event;
    this.#count += 1;
  }

  next(): Promise<IteratorResult<AudioEvent>> {
    const event = this.#count > 0 ? this.#events[this.#first] : undefined;
    if (event !== undefined) {
      this.#events[this.#first] = undefined;
      this.#first = (this.#first + 1) % EVENTS_MAX;
      this.#count -= 1;
      return Promise.resolve({ done: false, value: event });
    }
    if (this.#isClosed) return Promise.resolve({ done: true, value: undefined });
    // Reading twice at once would need a queue of readers; the earlier read ends instead.
    this.#waiting?.({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<AudioEvent>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** What is queued can still be read; then the iterator is done. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = null;
    this.#onClosed();
  }
}
