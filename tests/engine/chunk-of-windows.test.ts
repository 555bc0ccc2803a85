// Goal: a chunk may hold many windows of the voice model, and each of them is decided and counts, not
// only the last one (RT-05). Method: speech in the middle of a chunk that ends in silence, in one piece
// and frame by frame, by the core's own rule and by a model beside it whose answers come all at once.
import { describe, expect, test } from "bun:test";
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import type { BesideVadModel, VadDecide } from "../../service/contract/vad-model.ts";
import { makeCall, makeProcess } from "./engine-fixture.ts";
import { phoneTone } from "./phone-tone.ts";

const { ONSET_MAYBE, ONSET, ONSET_FALSE, END_MAYBE, END, WINDOW } = CAPTURE_EVENT;
const SILENCE = (ms: number) => Buffer.alloc(ms * 8, 0xff);

/** Speech from 320 to 960 ms, then silence to the end: 75 windows, 20 of them speech. */
const CHUNK = Buffer.concat([SILENCE(320), phoneTone(640), SILENCE(1_440)]);
const FRAMES = CHUNK.length / 160;

function bitsOf(chunkBytes: number) {
  const { engine, notes } = makeCall(makeProcess());
  for (let at = 0; at < CHUNK.length; at += chunkBytes) {
    engine.capture(CHUNK, at, Math.min(CHUNK.length, at + chunkBytes), -1);
  }
  const bits = notes.captured.map((each) => each.bits);
  return { bits, engine };
}

describe("RT-05: a chunk of many windows", () => {
  test("is decided window by window: a turn begins and ends inside it", () => {
    const { bits, engine } = bitsOf(CHUNK.length);
    expect(bits).toHaveLength(FRAMES);
    const seen = bits.reduce((all, each) => all | each, 0);
    const all = ONSET_MAYBE | ONSET | END_MAYBE | END;
    expect(seen & all).toBe(all);
    // The last window said silence, and so does the state; the speech counts all the same.
    expect(engine.vadState()).toBe(VAD_STATE.SILENCE);
    expect(engine.onsetPositionSamples()).toBe(320 * 8);
    expect(bits.filter((each) => (each & WINDOW) !== 0)).toHaveLength(75);
  });

  test("says the same as frame by frame, at the same frames", () => {
    const whole = bitsOf(CHUNK.length).bits;
    for (const chunkBytes of [160, 256, 800, 3_000, 6_400]) {
      expect(bitsOf(chunkBytes).bits).toEqual(whole);
    }
  });

  test("one window of speech amid silence is an onset that is taken back, not one never seen", () => {
    const { engine, notes } = makeCall(makeProcess());
    const chunk = Buffer.concat([SILENCE(320), phoneTone(64), SILENCE(616)]);
    engine.capture(chunk, 0, chunk.length, -1);
    const seen = notes.captured.reduce((all, { bits }) => all | bits, 0);
    expect(seen & (ONSET_MAYBE | ONSET_FALSE | ONSET)).toBe(ONSET_MAYBE | ONSET_FALSE);
  });

  test("a model beside the core: answers that come at once count one by one, in order", () => {
    let decide: VadDecide = () => undefined;
    const submitted: number[] = [];
    const model: BesideVadModel = {
      name: "onnx:test",
      source: "beside",
      supports: () => true,
      open(_rateHz, onDecision) {
        decide = onDecision;
        return { submit: (index) => void submitted.push(index), close: () => undefined };
      },
    };
    const format = { vadSource: "beside" } as const;
    const { engine, notes } = makeCall(makeProcess(), format, { vadModel: model });
    // As many as may be behind; what is later is decided as silence and counted (window-order.ts).
    engine.capture(SILENCE(260), 0, 260 * 8, -1);
    expect(submitted).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (const index of submitted) decide(index, index >= 2 && index < 4 ? 0.95 : 0.01);
    engine.capture(SILENCE(20), 0, 160, -1);
    const bits = notes.captured.at(-1)?.bits ?? 0;
    // The last answer alone would be nothing at all.
    expect(bits & (ONSET_MAYBE | ONSET_FALSE | ONSET)).toBe(ONSET_MAYBE | ONSET_FALSE);
    expect(engine.vadState()).toBe(VAD_STATE.SILENCE);
  });
});
