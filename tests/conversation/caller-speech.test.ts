// Every transition drawn in caller-speech.ts, by hand: event bits in, spans and turns out.
// Method: the core is played by `frame(bits)`, which also keeps the turn machine's state as the
// core would. 8000 Hz, 160 samples a frame, pre-roll 300 ms = 15 frames.
import { describe, expect, test } from "bun:test";
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import { CallerSpan } from "../../service/conversation/caller-span.ts";
import { CallerSpeech } from "../../service/conversation/caller-speech.ts";
import { RecordedEffects, UNEVENTFUL } from "./recorded-effects.ts";

const { ONSET_MAYBE, ONSET, ONSET_FALSE, END, BARGE_MAYBE, BARGE, BARGE_FALSE } = CAPTURE_EVENT;
const FRAME_SAMPLES = 160;

function setUp({ isQuiet = true, isInterruptible = true, isHeldCommitted = false } = {}) {
  const effects = new RecordedEffects();
  const agent = { isQuiet, isInterruptible };
  const lengths = { preRollMs: 300, commitMsMin: 100, turnMsMax: 60_000 };
  const settings = { callerFrameSamples: FRAME_SAMPLES, callerRateHz: 8000, ...lengths };
  const span = new CallerSpan({ ...settings, turnDetection: "local" }, effects, effects);
  const parts = { effects, facts: effects, span };
  const speech = new CallerSpeech(settings, parts, {
    ...UNEVENTFUL,
    isAgentQuiet: () => agent.isQuiet,
    isInterruptible: () => agent.isInterruptible,
    onTurnStarted: (onset) => effects.log.push(`turn from ${onset}`),
    onTurnEnded: (first, end) => effects.log.push(`turn [${first}, ${end})`),
    onHeldEnded: () => isHeldCommitted,
    onHeldCommitted: (first, end) => effects.log.push(`mute [${first}, ${end})`),
  });
  let frameIndex = 0;
  /** One frame with these bits; the window judged speech ended with it. */
  const frame = (bits = 0, count = 1) => {
    for (let index = 0; index < count; index += 1) {
      effects.framesCaptured = frameIndex + 1;
      const position = Math.max(0, frameIndex - 1) * FRAME_SAMPLES;
      if ((bits & ONSET_MAYBE) !== 0) effects.onsetSamples = position;
      if ((bits & BARGE_MAYBE) !== 0) effects.bargeOnsetSamples = position;
      if ((bits & ONSET_MAYBE) !== 0) effects.vad = VAD_STATE.SPEECH_START;
      if ((bits & ONSET) !== 0) effects.vad = VAD_STATE.SPEECH;
      if ((bits & (END | ONSET_FALSE)) !== 0) effects.vad = VAD_STATE.SILENCE;
      speech.onCapture(bits, frameIndex);
      frameIndex += 1;
    }
  };
  return { effects, agent, speech, frame };
}

describe("CallerSpeech while the agent is silent", () => {
  test("S1-19, D-03, S2-18, S2-19, S2-24: silent, tentative, turn, silent", () => {
    const { effects, speech, frame } = setUp();
    frame(0, 100);
    expect(speech.phase()).toBe("silent");
    frame(ONSET_MAYBE);
    expect(speech.phase()).toBe("tentative");
    // Onset at frame 99, pre-roll 15 frames.
    expect(effects.taken()).toEqual(["begin 84"]);
    frame(0, 12);
    frame(ONSET);
    expect(speech.phase()).toBe("turn");
    expect(effects.taken()).toEqual(["turn from 15840"]);
    frame(0, 50);
    frame(END);
    expect(speech.phase()).toBe("silent");
    expect(effects.taken()).toEqual(["end 165", "turn [84, 165)"]);
  });

  test("S2-20: a false alarm throws the span away, here and upstream", () => {
    const { effects, speech, frame } = setUp();
    frame(0, 20);
    frame(ONSET_MAYBE);
    frame(ONSET_FALSE);
    expect(speech.phase()).toBe("silent");
    expect(effects.taken()).toEqual(["begin 4", "discard"]);
    expect(effects.counted("false_onset")).toBe(1);
  });

  test("a pause inside the turn (END_MAYBE, END_OFF) is part of it, and told as a hint", () => {
    const { effects, speech, frame } = setUp();
    frame(ONSET_MAYBE);
    frame(ONSET);
    effects.taken();
    frame(CAPTURE_EVENT.END_MAYBE);
    frame(0, 10);
    expect(effects.taken()).toEqual(["hint over"]);
    frame(CAPTURE_EVENT.END_OFF);
    expect(speech.phase()).toBe("turn");
    expect(effects.taken()).toEqual(["hint goes on"]);
  });

  test("R3: the pre-roll starts before the onset, at most at the call's start", () => {
    const { effects, frame } = setUp();
    frame(0, 3);
    frame(ONSET_MAYBE);
    expect(effects.taken()).toEqual(["begin 0"]);
  });

  test("a pre-roll that reaches into the turn before begins after it: nothing twice", () => {
    const { effects, frame } = setUp();
    frame(0, 20);
    frame(ONSET_MAYBE | ONSET);
    frame(0, 20);
    frame(END);
    effects.taken();
    frame(0, 2);
    frame(ONSET_MAYBE | ONSET);
    frame(END);
    expect(effects.taken()).toEqual(["begin 42", "turn from 6880", "end 46", "turn [42, 46)"]);
  });

  test("a first bit that was lost: ONSET alone opens and starts the turn", () => {
    const { effects, speech, frame } = setUp();
    frame(0, 20);
    frame(ONSET);
    expect(speech.phase()).toBe("turn");
    expect(effects.taken()).toEqual(["begin 0", "turn from 0"]);
  });

  test("END in silence is nothing", () => {
    const { effects, frame } = setUp();
    for (const bits of [END, BARGE_FALSE, ONSET_FALSE]) frame(bits);
    expect(effects.taken()).toEqual([]);
  });

  test("a turn whose END never comes ends after 500 ms of silence", () => {
    const { effects, speech, frame } = setUp();
    frame(ONSET_MAYBE | ONSET);
    effects.vad = VAD_STATE.SILENCE;
    frame(0, 24);
    expect(speech.phase()).toBe("turn");
    frame(0, 1);
    expect(speech.phase()).toBe("silent");
    expect(effects.taken().at(-1)).toBe("turn [0, 26)");
  });

  test("too long a turn ends by force, what follows is the next turn, seamless", () => {
    const { effects, speech, frame } = setUp();
    effects.onForce = () => speech.onCapture(END, effects.framesCaptured - 1);
    frame(ONSET_MAYBE | ONSET);
    frame(0, 2998);
    expect(speech.phase()).toBe("turn");
    frame();
    expect(speech.phase()).toBe("silent");
    const ended = effects.taken();
    expect(ended.slice(-3)).toEqual(["force", "end 3000", "turn [0, 3000)"]);
    effects.onForce = () => undefined;
    frame(ONSET_MAYBE);
    expect(effects.taken()).toEqual(["begin 3000"]);
  });
});

describe("CallerSpeech while the agent is audible", () => {
  test("S2-67, R5: a barge-in starts the turn from its own onset", () => {
    const { effects, speech, frame } = setUp({ isQuiet: false });
    frame(0, 50);
    frame(BARGE_MAYBE);
    frame(ONSET_MAYBE);
    expect(speech.phase()).toBe("tentative");
    frame(0, 7);
    frame(BARGE);
    expect(speech.phase()).toBe("turn");
    expect(effects.taken()).toEqual(["begin 34", "turn from 7840"]);
  });

  test("R7: speech that is no barge-in is held, and dropped when it ends", () => {
    const { effects, speech, frame } = setUp({ isQuiet: false });
    frame(0, 50);
    frame(ONSET_MAYBE);
    frame(ONSET);
    expect(speech.phase()).toBe("held");
    frame(0, 10);
    frame(END);
    expect(speech.phase()).toBe("silent");
    expect(effects.taken()).toEqual(["begin 34", "discard"]);
  });

  test("held speech becomes a turn from its own onset when the agent falls silent", () => {
    const { effects, agent, speech, frame } = setUp({ isQuiet: false });
    frame(0, 50);
    frame(ONSET_MAYBE | ONSET);
    frame(0, 30);
    agent.isQuiet = true;
    frame();
    expect(speech.phase()).toBe("turn");
    expect(effects.taken()).toEqual(["begin 34", "turn from 7840"]);
  });

  test("held speech may still become a barge-in", () => {
    const { speech, frame } = setUp({ isQuiet: false });
    frame(ONSET_MAYBE | ONSET);
    expect(speech.phase()).toBe("held");
    frame(BARGE);
    expect(speech.phase()).toBe("turn");
  });

  test("a barge-in bit without its beginning opens from the accumulator's onset", () => {
    const { effects, speech, frame } = setUp({ isQuiet: false });
    frame(0, 50);
    effects.bargeOnsetSamples = 40 * FRAME_SAMPLES;
    frame(BARGE);
    expect(speech.phase()).toBe("turn");
    expect(effects.taken()).toEqual(["begin 25", "turn from 6400"]);
  });

  test("BARGE_FALSE ends the span only if the turn machine hears nothing either", () => {
    const { effects, speech, frame } = setUp({ isQuiet: false });
    frame(BARGE_MAYBE | ONSET_MAYBE);
    frame(BARGE_FALSE);
    expect(speech.phase()).toBe("tentative");
    frame(ONSET_FALSE);
    expect(speech.phase()).toBe("silent");
    frame(BARGE_MAYBE);
    frame(BARGE_FALSE);
    expect(speech.phase()).toBe("silent");
    expect(effects.counted("false_onset")).toBe(2);
  });

  test("a barge-in before the turn machine is sure outlives its ONSET_FALSE", () => {
    const { effects, speech, frame } = setUp({ isQuiet: false });
    frame(BARGE_MAYBE | ONSET_MAYBE);
    frame(BARGE);
    frame(ONSET_FALSE);
    expect(speech.phase()).toBe("turn");
    frame(0, 10);
    frame(ONSET_MAYBE);
    frame(0, 10);
    frame(ONSET);
    frame(END);
    expect(effects.taken()).toEqual(["begin 0", "turn from 0", "end 26", "turn [0, 26)"]);
  });

  test("and ends after 500 ms of silence", () => {
    const { effects, speech, frame } = setUp({ isQuiet: false });
    frame(BARGE_MAYBE | ONSET_MAYBE);
    frame(BARGE);
    frame(ONSET_FALSE);
    frame(0, 24);
    expect(speech.phase()).toBe("silent");
    expect(effects.taken().at(-1)).toBe("turn [0, 27)");
  });
});

describe("CallerSpeech under protection", () => {
  test("a barge-in is ignored; speech is held and may be committed mute", () => {
    const kept = setUp({ isQuiet: false, isInterruptible: false, isHeldCommitted: true });
    kept.frame(BARGE_MAYBE | ONSET_MAYBE);
    kept.frame(BARGE | ONSET);
    expect(kept.speech.phase()).toBe("held");
    kept.frame(0, 10);
    kept.frame(END);
    expect(kept.effects.taken()).toEqual(["begin 0", "end 13", "mute [0, 13)"]);
  });

  test("force() ends held speech without cutting the agent", () => {
    const { effects, speech, frame } = setUp({ isQuiet: false, isInterruptible: false });
    frame(ONSET_MAYBE | ONSET);
    expect(speech.force()).toBe(true);
    expect(effects.taken()).toEqual(["begin 0", "force", "discard"]);
    expect(speech.phase()).toBe("silent");
  });

  test("held speech is bounded as a turn is", () => {
    const { effects, speech, frame } = setUp({ isQuiet: false, isInterruptible: false });
    frame(ONSET_MAYBE | ONSET);
    frame(0, 2999);
    expect(speech.phase()).toBe("silent");
    expect(effects.taken()).toEqual(["begin 0", "force", "discard"]);
  });
});

describe("CallerSpeech force()", () => {
  test("ends a turn at once, whether or not the core answers with END", () => {
    const silent = setUp();
    silent.frame(ONSET_MAYBE | ONSET);
    silent.frame(0, 9);
    expect(silent.speech.force()).toBe(true);
    expect(silent.effects.taken()).toEqual([
      "begin 0",
      "turn from 0",
      "force",
      "end 10",
      "turn [0, 10)",
    ]);
    const answering = setUp();
    answering.frame(ONSET_MAYBE | ONSET);
    answering.effects.onForce = () => answering.speech.onCapture(END, 9);
    answering.speech.force();
    expect(answering.effects.taken().filter((line) => line.startsWith("turn ["))).toHaveLength(1);
  });

  test("makes a turn of tentative speech, and nothing of silence", () => {
    const { effects, speech, frame } = setUp();
    expect(speech.force()).toBe(false);
    expect(effects.taken()).toEqual([]);
    frame(0, 8);
    frame(ONSET_MAYBE);
    speech.force();
    expect(effects.taken()).toEqual(["begin 0", "turn from 1120", "force", "end 9", "turn [0, 9)"]);
  });
});
