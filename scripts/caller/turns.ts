// Many turns in one call: one recording after the other, each when the answer to the one before has
// been heard to its end. What happened between two of them is kept apart, turn by turn.
import type { Clock } from "../../service/contract/clock.ts";
import type { Caller } from "./caller.ts";
import type { Notice } from "./line.ts";
import { createListening } from "./listening.ts";
import type { TalkResult } from "./talk.ts";
import { latencies } from "./timeline.ts";

export interface Recording {
  readonly name: string;
  /** In the line's format. */
  readonly speech: Uint8Array;
}

/** One recording that was spoken and what came of it before the next one. */
export interface SpokenTurn {
  readonly recording: string;
  readonly notices: readonly Notice[];
  /** End of the words at the mouth to the first sound at the ear; null when none came. */
  readonly answerMs: number | null;
}

export interface TurnsPlan {
  readonly clock: Clock;
  /** Spoken in turn, from the first again after the last. */
  readonly recordings: readonly Recording[];
  readonly turnCount: number;
  readonly onTurn?: (turn: SpokenTurn) => void;
}

const ANSWER_WAIT_MS = 15_000;

/** All turns on an open line, then hangs up. "answered": each one was. */
export async function speakTurns(caller: Caller, plan: TurnsPlan): Promise<TalkResult> {
  const listening = createListening(caller, plan.clock);
  let answeredCount = 0;
  await listening.hearGreeting();
  for (let index = 0; index < plan.turnCount && caller.isOpen(); index += 1) {
    const recording = plan.recordings[index % plan.recordings.length];
    if (recording === undefined) throw new Error("Cannot speak turns: there is no recording");
    const noticeCount = caller.notices.length;
    const entryCount = caller.timeline.entries.length;
    const heardMs = caller.ear.heardMs();
    const notices = () => caller.notices.slice(noticeCount);
    await listening.say(recording.speech);
    // A recording that was split into several turns has its last answer still to come.
    const isAnswered = () => caller.ear.heardMs() > heardMs && !isAnswerDue(notices());
    await listening.until(isAnswered, ANSWER_WAIT_MS);
    await listening.untilQuiet();
    const answerMs = latencies(caller.timeline.entries.slice(entryCount)).answerMs[0] ?? null;
    if (answerMs !== null) answeredCount += 1;
    plan.onTurn?.({ recording: recording.name, notices: notices(), answerMs });
  }
  if (!caller.isOpen()) return "lost";
  await listening.hangUp();
  return answeredCount === plan.turnCount ? "answered" : "no_answer";
}

/** More ends of speech than answers; a phone line reports neither. */
function isAnswerDue(notices: readonly Notice[]): boolean {
  return countOf(notices, "speechEnded") > countOf(notices, "turnLatency");
}

/** How many notices are of this kind. */
export function countOf(notices: readonly Notice[], name: Notice["case"]): number {
  return notices.filter((notice) => notice.case === name).length;
}
