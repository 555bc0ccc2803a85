// When a turn is over: the silence follows the caller, a model may vote, late votes count for
// nothing (S4-C24, S3-06). Method: whole conversations over recorded effects; the core is played by
// bits, and by END when it is forced.
import { describe, expect, test } from "bun:test";
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import type { TurnEndSettings } from "../../service/conversation/turn-end.ts";
import { FRAME_SAMPLES, TestCall } from "./conversation-fixture.ts";

const { END_MAYBE, END_OFF, END } = CAPTURE_EVENT;
const BOUNDS = { silenceMs: 480, silenceMsMin: 320, silenceMsMax: 960 };
const ADAPTIVE: TurnEndSettings = { ...BOUNDS, isAdaptive: true, vote: null };
const VOTE = { overShare: 0.85, goesOnShare: 0.3, extraMs: 800 };
const VOTING: TurnEndSettings = { ...BOUNDS, isAdaptive: false, vote: VOTE };

function makeCall(turnEnd: TurnEndSettings): TestCall {
  const call = new TestCall({ turnEnd });
  call.conversation.onUpstreamReady();
  call.effects.onForce = () => {
    call.effects.vad = VAD_STATE.SILENCE;
    call.conversation.onCapture(END, call.effects.framesCaptured - 1);
  };
  return call;
}

/** So much of the silence that may end the turn passes. */
function beQuiet(call: TestCall, frames: number): void {
  call.effects.endSamples = call.effects.framesCaptured * FRAME_SAMPLES;
  call.frames(frames, END_MAYBE);
}

function end(call: TestCall): void {
  call.effects.vad = VAD_STATE.SILENCE;
  call.frames(1, END);
}

function silences(call: TestCall): string[] {
  return call.effects.taken().filter((line) => line.startsWith("silence"));
}

/** A turn that ends well: silence, then an answer of which something is heard, then its end. */
function cleanTurn(call: TestCall, name: string): void {
  call.speak(20);
  beQuiet(call, 24);
  end(call);
  call.created(name);
  const item = call.audio(name, name, 5);
  call.conversation.onAudioDone(name);
  call.conversation.onResponseDone(name, "completed");
  call.play(item, 5);
  call.frames(10);
}

describe("S4-C24: a silence that follows the caller", () => {
  test("three turns that ended well make it a window shorter", () => {
    const call = makeCall(ADAPTIVE);
    for (const name of ["a", "b"]) cleanTurn(call, name);
    expect(silences(call)).toEqual([]);
    cleanTurn(call, "c");
    expect(silences(call)).toEqual(["silence 448"]);
    expect(call.conversation.state().turnEnd?.learnedMs).toBe(448);
  });

  test("a long pause inside a turn makes it longer at once, and the end is no clean one", () => {
    const call = makeCall(ADAPTIVE);
    call.speak(20);
    beQuiet(call, 15);
    call.frames(1, END_OFF);
    expect(silences(call)).toEqual(["silence 512"]);
    cleanTurn(call, "a");
    expect(silences(call)).toEqual([]);
  });

  test("a turn that goes on within a second of its end, unanswered, was cut: four windows more", () => {
    const call = makeCall(ADAPTIVE);
    call.speak(20);
    beQuiet(call, 24);
    end(call);
    call.frames(20);
    call.speak(20);
    expect(silences(call)).toEqual(["silence 608"]);
    expect(call.effects.counted("turn_continued")).toBe(1);
  });

  test("a turn that begins later, or after something was heard, is the next one", () => {
    const later = makeCall(ADAPTIVE);
    later.speak(20);
    beQuiet(later, 24);
    end(later);
    later.frames(60);
    later.speak(20);
    expect(later.effects.counted("turn_continued")).toBe(0);
    const heard = makeCall(ADAPTIVE);
    heard.speak(20);
    beQuiet(heard, 24);
    end(heard);
    heard.created("a");
    heard.play(heard.audio("a", "a", 50), 8);
    heard.bargeIn(1);
    expect(heard.effects.counted("turn_continued")).toBe(0);
    expect(heard.effects.counted("barge_in")).toBe(1);
  });

  test("a turn that the application ended teaches nothing", () => {
    const call = makeCall(ADAPTIVE);
    call.speak(20);
    beQuiet(call, 3);
    call.conversation.onEndOfTurn();
    call.frames(5);
    call.speak(20);
    expect(call.effects.counted("turn_continued")).toBe(0);
    expect(silences(call)).toEqual([]);
  });

  test("without the setting nothing is asked of the core", () => {
    const call = new TestCall();
    call.conversation.onUpstreamReady();
    for (const name of ["a", "b", "c", "d"]) cleanTurn(call, name);
    expect(silences(call)).toEqual([]);
    expect(call.conversation.state().turnEnd).toBeNull();
  });
});

describe("S4-C24: a vote on the end of a turn", () => {
  function askedCall(quietFrames: number): TestCall {
    const call = makeCall(VOTING);
    call.speak(20);
    beQuiet(call, quietFrames);
    return call;
  }
  const generationOf = (call: TestCall) => call.effects.turnEndAsks.at(-1)?.generation ?? -1;

  test("is asked once, when the silence begins, with what is known of the turn", () => {
    const call = askedCall(10);
    expect(call.effects.turnEndAsks).toEqual([
      { generation: expect.any(Number), turnId: 1, firstFrame: 0, speechMs: 400 },
    ]);
    expect(call.conversation.state().turnEnd).toMatchObject({
      isMaybeOver: true,
      isVoteAwaited: true,
      quietMs: 180,
    });
  });

  test("over: the turn ends now", () => {
    const call = askedCall(12);
    call.conversation.turnEnd()?.onVote(generationOf(call), 0.9);
    expect(call.effects.taken()).toEqual(
      expect.arrayContaining(["force", "end 32", "commit 1", "respond turn:1"]),
    );
    expect(call.effects.counted("turn_vote_over")).toBe(1);
  });

  test("over in the first moments: the core ends it after 200 ms, and the next turn waits as ever", () => {
    const call = askedCall(3);
    call.conversation.turnEnd()?.onVote(generationOf(call), 0.9);
    expect(call.effects.log).not.toContain("force");
    expect(silences(call)).toEqual(["silence 200"]);
    end(call);
    expect(silences(call)).toEqual(["silence 480"]);
  });

  test("goes on: this silence is 800 ms longer, the next one is not", () => {
    const call = askedCall(5);
    call.conversation.turnEnd()?.onVote(generationOf(call), 0.1);
    expect(silences(call)).toEqual(["silence 1280"]);
    call.frames(40);
    call.frames(1, END_OFF);
    expect(silences(call)).toEqual(["silence 480"]);
    beQuiet(call, 2);
    expect(call.effects.turnEndAsks).toHaveLength(2);
  });

  test("neither: the silence decides", () => {
    const call = askedCall(12);
    call.conversation.turnEnd()?.onVote(generationOf(call), 0.6);
    expect(silences(call)).toEqual([]);
    expect(call.effects.log).not.toContain("force");
  });

  test.each([
    ["the caller went on", (call: TestCall) => call.frames(1, END_OFF)],
    ["the turn ended", end],
    ["the application ended it", (call: TestCall) => call.conversation.onEndOfTurn()],
    ["others own the turns now", (call: TestCall) => call.conversation.setTurnDetection("none")],
    [
      "another silence began",
      (call: TestCall) => {
        call.frames(1, END_OFF);
        beQuiet(call, 1);
      },
    ],
  ])("comes late when %s: counted, and nothing else", (_why, happen) => {
    const call = askedCall(12);
    const generation = generationOf(call);
    happen(call);
    call.effects.taken();
    call.conversation.turnEnd()?.onVote(generation, 0.99);
    call.conversation.turnEnd()?.onVote(generation, 0.01);
    expect(call.effects.taken()).toEqual([]);
    expect(call.effects.counted("turn_vote_late")).toBe(2);
  });

  test("a turn that the vote cut in two is counted, and teaches the silence nothing", () => {
    const call = askedCall(12);
    call.conversation.turnEnd()?.onVote(generationOf(call), 0.9);
    call.frames(5);
    call.speak(20);
    expect(call.effects.counted("turn_continued")).toBe(1);
    expect(call.conversation.state().turnEnd?.learnedMs).toBe(480);
  });

  test("held speech is no turn: nobody is asked", () => {
    const call = makeCall(VOTING);
    call.turn("r1");
    call.play(call.audio("r1", "a", 100), 10);
    call.effects.vad = VAD_STATE.SPEECH;
    call.framesOver(1, 10, CAPTURE_EVENT.ONSET_MAYBE);
    call.framesOver(1, 5, CAPTURE_EVENT.ONSET);
    call.framesOver(1, 5, END_MAYBE);
    expect(call.effects.turnEndAsks).toEqual([]);
  });
});
