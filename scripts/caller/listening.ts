// Waiting for the other side of a line: until something is heard, until it is quiet again, until
// the words are out. Waiting is polling on the injected clock, so that it works for every dialect
// alike; a line that is lost ends every wait.
import type { Clock } from "../../service/contract/clock.ts";
import type { Caller } from "./caller.ts";

const POLL_MS = 20;
const GREETING_WAIT_MS = 1_000;
const LISTEN_MS_MAX = 120_000;
/** The agent has finished when it was quiet this long. */
const QUIET_MS = 800;
const CLOSE_WAIT_MS = 3_000;

export interface Listening {
  /** True when `isReached` came true, or the line was lost, in time. */
  until(isReached: () => boolean, timeoutMs: number): Promise<boolean>;
  untilQuiet(): Promise<void>;
  /** Hears a greeting out, if one comes. */
  hearGreeting(): Promise<void>;
  /** Says it and waits until the last word is out. */
  say(speech: Uint8Array): Promise<void>;
  /** Hangs up, waits for the close, drops the line when it does not come. */
  hangUp(): Promise<void>;
}

export function createListening(caller: Caller, clock: Clock): Listening {
  const until = (isReached: () => boolean, timeoutMs: number): Promise<boolean> =>
    waitUntil(clock, () => isReached() || !caller.isOpen(), timeoutMs);
  const untilQuiet = async (): Promise<void> => {
    let quietSinceMs = clock.nowMs();
    await until(() => {
      if (caller.ear.isPlaying()) quietSinceMs = clock.nowMs();
      return clock.nowMs() - quietSinceMs >= QUIET_MS;
    }, LISTEN_MS_MAX);
  };
  return {
    until,
    untilQuiet,
    async hearGreeting() {
      if (await until(() => caller.ear.isPlaying(), GREETING_WAIT_MS)) await untilQuiet();
    },
    async say(speech) {
      caller.say(speech);
      await until(() => !caller.mouth.isSpeaking(), LISTEN_MS_MAX);
    },
    async hangUp() {
      caller.hangUp("the caller hung up");
      const isClosed = () => caller.timeline.firstMs("closed") !== undefined;
      if (!(await waitUntil(clock, isClosed, CLOSE_WAIT_MS))) caller.drop();
    },
  };
}

/** True when `isReached` came true in time. */
async function waitUntil(
  clock: Clock,
  isReached: () => boolean,
  timeoutMs: number,
): Promise<boolean> {
  const deadlineMs = clock.nowMs() + timeoutMs;
  while (!isReached()) {
    if (clock.nowMs() >= deadlineMs) return false;
    await new Promise<void>((resolve) => {
      clock.setTimer(POLL_MS, resolve);
    });
  }
  return true;
}
