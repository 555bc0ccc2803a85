// One direction of a slow network: everything arrives in order, each message after its delay.
import type { Clock, TimerHandle } from "../../service/contract/clock.ts";

export interface DelayedWay<Message> {
  send(message: Message): void;
  /** What is still under way is lost. */
  close(): void;
}

/** `delayMs` is asked once a message; one that would overtake waits for the one before it. */
export function createDelayedWay<Message>(
  clock: Clock,
  delayMs: () => number,
  deliver: (message: Message) => void,
): DelayedWay<Message> {
  const underWay = new Set<TimerHandle>();
  let arrivalMs = Number.NEGATIVE_INFINITY;
  return {
    send(message) {
      arrivalMs = Math.max(arrivalMs, clock.nowMs() + delayMs());
      const timer = clock.setTimer(arrivalMs - clock.nowMs(), () => {
        underWay.delete(timer);
        deliver(message);
      });
      underWay.add(timer);
    },
    close() {
      for (const timer of underWay) clock.clearTimer(timer);
      underWay.clear();
    },
  };
}
