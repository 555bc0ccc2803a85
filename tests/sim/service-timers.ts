// The conversation's timers in virtual time: each a little late, as the event loop makes them.
import type { ConversationTimer } from "../../service/contract/call-effects.ts";
import type { Appointment, VirtualTime } from "./virtual-time.ts";

export class ServiceTimers {
  readonly #time: VirtualTime;
  readonly #latenessMs: () => number;
  readonly #onTimer: (timer: ConversationTimer) => void;
  readonly #timers = new Map<ConversationTimer, Appointment>();

  constructor(
    time: VirtualTime,
    latenessMs: () => number,
    onTimer: (timer: ConversationTimer) => void,
  ) {
    this.#time = time;
    this.#latenessMs = latenessMs;
    this.#onTimer = onTimer;
  }

  count(): number {
    return this.#timers.size;
  }

  set(timer: ConversationTimer, delayMs: number): void {
    this.clear(timer);
    const fire = () => {
      this.#timers.delete(timer);
      this.#onTimer(timer);
    };
    const atMs = this.#time.nowMs() + delayMs + this.#latenessMs();
    this.#timers.set(timer, this.#time.atService(atMs, fire));
  }

  clear(timer: ConversationTimer): void {
    const appointment = this.#timers.get(timer);
    if (appointment !== undefined) this.#time.cancel(appointment);
    this.#timers.delete(timer);
  }
}
