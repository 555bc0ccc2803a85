// What a caller does with a line: listen to a greeting, speak, hear the answer, perhaps interrupt it,
// hang up. Waiting is polling on the injected clock, so that it works for every dialect alike.
import type { Clock } from "../../service/contract/clock.ts";
import type { Caller } from "./caller.ts";

export interface TalkPlan {
  readonly clock: Clock;
  readonly speech: Uint8Array;
  /** Said over the answer after so many ms of it were heard. */
  readonly interruption?: { readonly afterMs: number; readonly speech: Uint8Array } | undefined;
}

export type TalkResult = "answered" | "no_answer" | "lost";

const POLL_MS = 20;
const GREETING_WAIT_MS = 1_000;
const ANSWER_WAIT_MS = 15_000;
const LISTEN_MS_MAX = 120_000;
/** The agent has finished when it was quiet this long. */
const QUIET_MS = 800;
const CLOSE_WAIT_MS = 3_000;

/** One conversation on an open line, to its end. */
export async function talk(caller: Caller, plan: TalkPlan): Promise<TalkResult> {
  const { clock } = plan;
  const until = (isReached: () => boolean, timeoutMs: number): Promise<boolean> =>
    waitUntil(clock, () => isReached() || !caller.isOpen(), timeoutMs);
  const untilQuiet = async (): Promise<void> => {
    let quietSinceMs = clock.nowMs();
    await until(() => {
      if (caller.ear.isPlaying()) quietSinceMs = clock.nowMs();
      return clock.nowMs() - quietSinceMs >= QUIET_MS;
    }, LISTEN_MS_MAX);
  };
  const say = async (speech: Uint8Array): Promise<void> => {
    caller.say(speech);
    await until(() => !caller.mouth.isSpeaking(), LISTEN_MS_MAX);
  };
  const answer = (): Promise<boolean> => until(() => caller.ear.isPlaying(), ANSWER_WAIT_MS);

  if (await until(() => caller.ear.isPlaying(), GREETING_WAIT_MS)) await untilQuiet();
  await say(plan.speech);
  let isAnswered = await answer();
  if (isAnswered && plan.interruption !== undefined) {
    const { afterMs, speech } = plan.interruption;
    const heardMs = caller.ear.heardMs();
    await until(() => caller.ear.heardMs() - heardMs >= afterMs, LISTEN_MS_MAX);
    await say(speech);
    isAnswered = await answer();
  }
  await untilQuiet();
  if (!caller.isOpen()) return "lost";
  caller.hangUp("the caller hung up");
  await waitUntil(clock, () => !caller.isOpen(), CLOSE_WAIT_MS);
  caller.drop();
  return isAnswered ? "answered" : "no_answer";
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
