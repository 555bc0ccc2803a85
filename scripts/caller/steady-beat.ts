// One beat every 20 ms, counted from the start, so that a late timer does not shift the ones after
// it. Beat n comes at start + (n + 1) x 20 ms: a frame can leave when its last sample is captured.
import type { Clock, TimerHandle } from "../../service/contract/clock.ts";
import { FRAME_MS } from "./audio-format.ts";

export interface SteadyBeat {
  start(): void;
  stop(): void;
  /** Of the first frame's first sample. */
  startMs(): number;
}

/** After a stall the beats that were missed come at once, at most this many. */
const CATCH_UP_BEATS_MAX = 50;

export function createSteadyBeat(clock: Clock, onBeat: () => void): SteadyBeat {
  let startMs = clock.nowMs();
  let beats = 0;
  let timer: TimerHandle | undefined;
  const dueMs = (): number => startMs + (beats + 1) * FRAME_MS;
  const wait = (): void => {
    timer = clock.setTimer(Math.max(0, dueMs() - clock.nowMs()), () => {
      for (let count = 0; count < CATCH_UP_BEATS_MAX; count += 1) {
        if (dueMs() > clock.nowMs()) break;
        beats += 1;
        onBeat();
      }
      wait();
    });
  };
  return {
    start() {
      startMs = clock.nowMs();
      wait();
    },
    stop() {
      if (timer !== undefined) clock.clearTimer(timer);
    },
    startMs: () => startMs,
  };
}
