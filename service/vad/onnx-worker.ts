// The Worker that runs one ONNX voice activity model for all calls that ask for it.
// Station: beside the core; windows come in, probabilities go out, in the order they came.
// Why a Worker: a run blocks its thread for 0.1 to 0.4 ms, more than a frame's whole work.
// Limits: one model per Worker, one window at a time; how many may wait is window-order.ts's part.

import { parentPort } from "node:worker_threads";
import { createSystemClock } from "../clock.ts";
import type { FromOnnxWorker, ToOnnxWorker } from "./onnx-messages.ts";
import { loadOnnxModel, type OnnxModel, OnnxStream } from "./onnx-stream.ts";

/** A Worker is a program of its own: nobody can hand it a clock. */
const clock = createSystemClock();
let model: OnnxModel | null = null;
const streams = new Map<number, OnnxStream>();
/** Each message waits for the one before: recurrent state needs the order, `run` is async. */
let earlier: Promise<void> = Promise.resolve();

parentPort?.on("message", (message: ToOnnxWorker) => {
  earlier = earlier.then(() => take(message));
});

async function take(message: ToOnnxWorker): Promise<void> {
  switch (message.kind) {
    case "load":
      return load(message.entry, message.model);
    case "open":
      if (model !== null) streams.set(message.session, new OnnxStream(model, message.rateHz));
      return;
    case "window":
      return decide(message.session, message.windowIndex, message.samples);
    case "close":
      streams.delete(message.session);
      return;
  }
}

async function load(entry: OnnxModel["entry"], bytes: Uint8Array): Promise<void> {
  try {
    model = await loadOnnxModel(entry, bytes);
    tell({ kind: "loaded" });
  } catch (failure) {
    tell({ kind: "refused", message: describe(failure) });
  }
}

async function decide(session: number, windowIndex: number, samples: Float32Array): Promise<void> {
  let probability = Number.NaN;
  let failure = "";
  const startedMs = clock.nowMs();
  try {
    probability = (await streams.get(session)?.run(samples)) ?? Number.NaN;
  } catch (error) {
    failure = describe(error);
  }
  const runNs = (clock.nowMs() - startedMs) * 1e6;
  tell({ kind: "answer", session, windowIndex, probability, runNs, failure });
}

function tell(message: FromOnnxWorker): void {
  parentPort?.postMessage(message);
}

function describe(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
