// What a caller does with a line: listen to a greeting, speak, hear the answer, perhaps interrupt
// it, hang up. Waiting is polling on the injected clock, so that it works for every dialect alike.
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
/** An interruption that has not cut the agent by then, after its words, will not. */
const CUT_WAIT_MS = 1_000;

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
  // An answer may begin while the silence at a recording's end is still being said.
  const answer = (beforeMs: number): Promise<boolean> =>
    until(() => caller.ear.heardMs() > beforeMs, ANSWER_WAIT_MS);

  if (await until(() => caller.ear.isPlaying(), GREETING_WAIT_MS)) await untilQuiet();
  const greetingMs = caller.ear.heardMs();
  await say(plan.speech);
  let isAnswered = await answer(greetingMs);
  if (isAnswered && plan.interruption !== undefined) {
    const { afterMs, speech } = plan.interruption;
    await until(() => caller.ear.heardMs() - greetingMs >= afterMs, LISTEN_MS_MAX);
    const cutCount = cuts(caller);
    await say(speech);
    await until(() => cuts(caller) > cutCount, CUT_WAIT_MS);
    isAnswered = await answer(caller.ear.heardMs());
  }
  await untilQuiet();
  if (!caller.isOpen()) return "lost";
  caller.hangUp("the caller hung up");
  const isClosed = () => caller.timeline.firstMs("closed") !== undefined;
  if (!(await waitUntil(clock, isClosed, CLOSE_WAIT_MS))) caller.drop();
  return isAnswered ? "answered" : "no_answer";
}

function cuts(caller: Caller): number {
  return caller.timeline.entries.filter(({ kind }) => kind === "cleared").length;
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
