// One open call as the embedding program sees it (contract/live-call.ts).
// Station: beside call.ts; passes on, checks what comes from outside, keeps nothing.
import type { Call } from "./call.ts";
import type { LiveCall } from "./contract/live-call.ts";

const SILENCE_MS_MAX = 60_000;

export function liveCallOf(call: Call): LiveCall {
  const conversation = () => call.lanes.direct.conversation();
  return {
    id: call.id,
    state: () => conversation().state(),
    latency: () => call.latency.figures(),
    forceTurn(to) {
      if (to === "agent") call.onEndOfTurn();
      else call.onInterrupt();
    },
    setTurnTaking: (turnDetection, lane) => call.onUpdate(lane, turnDetection),
    setTurnEnd(silenceMs, isAdaptive) {
      if (!(silenceMs >= 0 && silenceMs <= SILENCE_MS_MAX)) {
        throw new RangeError(
          `Cannot set the end of turns: silenceMs is ${silenceMs}, must be 0..${SILENCE_MS_MAX}`,
        );
      }
      conversation().turnEnd()?.configure(Math.round(silenceMs), isAdaptive);
    },
    setBargeIn: (change) => call.lanes.setBargeIn(change),
  };
}
