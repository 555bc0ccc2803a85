// Goal: a model beside the core (decision 3) gets every window in order, and its late answers move
// the turn with the frames, never past them.
// Method: a model that answers on command, over the real core opened with "beside".
import { describe, expect, test } from "bun:test";
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import type { BesideVadModel, VadDecide } from "../../service/contract/vad-model.ts";
import { makeCall, makeProcess, phoneFrame } from "./engine-fixture.ts";

function makeModel() {
  const submitted: number[] = [];
  let decide: VadDecide = () => undefined;
  let isOpen = false;
  const model: BesideVadModel = {
    name: "onnx:test",
    source: "beside",
    supports: () => true,
    open(rateHz, onDecision) {
      expect(rateHz).toBe(8000);
      decide = onDecision;
      isOpen = true;
      return {
        submit: (windowIndex, samples) => {
          expect(samples.length).toBe(256);
          submitted.push(windowIndex);
        },
        close: () => {
          isOpen = false;
        },
      };
    },
  };
  return {
    model,
    submitted,
    isOpen: () => isOpen,
    answer: (windowIndex: number, probability: number) => decide(windowIndex, probability),
  };
}

describe("a model beside the core", () => {
  test("gets each window once; its answers come with the next frame's bits", () => {
    const { model, submitted, answer } = makeModel();
    const { engine, notes } = makeCall(makeProcess(), { vadSource: "beside" }, { vadModel: model });
    const frame = phoneFrame(3);
    for (let count = 0; count < 13; count += 1) engine.capture(frame, 0, 160, -1);
    expect(submitted).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(engine.vadState()).toBe(VAD_STATE.SILENCE);
    for (let window = 0; window < 8; window += 1) answer(window, 0.9);
    expect(notes.captured).toHaveLength(13);
    engine.capture(frame, 0, 160, -1);
    const bits = notes.captured.at(-1)?.bits ?? 0;
    expect(bits & CAPTURE_EVENT.ONSET_MAYBE).not.toBe(0);
    expect(bits & CAPTURE_EVENT.ONSET).not.toBe(0);
    expect(engine.vadState()).toBe(VAD_STATE.SPEECH);
    // Eight windows of 32 ms are the first that reach minSpeechMs, 250 ms.
    expect(engine.onsetPositionSamples()).toBe(0);
  });

  test("is closed with the engine; a late answer after that is ignored", () => {
    const { model, answer, isOpen } = makeModel();
    const { engine } = makeCall(makeProcess(), { vadSource: "beside" }, { vadModel: model });
    for (let count = 0; count < 4; count += 1) engine.capture(phoneFrame(3), 0, 160, -1);
    engine.shutdown();
    expect(isOpen()).toBe(false);
    expect(() => answer(0, 0.9)).not.toThrow();
  });

  test("must be given exactly when the format asks for one", () => {
    const { model } = makeModel();
    expect(() => makeCall(makeProcess(), {}, { vadModel: model })).toThrow("disagree");
    expect(() => makeCall(makeProcess(), { vadSource: "beside" })).toThrow("disagree");
  });
});
