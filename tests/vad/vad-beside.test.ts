// Goal: a model beside the core gives a call the same turns as the model in it (decision 3): only
// later, never at another position.
// Method: our own speech through two slots; the Worker's answer is awaited after each window, so
// nothing depends on time. Then a model that never answers, and one that answers eight late.
import { afterAll, describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { HARNESS_SETTINGS, loadHarnessCore } from "../../bench/vad-engines.ts";
import { readSpeechFolder } from "../../bench/vad-speech.ts";
import { toHalfRate, toMulaw } from "../../bench/vad-variants.ts";
import { CAPTURE_EVENT, type CoreSlot, VAD_STATE } from "../../service/contract/core.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { VAD_WINDOWS_BEHIND_MAX } from "../../service/limits.ts";
import { createVadModels } from "../../service/vad/vad-models.ts";
import { WindowOrder } from "../../service/vad/window-order.ts";
import { openSlot } from "../core/core-fixture.ts";

const core = await loadHarnessCore();
const models = await createVadModels({
  core,
  settings: { engine: "onnx:silero-v6.2", fallback: "none", engines: [], manifestFile: "" },
  log: SILENT_LOG,
  metrics: NO_METRICS,
});
afterAll(() => models.close());

const recordings = await readSpeechFolder(fileURLToPath(new URL("../speech", import.meta.url)));

interface Turns {
  readonly onsets: number[];
  readonly ends: number[];
}

function note(slot: CoreSlot, bits: number, turns: Turns): void {
  if ((bits & CAPTURE_EVENT.ONSET) !== 0) turns.onsets.push(slot.onsetPositionSamples());
  if ((bits & CAPTURE_EVENT.END) !== 0) turns.ends.push(slot.endPositionSamples());
}

function* frames(slot: CoreSlot, codes: Uint8Array): Generator<number> {
  const size = slot.callerFrameBytes;
  for (let start = 0; start + size <= codes.length; start += size) {
    slot.input.set(codes.subarray(start, start + size));
    yield slot.ingest();
  }
}

function phoneCodes(name: string): Uint8Array {
  const recording = recordings.find((candidate) => candidate.name === name);
  return toMulaw(toHalfRate(recording?.samples ?? new Float32Array(0)));
}

async function besideTurns(codes: Uint8Array): Promise<Turns> {
  const model = models.preferred;
  if (model.source !== "beside") throw new Error("the model is not beside the core");
  const slot = openSlot(core, { vadSource: model.source }, HARNESS_SETTINGS);
  const turns: Turns = { onsets: [], ends: [] };
  let onDecision = (): void => undefined;
  const session = model.open(8000, (window, probability) => {
    note(slot, slot.decide(window, probability), turns);
    onDecision();
  });
  for (const bits of frames(slot, codes)) {
    note(slot, bits, turns);
    if ((bits & CAPTURE_EVENT.WINDOW) === 0) continue;
    const decided = new Promise<void>((resolve) => {
      onDecision = resolve;
    });
    session.submit(slot.windowIndex(), slot.window);
    await decided;
  }
  session.close();
  slot.close();
  return turns;
}

function coreTurns(codes: Uint8Array): Turns {
  const slot = openSlot(core, { vadSource: "core" }, HARNESS_SETTINGS);
  const turns: Turns = { onsets: [], ends: [] };
  for (const bits of frames(slot, codes)) note(slot, bits, turns);
  slot.close();
  return turns;
}

describe("a model beside the core", () => {
  test("finds the turns of the model in the core, at the same samples", async () => {
    for (const name of ["question", "two-part", "yes", "numbers"]) {
      const codes = phoneCodes(name);
      const turns = await besideTurns(codes);
      expect(turns.onsets.length).toBeGreaterThan(0);
      expect(turns.ends.length).toBe(turns.onsets.length);
      expect(turns).toEqual(coreTurns(codes));
    }
  });

  test("that never answers leaves the line silent, every window decided with 0", () => {
    const slot = openSlot(core, { vadSource: "beside" }, HARNESS_SETTINGS);
    const order = new WindowOrder((window, probability) => {
      expect(slot.decide(window, probability)).toBe(0);
    });
    let windows = 0;
    for (const bits of frames(slot, phoneCodes("question"))) {
      if ((bits & CAPTURE_EVENT.WINDOW) === 0) continue;
      order.submit(slot.windowIndex());
      windows++;
    }
    expect(order.lateCount()).toBe(windows - VAD_WINDOWS_BEHIND_MAX);
    expect(slot.vadState()).toBe(VAD_STATE.SILENCE);
    slot.close();
  });

  test("seven windows late finds the turn where it was, not where the answer came", () => {
    const codes = phoneCodes("yes");
    const inTime: number[] = [];
    const reference = openSlot(core, { vadSource: "core" }, HARNESS_SETTINGS);
    for (const bits of frames(reference, codes)) {
      if ((bits & CAPTURE_EVENT.WINDOW) !== 0) inTime.push(reference.probability());
    }
    reference.close();
    const slot = openSlot(core, { vadSource: "beside" }, HARNESS_SETTINGS);
    const turns: Turns = { onsets: [], ends: [] };
    const order = new WindowOrder((window, probability) => {
      note(slot, slot.decide(window, probability), turns);
    });
    for (const bits of frames(slot, codes)) {
      note(slot, bits, turns);
      if ((bits & CAPTURE_EVENT.WINDOW) === 0) continue;
      const window = slot.windowIndex();
      order.submit(window);
      const late = window - (VAD_WINDOWS_BEHIND_MAX - 1);
      if (late >= 0) order.answer(late, inTime[late] ?? 0);
    }
    slot.close();
    expect(order.lateCount()).toBe(0);
    expect(turns.onsets).toEqual(coreTurns(codes).onsets);
  });
});
