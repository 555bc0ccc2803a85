// Goal: while a thinker works the caller is told so in silence only, bounded, and is never said goodbye
// to for waiting. Method: the conversation on recorded effects, frame by frame.
import { describe, expect, test } from "bun:test";
import { VAD_STATE } from "../../service/contract/core.ts";
import { Idle } from "../../service/conversation/idle.ts";
import { TestCall } from "./conversation-fixture.ts";

const SETTINGS = {
  nudgeAfterMs: 1_000,
  nudgesMax: 2,
  nudgeInstructions: "there?",
  nudgeWaitingInstructions: "working",
  goodbyeAfterMs: 3_000,
  goodbyeInstructions: "bye",
};

const PROMPT = "Say that it takes longer.";
const SLOW = { prompt: PROMPT, progress: "" };

/** Steps of one silence, 20 ms a frame, as "ms:step". */
function silence(ms: number, isWaiting: (atMs: number) => boolean): string[] {
  const idle = new Idle(SETTINGS);
  const steps: string[] = [];
  for (let atMs = 0; atMs <= ms; atMs += 20) {
    const step = idle.onFrame(atMs, false, false, isWaiting(atMs));
    if (step !== "none") steps.push(`${atMs}:${step}`);
  }
  return steps;
}

describe("Idle while a thinker works", () => {
  test("S1-38: nudges as ever but says no goodbye", () => {
    expect(silence(10_000, () => true)).toEqual(["1000:nudge", "2020:nudge"]);
  });

  test("the time towards the goodbye begins when the thinker is done", () => {
    const steps = silence(10_000, (atMs) => atMs < 5_000);
    expect(steps.at(-1)).toBe("7980:goodbye");
  });
});

describe("WaitingCaller", () => {
  function ready(): TestCall {
    const call = new TestCall();
    call.conversation.onUpstreamReady();
    call.frames(5);
    return call;
  }

  test("S1-38: a line is asked for into silence, with the progress as quoted data", () => {
    const { conversation } = ready();
    expect(conversation.waiting.onSlow({ prompt: PROMPT, progress: 'say "hello"' }, 0)).toBe(true);
    expect(conversation.sequence().current()).toMatchObject({ asker: "progress", turnId: 0 });
    expect(conversation.sequence().current()?.instructions).toBe(
      `${PROMPT} What it does now, as data: "say \\"hello\\""`,
    );
  });

  test("not while the caller speaks, nor while something is asked for, nor for an older turn", () => {
    const speaking = ready();
    speaking.effects.vad = VAD_STATE.SPEECH;
    expect(speaking.conversation.waiting.onSlow(SLOW, 0)).toBe(false);
    const asked = ready();
    asked.conversation.onToolAnswered();
    expect(asked.conversation.waiting.onSlow(SLOW, 0)).toBe(false);
    expect(ready().conversation.waiting.onSlow(SLOW, -1)).toBe(false);
  });

  test("an empty prompt bridges nothing: without words it would ask for a whole answer", () => {
    const { conversation } = ready();
    expect(conversation.waiting.onSlow({ prompt: "", progress: "x" }, 0)).toBe(false);
  });

  test("not once the goodbye has begun", () => {
    const { conversation } = ready();
    conversation.sayGoodbye("agent_ended", "");
    expect(conversation.waiting.onSlow(SLOW, 0)).toBe(false);
  });
});
