// What a caller does with a line: listen to a greeting, speak, hear the answer, perhaps interrupt
// it, hang up.
import type { Clock } from "../../service/contract/clock.ts";
import type { Caller } from "./caller.ts";
import { createListening } from "./listening.ts";

export interface TalkPlan {
  readonly clock: Clock;
  readonly speech: Uint8Array;
  /** Said over the answer after so many ms of it were heard. */
  readonly interruption?: { readonly afterMs: number; readonly speech: Uint8Array } | undefined;
}

export type TalkResult = "answered" | "no_answer" | "lost";

const ANSWER_WAIT_MS = 15_000;
const LISTEN_MS_MAX = 120_000;
/** An interruption that has not cut the agent by then, after its words, will not. */
const CUT_WAIT_MS = 1_000;

/** One conversation on an open line, to its end. */
export async function talk(caller: Caller, plan: TalkPlan): Promise<TalkResult> {
  const { until, untilQuiet, hearGreeting, say, hangUp } = createListening(caller, plan.clock);
  // An answer may begin while the silence at a recording's end is still being said.
  const answer = (beforeMs: number): Promise<boolean> =>
    until(() => caller.ear.heardMs() > beforeMs, ANSWER_WAIT_MS);

  await hearGreeting();
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
  await hangUp();
  return isAnswered ? "answered" : "no_answer";
}

function cuts(caller: Caller): number {
  return caller.timeline.entries.filter(({ kind }) => kind === "cleared").length;
}
