// Time of a simulated call: a heap of callbacks, run in order of time, then of setting.
// Milliseconds; fractions are multiples of 1/4, which floating point adds exactly.

interface Entry {
  timeMs: number;
  /** What it was set for; earlier than timeMs when a stall held it up. */
  readonly dueMs: number;
  readonly order: number;
  readonly isService: boolean;
  run: (() => void) | null;
}

export type Appointment = Entry;

export class VirtualTime {
  readonly #heap: Entry[] = [];
  #orderLast = 0;
  #nowMs = 0;
  #busyUntilMs = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  at(timeMs: number, run: () => void): Appointment {
    return this.#add(timeMs, run, false);
  }

  after(delayMs: number, run: () => void): Appointment {
    return this.#add(this.#nowMs + delayMs, run, false);
  }

  /** As `at`, for what the service itself runs: waits while its event loop is busy. */
  atService(timeMs: number, run: () => void): Appointment {
    return this.#add(timeMs, run, true);
  }

  /** The service's event loop does nothing for so long. */
  stall(durationMs: number): void {
    this.#busyUntilMs = Math.max(this.#busyUntilMs, this.#nowMs + durationMs);
  }

  cancel(entry: Appointment): void {
    entry.run = null;
  }

  /** Runs the next callback. -> false when none is left. */
  step(): boolean {
    for (let entry = this.#pop(); entry !== undefined; entry = this.#pop()) {
      if (entry.run === null) continue;
      this.#nowMs = Math.max(this.#nowMs, entry.timeMs);
      if (entry.isService && this.#nowMs < this.#busyUntilMs) {
        entry.timeMs = this.#busyUntilMs;
        this.#push(entry);
        continue;
      }
      const run = entry.run;
      entry.run = null;
      run();
      return true;
    }
    return false;
  }

  #add(timeMs: number, run: () => void, isService: boolean): Appointment {
    this.#orderLast += 1;
    const entry = {
      timeMs: Math.max(timeMs, this.#nowMs),
      dueMs: Math.max(timeMs, this.#nowMs),
      order: this.#orderLast,
      isService,
      run,
    };
    this.#push(entry);
    return entry;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || isBefore(parent, entry)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = heap[childIndex];
      if (child === undefined) break;
      const right = heap[childIndex + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        childIndex += 1;
      }
      if (isBefore(last, child)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
    return first;
  }
}

/** What was held up comes in the order in which it was due, before what is due now. */
function isBefore(first: Entry, second: Entry): boolean {
  if (first.timeMs !== second.timeMs) return first.timeMs < second.timeMs;
  if (first.dueMs !== second.dueMs) return first.dueMs < second.dueMs;
  return first.order < second.order;
}
