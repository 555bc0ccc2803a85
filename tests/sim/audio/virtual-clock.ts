// The service's Clock over virtual time, with timers that fire a little late, as real ones do; and
// how many of them are set, for the rule that every timer is freed.
import type { Clock, TimerHandle } from "../../../service/contract/clock.ts";
import type { Appointment, VirtualTime } from "../virtual-time.ts";

const WALL_EPOCH_MS = 1_767_225_600_000;

export class VirtualClock implements Clock {
  readonly #time: VirtualTime;
  readonly #latenessMs: () => number;
  readonly #timers = new Map<TimerHandle, Appointment>();
  #handleLast = 0;

  constructor(time: VirtualTime, latenessMs: () => number) {
    this.#time = time;
    this.#latenessMs = latenessMs;
  }

  nowMs(): number {
    return this.#time.nowMs();
  }

  wallMs(): number {
    return WALL_EPOCH_MS + this.#time.nowMs();
  }

  setTimer(delayMs: number, callback: () => void): TimerHandle {
    this.#handleLast += 1;
    const handle = this.#handleLast;
    const fire = () => {
      this.#timers.delete(handle);
      callback();
    };
    const dueMs = this.#time.nowMs() + delayMs + this.#latenessMs();
    this.#timers.set(handle, this.#time.atService(dueMs, fire));
    return handle;
  }

  clearTimer(handle: TimerHandle): void {
    const appointment = this.#timers.get(handle);
    if (appointment !== undefined) this.#time.cancel(appointment);
    this.#timers.delete(handle);
  }

  timersSet(): number {
    return this.#timers.size;
  }
}
