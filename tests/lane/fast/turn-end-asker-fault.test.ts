// A turn-end voter is somebody else's code: whatever it does, the call goes on by its silence.
// Method: the asker alone over an engine of a few methods, a stepped clock and scripted voters.
import { describe, expect, test } from "bun:test";
import type { AudioEngine, TapeReader } from "../../../service/contract/audio-engine.ts";
import type { TurnEndQuestion, TurnEndVoter } from "../../../service/contract/turn-end-vote.ts";
import { TurnEndAsker } from "../../../service/lane/fast/turn-end-asker.ts";
import { createSteppedClock } from "../../support/stepped-clock.ts";

const ASK = { generation: 7, turnId: 3, firstFrame: 10, speechMs: 640 };
const FRAMES_CAPTURED = 60;
const FRAME_BYTES = 160;

function setUp(vote: TurnEndVoter["vote"]) {
  const clock = createSteppedClock();
  const told: string[] = [];
  // Only what the asker uses of an engine; every frame of the tape holds its own number.
  const engine = {
    config: { format: { upstreamEncoding: "mulaw", upstreamRateHz: 8000 } },
    framesCaptured: () => FRAMES_CAPTURED,
    tapeRead(from: number, to: number, read: TapeReader) {
      for (let frame = from; frame < to; frame += 1) {
        read(new Uint8Array(FRAME_BYTES).fill(frame), 0, FRAME_BYTES);
      }
      return to - from;
    },
  } as unknown as AudioEngine;
  const owner = { onCount: (name: string) => told.push(name) };
  const onVote = (generation: number, probability: number) =>
    told.push(`vote ${generation} ${probability}`);
  const voter = { name: "scripted", vote };
  const deps = { id: "call_1", clock, engine, owner };
  const asker = new TurnEndAsker(deps, { voter, answerMsMax: 400 }, onVote);
  return { asker, clock, told };
}

/** Lets promises that are settled tell it. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

describe("TurnEndAsker", () => {
  test("asks with what is known and gives the answer to the silence it was asked in", async () => {
    const questions: TurnEndQuestion[] = [];
    const { asker, told, clock } = setUp((question) => {
      questions.push(question);
      return Promise.resolve(0.9);
    });
    asker.ask(ASK);
    await settle();
    expect(told).toEqual(["vote 7 0.9"]);
    expect(questions[0]).toMatchObject({
      callId: "call_1",
      turnId: 3,
      speechMs: 640,
      format: { encoding: "mulaw", rateHz: 8000 },
    });
    clock.advance(1_000);
    expect(told).toHaveLength(1);
  });

  test("readAudio() gives the newest of the turn, nothing from before it, and later nothing", async () => {
    let later: () => Uint8Array = () => new Uint8Array(1);
    const parts: Uint8Array[] = [];
    const { asker } = setUp((question) => {
      parts.push(question.readAudio(100), question.readAudio(8_000), question.readAudio(-1));
      later = () => question.readAudio(100);
      return Promise.resolve(0.5);
    });
    asker.ask(ASK);
    await settle();
    expect(parts.map((part) => part.byteLength)).toEqual([5 * 160, 50 * 160, 0]);
    expect([parts[0]?.[0], parts[0]?.at(-1), parts[1]?.[0]]).toEqual([55, 59, 10]);
    expect(later().byteLength).toBe(0);
  });

  test.each([
    [
      "throws at once",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no"))],
    ["answers NaN", () => Promise.resolve(Number.NaN)],
    ["answers over 1", () => Promise.resolve(1.01)],
    ["answers under 0", () => Promise.resolve(-0.01)],
  ] as const)("one that %s is counted", async (_what, vote) => {
    const { asker, told } = setUp(vote);
    asker.ask(ASK);
    await settle();
    expect(told).toEqual(["turn_vote_failed"]);
  });

  test("one that never answers is given up at the deadline, and told so", async () => {
    let signal: AbortSignal | null = null;
    const { asker, told, clock } = setUp((_question, given) => {
      signal = given;
      return new Promise(() => undefined);
    });
    asker.ask(ASK);
    clock.advance(399);
    expect(told).toEqual([]);
    clock.advance(1);
    await settle();
    expect(told).toEqual(["turn_vote_failed"]);
    expect(signal).toHaveProperty("aborted", true);
  });

  test("a newer question ends the older one; its answer counts for nothing", async () => {
    const answers: ((probability: number) => void)[] = [];
    const signals: AbortSignal[] = [];
    const { asker, told } = setUp((_question, signal) => {
      signals.push(signal);
      return new Promise((resolve) => answers.push(resolve));
    });
    asker.ask(ASK);
    asker.ask({ ...ASK, generation: 8 });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    answers[0]?.(0.9);
    answers[1]?.(0.2);
    await settle();
    expect(told).toEqual(["vote 8 0.2"]);
  });

  test("close() leaves no timer and hears no answer", async () => {
    const { asker, told, clock } = setUp(() => Promise.resolve(0.9));
    asker.ask(ASK);
    asker.close();
    await settle();
    clock.advance(1_000);
    expect(told).toEqual([]);
    expect(clock.nextDueMs()).toBe(Number.POSITIVE_INFINITY);
  });
});
